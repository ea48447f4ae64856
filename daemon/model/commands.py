"""What goes out of and comes back into the core, as values.

A controller *proposes*. For a switching action the operation path selects the device, asks the
interlocks and only then makes a `Command`; for a set-point arbitration does. The shell executes a
command at most once and answers with an `Outcome`; feedback from the plant is judged by the core.
Everything that arrives beside the image is a `Message` in the inbox, in a recorded order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Proposal:
    """A controller's wish for one actuator.

    Attributes:
        equipment: the actuator.
        point: "command" for an action, else the name of the set-point.
        action: name of the command ("open", "close", "start", ...); of a set-point "max" or "min",
            which bound it, "set", or "prefer", which holds where nobody sets anything.
        value: set-point in the unit of the point; ignored for actions.
        owner: scheme or controller that asks.
        reason: why, for a person.
    """

    equipment: str
    point: str
    action: str
    value: float
    owner: str
    reason: str


TAG: Final = "tag"
"""What a proposal names as its point that is about a maintenance tag on its equipment or scheme."""
HANG: Final = "tag"
TAKE_OFF: Final = "untag"

UNNUMBERED: Final = 0
"""Number of a command that says the same when it comes twice: a set-point, a heartbeat."""


@dataclass(frozen=True, slots=True)
class Command:
    """An order to one device, cleared by the interlocks.

    Attributes:
        id: rises by one with every action that its lane gives in this boot of the daemon;
            `UNNUMBERED` where repetition does no harm.
        epoch: fencing number of the writer; a device refuses an older one.
        equipment: the device.
        point: point to be written: "command", a set-point, or "heartbeat".
        action: name of the action, "set" or "beat".
        value: value to write, in the unit of the point (for "command": the code).
        owner: scheme, controller or person that asked.
        reason: why, for a person.
        interlock: verdict that let it pass, for the record.
        issued_at_ns: monotonic time of the decision [ns].
        expires_at_ns: not to be sent at or after this time [ns].
    """

    id: int
    epoch: int
    equipment: str
    point: str
    action: str
    value: float
    owner: str
    reason: str
    interlock: str
    issued_at_ns: int
    expires_at_ns: int


class Result(Enum):
    """What became of a command on its way to the device."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    FAILED = "failed"
    """No or no clear answer: the device may or may not have acted. Never sent again blindly."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The shell's answer to one command."""

    command_id: int
    result: Result
    at_ns: int
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A person takes a device in hand: the first of the steps that end in a switching action.

    Attributes:
        id: chosen by the asker, names the selection in all that follows; never used twice.
        user: who selects, and alone may operate.
        proposal: what is wanted.
        bypass: interlocks that shall not stand in the way, by name; needs a second approver.
    """

    id: str
    user: str
    proposal: Proposal
    bypass: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person agrees to a selection."""

    id: str
    user: str


@dataclass(frozen=True, slots=True)
class Operation:
    """The person who selected says: now."""

    id: str
    user: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Somebody takes a selection back, before it was operated."""

    id: str
    user: str


Order = Selection | Approval | Operation | Cancellation
"""What a person says on the way to a switching action; `id` is the selection's.

Every event that comes of it carries `selection`; where a next step is limited in time, `valid_s`
[s] from the event on; and a `command_refused` after which the selection stands as before (an
approval by the selector, say) carries `standing: True`. A set-point that a person gives or releases
is told by `setpoint_taken` or `setpoint_refused`, with the id of the request as `selection`.
"""


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """The other lane asks for an action, or a person for a set-point, a reset, or about an alarm.

    Signed by a person, an action counts as selected and operated at once; where a second person has
    to approve it, it stays a selection.

    Attributes:
        id: chosen by the asker; a repeated id is not taken.
        user: who asks; a lane signs as "lane:<name>".
        proposal: what is wanted.
    """

    id: str
    user: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person has seen an alarm: names the occurrence, so that an old one is refused."""

    alarm_id: str
    occurrence: int
    user: str
    comment: str


@dataclass(frozen=True, slots=True)
class Request:
    """Slow work asked of a worker: `function` is a key the shell knows, `arguments` are plain."""

    id: int
    function: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker's answer to a `Request`."""

    request_id: int
    result: Any


@dataclass(frozen=True, slots=True)
class LaneMessage:
    """What one lane tells another: a topic and plain values."""

    lane: str
    topic: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobNotice:
    """A scheduler says that a job starts or stops, or takes that back.

    Attributes:
        id: chosen by the scheduler; the same again replaces what it said.
        user: who says it.
        action: "start", "stop" or "cancel".
        at_utc_ns: when, by the wall clock [ns].
        power_w: by how much the load changes then, above zero [W].
    """

    id: str
    user: str
    action: str
    at_utc_ns: int
    power_w: float


Message = Outcome | Order | OperatorRequest | Acknowledgement | Finished | LaneMessage | JobNotice
"""Everything that may reach a scan beside the image."""
