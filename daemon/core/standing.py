"""Which answers of the scan before still stand, so that their controllers need not be asked again.

A controller is a pure function of its state and of what it looks at, and the view notes all of that
(`daemon.core.view.Looked`). When a controller has changed nothing and told nothing, then the same
question has the same answer for as long as

- no point that it read has another value or quality,
- topology, facts and what it heard of the other lane are the same objects,
- no mail has come of a kind it asked for,
- and no time that it asked about and that was ahead has come.

An answer that does stand keeps its proposals up: they hold in every scan until they are withdrawn.
One that changed anything, were it only a stamp, is never taken to stand: the next scan asks again.

This is a cache beside the state, found again by the identity of the state it goes with; without it
a scan costs more and comes to the same. A controller whose slot is not `timed` is always asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from daemon.core.view import NEVER_NS
from daemon.model.commands import OperatorRequest, Order, Outcome
from daemon.model.image import UNVERSIONED, bits_differ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from daemon.core.facts import Facts
    from daemon.core.topology import Topology
    from daemon.core.view import Heard, Slot, Turn, View
    from daemon.model.commands import Proposal
    from daemon.model.image import Image


_NONE: Final[list[int]] = []


class _Answer(NamedTuple):
    """What a controller said, and what that rests on."""

    turn: Turn[Any]
    requests: bool
    outcomes: bool
    heard: Mapping[str, Heard] | None
    topology: Topology
    facts: Facts
    proposals: tuple[Proposal, ...]
    due_ns: int


class Standing:
    """The answers of one lane that stand.

    Attributes:
        topology: of the last scan.
    """

    def __init__(self, slots: tuple[Slot, ...], n_point: int) -> None:
        """Know nothing yet of the controllers in `slots`."""
        self._bits = {slot.name: np.uint32(1 << i) for i, slot in enumerate(slots)}
        self._n_point = n_point
        self._state: object = None
        self._image: Image | None = None
        self._forget()

    def _forget(self) -> None:
        self._answers: dict[str, _Answer] = {}
        self._points: dict[str, list[int]] = {}
        # Who reads each point: the bits of the controllers whose answer rests on it.
        self._readers: NDArray[np.uint32] = np.zeros(self._n_point, dtype=np.uint32)
        self._moved = np.uint32(0)

    def begin(self, state: object, image: Image) -> None:
        """Find out whose points moved since the scan that led to `state`."""
        if state is not self._state or self._image is None:
            self._forget()
        elif image.version == UNVERSIONED or image.version != self._image.version:
            self._moved = self._whose(image, self._image) if self._points else np.uint32(0)
        else:
            self._moved = np.uint32(0)
        self._image = image

    def _whose(self, image: Image, last: Image) -> np.uint32:
        """Return the bits of the controllers that read a point which is not as it was."""
        moved = bits_differ(image.values, last.values)
        if image.quality is not last.quality:
            moved |= image.quality != last.quality
        return np.uint32(np.bitwise_or.reduce(self._readers[moved]))

    def recall(
        self, slot: Slot, view: View, proposals: tuple[Proposal, ...] = ()
    ) -> Turn[Any] | None:
        """Return the answer of a controller if it stands; `proposals` are those put before it."""
        answer = self._answers.get(slot.name)
        if (
            answer is None
            or self._moved & self._bits[slot.name]
            or view.image.now_ns >= answer.due_ns
            or answer.facts is not view.facts
            or answer.topology is not view.topology
            or (answer.heard is not None and answer.heard is not view.heard)
            or answer.proposals != proposals
            or (view.inbox and _concerned(view, requests=answer.requests, outcomes=answer.outcomes))
        ):
            return None
        return answer.turn

    def keep(
        self, slot: Slot, view: View, turn: Turn[Any], proposals: tuple[Proposal, ...] = ()
    ) -> None:
        """Take the answer of a controller that left its state as it was."""
        looked, name = view.looked, slot.name
        told = turn.events or turn.messages or turn.requests or turn.commands
        if told or _concerned(view, requests=looked.requests, outcomes=looked.outcomes):
            self.drop(slot)
            return
        if self._points.get(name, _NONE) != looked.points:
            self._points[name] = looked.points.copy()
            self._readers &= ~self._bits[name]
            self._readers[looked.points] |= self._bits[name]
        self._answers[name] = _Answer(
            turn,
            looked.requests,
            looked.outcomes,
            view.heard if looked.heard else None,
            view.topology,
            view.facts,
            proposals,
            looked.due_ns,
        )

    def drop(self, slot: Slot) -> None:
        """Forget the answer of a controller."""
        self._answers.pop(slot.name, None)

    def end(self, state: object) -> None:
        """Go with `state`, to which this scan has led."""
        self._state = state

    def due_ns(self, facts: Facts) -> int:
        """Return until when nothing happens by time alone [ns]; 0 when the next scan may act.

        Args:
            facts: as they are after all have spoken.
        """
        if len(self._answers) < len(self._bits):
            return 0
        first_ns = NEVER_NS
        for answer in self._answers.values():
            if answer.facts is not facts:
                return 0
            first_ns = min(first_ns, answer.due_ns)
        return first_ns


def _concerned(view: View, *, requests: bool, outcomes: bool) -> bool:
    """Return whether mail has come of a kind that was asked for."""
    return any(
        (requests and isinstance(m, OperatorRequest | Order))
        or (outcomes and isinstance(m, Outcome))
        for m in view.inbox
    )
