"""The operation path by itself, over a hall that obeys nobody but the test."""

from __future__ import annotations

from dataclasses import replace

from daemon.core import operation
from daemon.core.facts import Facts
from daemon.core.topology import survey
from daemon.core.view import Turn, View
from daemon.model.commands import (
    Approval,
    Cancellation,
    Command,
    LaneMessage,
    Message,
    Operation,
    OperatorRequest,
    Outcome,
    Proposal,
    Result,
    Selection,
)
from daemon.model.events import Event
from tests.hall import TICK_NS, Hall, params

BREAKER = "52-MCCB-CA"


class Desk:
    """The operation path alone, over a hall that obeys nobody."""

    def __init__(self, lane: str = "switching", **times: object) -> None:
        self.hall = Hall(params=params(lane))
        self.params = operation.Params(**times)  # type: ignore[arg-type]
        self.orders: list[OperatorRequest] = []
        self.state = operation.State()
        self.next_id = 1
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.told: list[dict[str, object]] = []
        self.facts = Facts()
        self.turn: Turn[operation.State] = Turn(self.state)

    def scan(self, *proposals: Proposal, inbox: tuple[Message, ...] = ()) -> None:
        """Run one scan."""
        params, image = self.hall.params, self.hall.image()
        view = View(
            lane=params.lane,
            image=image,
            inbox=inbox,
            site=params.site,
            points=params.points,
            topology=survey(image, params.site, params.points),
            facts=self.facts,
            heard={},
            estimate=None,
            epoch=7,
            next_id=self.next_id,
        )
        turn: Turn[operation.State] = operation.step(view, self.state, self.params, proposals)
        self.turn, self.state = turn, turn.state
        self.facts = replace(self.facts, **(turn.facts or {}))
        self.orders += self.facts.accepted
        self.next_id += len(turn.commands)
        self.commands += turn.commands
        self.events += [e for e in turn.events if isinstance(e, Event)]
        said = [m for m in turn.messages if isinstance(m, LaneMessage)]
        self.told += [dict(m.values) for m in said if m.topic == "commands"]
        self.hall.now_ns += TICK_NS

    def scans(self, count: int, *proposals: Proposal) -> None:
        """Run several scans with the same wishes."""
        for _ in range(count):
            self.scan(*proposals)

    def answer(self, result: Result) -> Outcome:
        """Return an outcome of the last command."""
        return Outcome(self.commands[-1].id, result, self.hall.now_ns, "")

    def happened(self, name: str) -> list[Event]:
        """Return the events of a name."""
        return [e for e in self.events if e.name == name]

    def refused(self) -> list[str]:
        """Return by what was refused, in order."""
        return [e.fields["interlock"] for e in self.happened("command_refused")]

    def names(self) -> list[str]:
        """Return the names of what happened."""
        return [e.name for e in self.events]


def wish(action: str, equipment: str = BREAKER) -> Proposal:
    """Return a wish of an automaton."""
    return Proposal(equipment, "command", action, 0.0, "CCTS-1", "test")


def ask(action: str, request: str = "r1", equipment: str = BREAKER) -> OperatorRequest:
    """Return a wish of a person."""
    return OperatorRequest(
        request, "maria", Proposal(equipment, "command", action, 0.0, "", "hand")
    )


def select(
    action: str = "open",
    equipment: str = BREAKER,
    id: str = "s1",
    user: str = "maria",
    bypass: tuple[str, ...] = (),
) -> Selection:
    """Return a selection."""
    wish = Proposal(equipment, "command", action, 0.0, user, "by hand")
    return Selection(id, user, wish, bypass)


def approve(user: str = "jan", id: str = "s1") -> Approval:
    """Return the word of a second person."""
    return Approval(id, user)


def operate(user: str = "maria", id: str = "s1") -> Operation:
    """Return the word that it be done."""
    return Operation(id, user)


def cancel(user: str = "maria", id: str = "s1") -> Cancellation:
    """Return the word that it be left."""
    return Cancellation(id, user)
