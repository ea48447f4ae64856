"""What a controller is shown in one scan, and what it may answer with.

Every controller of either lane has the same form: one file that exports `Params`, `State`,
`initial(site, params) -> State` and `step(view, state, params) -> Turn`. It reads the plant through
the `View`, and everything it wants leaves through the `Turn`.

Controllers meet in three places only. `Facts` are conclusions about the plant that one controller
draws and later ones of the same lane read, in the order of the tuple in `daemon.core.step`; a fact
stands until its author changes it. `heard` holds the last word of the other lane by topic, with
the time it came, so that an old one can be told from a fresh one. `proposals` meet in the operation
path (switching lane) or in arbitration (main lane).

**Looking.** Most scans see what the one before saw, so an answer is kept for as long as what it
rests on stands (`daemon.core.standing`). What that is notes the view itself, in `Looked`, when it
is asked: a point through `read` and its kin, mail through `requests`, `outcomes` and `word`, time
through `passed` and `lasted`. A controller whose slot says `timed` asks in no other way. `now_ns`
is for it a stamp to write down; compared with anything, it would be a wait that nobody knows of,
and the same holds for `image`, `inbox`, `heard` and `estimate`. A test reads the files for it.
A controller that asks otherwise is simply stepped in every scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from daemon.core.best import believed, best
from daemon.model.commands import (
    Command,
    LaneMessage,
    OperatorRequest,
    Order,
    Outcome,
    Proposal,
    Request,
)
from daemon.model.events import AlarmTransition, Event
from daemon.model.natures import Position
from daemon.model.quality import is_good
from daemon.model.quantities import seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.facts import Facts
    from daemon.core.gauges import Gauges
    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


NEVER_NS: Final = (1 << 63) - 1
_OF_A_TAG: Final = {"maintenance": True, "available": False}
_POSITIONS: Final[Mapping[float, Position]] = {float(p.value): p for p in Position}


class Heard(NamedTuple):
    """The last word of the other lane on a topic."""

    at_ns: int
    values: Mapping[str, Any]


S = TypeVar("S")


class Turn(NamedTuple, Generic[S]):
    """What a controller answers with.

    Attributes:
        state: its next state.
        proposals: what it wants done, most urgent first.
        events: what happened or was decided.
        messages: to the other lane.
        requests: slow work for a worker.
        facts: new conclusions by field of `Facts`; unnamed ones stand.
        commands: of the last stage of a lane only (operation path, arbitration).
    """

    state: S
    proposals: tuple[Proposal, ...] = ()
    events: tuple[Event | AlarmTransition, ...] = ()
    messages: tuple[LaneMessage | OperatorRequest, ...] = ()
    requests: tuple[Request, ...] = ()
    facts: Mapping[str, Any] | None = None
    commands: tuple[Command, ...] = ()


@dataclass(slots=True)
class Looked:
    """What a controller has looked at in a scan: the whole of what its answer rests on.

    Beside facts and topology, which count as looked at by all.

    Attributes:
        points: indices of the points it has read.
        requests: whether it asked for requests of persons and lanes.
        outcomes: whether it asked for outcomes of commands.
        heard: whether it asked for a word of the other lane.
        due_ns: the earliest time it asked about that had not come yet [ns].
        estimated: points in whose place it was given the estimate.
    """

    points: list[int] = field(default_factory=list)
    requests: bool = False
    outcomes: bool = False
    heard: bool = False
    due_ns: int = NEVER_NS
    estimated: list[int] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew, for the next controller."""
        self.points.clear()
        self.estimated.clear()
        self.requests = self.outcomes = self.heard = False
        self.due_ns = NEVER_NS


