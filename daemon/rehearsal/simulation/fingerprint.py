"""The hash of a run: what was said, commanded and read, in order.

Comparable on one machine with one set of versions: numbers of another processor's mathematics may
differ in their last digit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.simulation.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.commands import Command, Outcome
    from daemon.model.events import AlarmTransition, Event
    from daemon.publishers.publisher import Snapshot


class Fingerprint(Observer):
    """Hashes events, alarms, commands with their outcomes, and the registers as read."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._hash: Final = hashlib.blake2b(digest_size=16)

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Take in what the daemon published."""
        for item in news:
            self._hash.update(repr(item).encode())

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        """Take in a command and what became of it."""
        self._hash.update(f"{begun_ns} {command} {outcome}".encode())

    def shown(self, snapshot: Snapshot) -> None:
        """Take in all values as read, which are rounded to their registers, and their quality."""
        self._hash.update(snapshot.image.now_ns.to_bytes(8, "big", signed=True))
        self._hash.update(snapshot.image.values.data)
        self._hash.update(snapshot.image.quality.data)

    @property
    def digest(self) -> str:
        """Return the hash so far."""
        return self._hash.hexdigest()
