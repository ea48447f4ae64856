"""Device numbers of IEEE C37.2 used in names, alarms and displays."""

from __future__ import annotations

from typing import Final

DEVICE_NUMBERS: Final[dict[str, str]] = {
    "24": "over-excitation",
    "25": "synchronism check",
    "27": "under-voltage",
    "32": "directional power",
    "40": "loss of excitation",
    "46": "negative-sequence current",
    "47": "phase sequence voltage",
    "49": "thermal overload",
    "50": "instantaneous over-current",
    "50BF": "breaker failure",
    "51": "inverse-time over-current",
    "52": "AC circuit breaker",
    "59": "over-voltage",
    "60": "voltage balance",
    "67": "directional over-current",
    "72": "DC circuit breaker",
    "81O": "over-frequency",
    "81R": "rate of change of frequency",
    "81U": "under-frequency",
    "86": "lockout",
    "87B": "bus differential",
    "87G": "generator differential",
    "87T": "transformer differential",
    "94": "trip",
}
