"""Quality of a value: the status codes of OPC UA, carried beside every number.

Severity is the top two bits: good, uncertain, bad. A Bad value never enters control; an Uncertain
one only where a controller says so. Worst-of goes through every calculation.

Source: OPC UA Part 8 status codes.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

QualityArray = NDArray[np.uint32]


class Quality(IntEnum):
    """Status codes in use. Compare severities with `is_good`, `is_bad`, never single codes."""

    GOOD = 0x00000000
    GOOD_CLAMPED = 0x00300000
    GOOD_LOCAL_OVERRIDE = 0x00960000
    UNCERTAIN = 0x40000000
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE = 0x408F0000
    UNCERTAIN_LAST_USABLE_VALUE = 0x40900000
    UNCERTAIN_SUBSTITUTE_VALUE = 0x40910000
    UNCERTAIN_INITIAL_VALUE = 0x40920000
    UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000
    UNCERTAIN_ENGINEERING_UNITS_EXCEEDED = 0x40940000
    BAD = 0x80000000
    BAD_COMMUNICATION_ERROR = 0x80050000
    BAD_TIMEOUT = 0x800A0000
    BAD_NO_COMMUNICATION = 0x80310000
    BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
    BAD_OUT_OF_RANGE = 0x803C0000
    BAD_CONFIGURATION_ERROR = 0x80890000
    BAD_NOT_CONNECTED = 0x808A0000
    BAD_DEVICE_FAILURE = 0x808B0000
    BAD_SENSOR_FAILURE = 0x808C0000
    BAD_OUT_OF_SERVICE = 0x808D0000


_SEVERITY_SHIFT = 30
_UNCERTAIN = 1 << _SEVERITY_SHIFT


def severity(code: int) -> int:
    """Return 0 for good, 1 for uncertain, 2 (or 3) for bad."""
    return int(code) >> _SEVERITY_SHIFT


def is_good(code: int) -> bool:
    """Return whether a value of this quality may be used without reservation."""
    return int(code) < _UNCERTAIN


def is_bad(code: int) -> bool:
    """Return whether a value of this quality says nothing about the plant."""
    return severity(code) >= 2


def worst(*codes: int) -> int:
    """Return the code of highest severity; the first of equals."""
    return max(codes, key=severity, default=Quality.BAD)


def good_mask(codes: QualityArray) -> NDArray[np.bool_]:
    """Return where `codes` (n_point,) are good."""
    return np.less(codes, _UNCERTAIN)