@dataclass(frozen=True)
class View:
    """The plant and the news of one scan.

    Without slots, so that the step can alter a few fields without going through all of them.

    Attributes:
        lane: "switching" or "main".
        image: values, quality and times of this instant.
        inbox: everything else that arrived, in order.
        site: the plant as drawn.
        points: where each value stands in the image.
        topology: energised islands and what is known of every bus.
        facts: conclusions of the controllers before, this scan or earlier.
        heard: last word of the other lane by topic.
        estimate: of this scan (main lane) or the last one sent (switching lane), if any.
        epoch: fencing number for commands.
        next_id: number of the next command, for the stage that makes commands.
        looked: what the controller that has the turn has looked at.
    """

    lane: str
    image: Image
    inbox: tuple[Message, ...]
    site: Site
    points: PointTable
    topology: Topology
    facts: Facts
    heard: Mapping[str, Heard]
    estimate: Estimate | None
    epoch: int
    next_id: int
    looked: Looked = field(default_factory=Looked, compare=False)

    @property
    def now_ns(self) -> int:
        """Return the monotonic time of the scan [ns], as a stamp: ask `passed` to compare."""
        return self.image.now_ns

    def passed(self, at_ns: int) -> bool:
        """Return whether a time has come [ns]."""
        if self.image.now_ns >= at_ns:
            return True
        self.looked.due_ns = min(self.looked.due_ns, at_ns)
        return False

    def lasted(self, since_ns: int, wait_ns: int) -> bool:
        """Return whether what holds since `since_ns`, 0 if not at all, has for `wait_ns` [ns]."""
        return since_ns > 0 and self.passed(since_ns + wait_ns)

    def elapsed_s(self, since_ns: int) -> float:
        """Return how long ago something was [s], for the text of an event and no decision."""
        return seconds(self.image.now_ns - since_ns)

    @property
    def requests(self) -> tuple[OperatorRequest, ...]:
        """Return what is asked of schemes: resets at once, what else persons have operated."""
        self.looked.requests = True
        asked = (m for m in self.inbox if isinstance(m, OperatorRequest))
        resets = tuple(m for m in asked if m.proposal.action == "reset")
        return resets + self.facts.accepted

    @property
    def mail(self) -> tuple[OperatorRequest | Order, ...]:
        """Return every step of persons towards a switching action, and requests, in order."""
        self.looked.requests = True
        return tuple(m for m in self.inbox if isinstance(m, OperatorRequest | Order))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Return what became of commands, in order."""
        self.looked.outcomes = True
        return tuple(m for m in self.inbox if isinstance(m, Outcome))

    def word(self, topic: str) -> Heard | None:
        """Return the last word of the other lane on a topic."""
        self.looked.heard = True
        return self.heard.get(topic)

    def read(self, equipment: str, name: str) -> float | None:
        """Return a value if it is served and good, else None."""
        index = self.points.find(equipment, name)
        if index is None:
            return None
        self.looked.points.append(index)
        image = self.image
        return image.values.item(index) if is_good(image.quality.item(index)) else None

    def gauge(self, gauges: Gauges) -> list[float | None]:
        """Return several values, each if it is served and good, else None."""
        self.looked.points += gauges.points
        return gauges.read(self.image)

    def best(self, gauges: Gauges) -> list[float | None]:
        """Return several values as measured, or as estimated in their place (`core.best`).

        For controllers that are not `timed`: what estimates change is not noted.
        """
        values, estimate = self.gauge(gauges), self.estimate
        if estimate is None or (not estimate.suspects and values.count(None) == gauges.unserved):
            return values
        found, taken = best(values, gauges.every, estimate, self.image)
        self.looked.estimated += taken
        return found

    def best_array(self, gauges: Gauges) -> NDArray[np.float64]:
        """Return what `best` does, as an array (n,) with NaN where a value is not known."""
        estimate = self.estimate
        if estimate is None or (not estimate.suspects and gauges.complete(self.image)):
            self.looked.points += gauges.points
            return gauges.array(self.image)
        return np.array(self.best(gauges), dtype=np.float64)  # None becomes NaN

    def best_of(self, equipment: str, name: str) -> float | None:
        """Return one value as measured, or as estimated in its place."""
        point, value = self.points.find(equipment, name), self.read(equipment, name)
        (found,), taken = best([value], [point], self.estimate, self.image)
        self.looked.estimated += taken
        return found

    def believed(self, gauges: Gauges) -> list[float | None]:
        """Return several values as measured, None where their meter is not believed."""
        return believed(self.gauge(gauges), gauges.every, self.estimate)

    def charge_pu(self, store: str) -> float | None:
        """Return the charge of a store that may be counted on, None when it is not known [pu].

        The least of what is reported, counted and told by its voltage. A store that reports nothing
        shows nothing that could be counted either.
        """
        reported, known = self.read(store, "soc_pu"), self.facts.charge.stores.get(store)
        if reported is None or known is None:
            return reported
        return min(reported, known.usable_pu)

    def status(self, equipment: str, name: str) -> bool | None:
        """Return a true-or-false point, or None when it is not served or not good.

        A tag of the daemon says the same as one on the panel, and that a machine is not available.
        """
        if name in _OF_A_TAG and equipment in self.facts.tags:
            return _OF_A_TAG[name] if self.points.find(equipment, name) is not None else None
        value = self.read(equipment, name)
        return None if value is None else value != 0

    def position(self, equipment: str) -> Position | None:
        """Return the position of a switching device, or None when it is not good or in doubt."""
        value = self.read(equipment, "position")
        if equipment in self.topology.doubted:
            return None
        return None if value is None else _POSITIONS.get(value)

    def stage(self, equipment: str, name: str = "stage") -> str | None:
        """Return the label of a stage point, or None when it is not served or not good."""
        value = self.read(equipment, name)
        if value is None:
            return None
        states = self.site.equipment[equipment].kind.points[name].states
        return states[int(value)] if 0 <= value < len(states) else None

    def is_open(self, equipment: str) -> bool:
        """Return whether a switch is known to be open."""
        return self.position(equipment) is Position.OPEN

    def is_closed(self, equipment: str) -> bool:
        """Return whether a switch is known to be closed."""
        return self.position(equipment) is Position.CLOSED

    def event(self, source: str, name: str, text: str, **fields: Any) -> Event:  # noqa: ANN401
        """Return an event of this scan."""
        return Event(self.now_ns, source, name, text, fields)


class Slot(NamedTuple):
    """A place in the order of a lane.

    Attributes:
        name: field of `State` and of `Control`, and the block of the site file's `control:`.
        controller: the module.
        timed: it asks the view in ways that are noted, and is left out while its answer stands.
    """

    name: str
    controller: ModuleType
    timed: bool = False
