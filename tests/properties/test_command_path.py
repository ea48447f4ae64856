"""Whoever says what and when: laws of the way from a selection to a command.

The judge below knows the rules from their description and shares nothing with the code but events
and commands: it keeps its own book of who selected, approved and operated what, and when.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from daemon.core import operation
from daemon.model.commands import (
    Approval,
    Cancellation,
    Operation,
    OperatorRequest,
    Result,
    Selection,
)
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, TICK_NS
from tests.properties import examples
from tests.unit.core.operation.desk import Desk, approve, cancel, operate, select, wish

if TYPE_CHECKING:
    from daemon.model.commands import Command, Message

TIE, LOW, FEED = "52-VCB-TIE", "52-MCCB-CA", "52-ACB-A1"
USERS = ("maria", "jan", "ida")
IDS = ("a", "b", "c", "d")

whom = {"user": st.sampled_from(USERS), "id": st.sampled_from(IDS)}
words = st.one_of(
    st.builds(
        select,
        action=st.sampled_from(["open", "close", "close", "reset"]),
        equipment=st.sampled_from([TIE, TIE, LOW, FEED]),
        bypass=st.sampled_from([(), (), ("last_feed",), ("earthed",)]),
        **whom,
    ),
    st.builds(approve, **whom),
    st.builds(operate, **whom),
    st.builds(operate, **whom),
    st.builds(cancel, **whom),
)
happenings = st.one_of(
    st.tuples(st.just("say"), st.lists(words, min_size=1, max_size=5)),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.5, 4.97, 5.0, 54.0, 60.0])),
    st.tuples(st.just("answer"), st.sampled_from(Result)),
    st.tuples(
        st.just("move"),
        st.tuples(st.sampled_from([TIE, LOW, FEED]), st.sampled_from([OPEN, CLOSED, 0])),
    ),
    st.tuples(st.just("local"), st.tuples(st.sampled_from([TIE, LOW]), st.booleans())),
    st.tuples(
        st.just("wish"),
        st.tuples(st.sampled_from([TIE, LOW]), st.sampled_from(["open", "close"])),
    ),
    st.tuples(st.just("ask"), st.tuples(st.sampled_from(IDS), st.sampled_from([TIE, LOW]))),
)  # fmt: skip
way = st.tuples(st.sampled_from(IDS), st.sampled_from(USERS), st.sampled_from(USERS)).map(
    lambda of: ("way", of)
)
stories = st.lists(st.one_of(happenings, way), min_size=1, max_size=18)


@dataclass
class Entry:
    """What the judge knows of a selection."""

    chosen: Selection
    at_ns: int
    needs: bool
    approved_ns: int = 0
    over: str = ""


class Judge:
    """Keeps the book of a desk, and blames."""

    def __init__(self) -> None:
        self.desk = Desk(second_approver=("breaker_close", "bypass"))
        self.desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
        self.book: dict[str, Entry] = {}
        self.made: Counter[str] = Counter()
        self.numbers: list[int] = []

    def scan(self, *proposals: Any, inbox: tuple[Message, ...] = ()) -> None:
        """Run a scan and judge it."""
        desk, now_ns = self.desk, self.desk.hall.now_ns
        events, commands = len(desk.events), len(desk.commands)
        local = {name for (name, point), on in desk.hall.said.items() if point == "local" and on}
        desk.scan(*proposals, inbox=inbox)
        told = [
            (e.name, e.fields.get("selection", ""), {**e.fields, "equipment": e.source})
            for e in desk.events[events:]
        ]
        for message in inbox:
            self.note(message, told, now_ns)
        for name, id, _ in told:
            if name in {"command_cancelled", "selection_expired"} and id in self.book:
                self.book[id].over = self.book[id].over or name
        sent = [f for name, _, f in told if name == "command_sent"]
        assert len(sent) == len(desk.commands) - commands
        for command, fields in zip(desk.commands[commands:], sent, strict=True):
            free = command.equipment not in local or command.action == "reset"
            assert free, "the interlocks were not asked in this scan"
            assert proposals or command.owner in USERS
            self.numbers.append(command.id)
            if command.owner in USERS:
                self.judge(command, fields["selection"], now_ns, inbox)
        assert self.numbers == sorted(set(self.numbers)), "a number was used twice"
        held = Counter(one.wish.equipment for one in desk.state.chosen.values())
        assert not held or max(held.values()) == 1, "two selections of one device"

    def note(self, message: Message, told: list[tuple[str, str, Any]], now_ns: int) -> None:
        """Write down what was said and taken."""
        if isinstance(message, OperatorRequest):
            message = Selection(message.id, message.user, message.proposal)
        taken = {(name, id): f for name, id, f in told}
        if isinstance(message, Selection):
            found = taken.get(("command_selected", message.id), {})
            about = {
                "user": message.user,
                "action": message.proposal.action,
                "bypass": message.bypass,
                "equipment": message.proposal.equipment,
            }
            same = {name: found.get(name) for name in about} == about
            if same and message.id not in self.book:
                assert not {"earthed"} & set(message.bypass)
                needs = bool(message.bypass) or (
                    message.proposal.equipment == TIE and message.proposal.action == "close"
                )
                self.book[message.id] = Entry(message, now_ns, needs)
        elif isinstance(message, Approval):
            found = taken.get(("command_approved", message.id))
            entry = self.book.get(message.id)
            if found and found["user"] == message.user and entry and not entry.approved_ns:
                assert entry.needs
                assert message.user != entry.chosen.user
                assert now_ns - entry.at_ns < 60 * SECOND
                entry.approved_ns = now_ns

    def judge(self, command: Command, id: str, now_ns: int, inbox: tuple[Message, ...]) -> None:
        """Fail if a command must not have come of this selection."""
        entry = self.book[id]
        chosen = entry.chosen
        self.made[id] += 1
        assert self.made[id] == 1, "one selection made two commands"
        assert not entry.over, f"a selection that was over ({entry.over}) made a command"
        said = [m for m in inbox if isinstance(m, Operation | OperatorRequest) and m.id == id]
        assert chosen.user in {m.user for m in said}, "nobody who may has operated it"
        assert (command.equipment, command.action, command.owner) == (
            chosen.proposal.equipment, chosen.proposal.action, chosen.user,
        )  # fmt: skip
        assert bool(entry.approved_ns) == entry.needs, "it was not approved"
        assert now_ns - (entry.approved_ns or entry.at_ns) < 5 * SECOND, "it had expired"
        for row in chosen.bypass:
            assert row in command.interlock

    def do(self, what: str, how: Any) -> None:
        """Let something happen."""
        desk = self.desk
        if what == "say":
            self.scan(inbox=tuple(how))
        elif what == "way":
            id, user, other = how
            self.scan(inbox=(select("close", TIE, id=id, user=user),))
            self.scan(inbox=(approve(other, id), operate(user, id)))
        elif what == "wait":
            desk.hall.now_ns += ns(how) - TICK_NS
            self.scan()
        elif what == "answer" and desk.commands:
            self.scan(inbox=(desk.answer(how),))
        elif what == "move":
            desk.hall.positions[how[0]] = how[1]
            self.scan()
        elif what == "local":
            desk.hall.said[how[0], "local"] = float(how[1])
            self.scan()
        elif what == "wish":
            for _ in range(3):
                self.scan(wish(how[1], how[0]))
        elif what == "ask":
            self.scan(inbox=(OperatorRequest(how[0], "ida", wish("open", how[1])),))


@pytest.mark.fault("F90", "F93", "F97", "F107")
@examples(150)
@given(story=stories)
def test_no_story_makes_a_command_that_the_rules_do_not_allow(
    story: list[tuple[str, Any]],
) -> None:
    judge = Judge()
    for what, how in story:
        judge.do(what, how)
    judge.desk.hall.now_ns += 3600 * SECOND
    for _ in range(4):
        judge.scan()
    assert not judge.desk.state.chosen, "a selection outlived its time"


@examples(30)
@given(story=stories)
def test_what_is_outstanding_survives_a_file_and_goes_on_the_same(
    story: list[tuple[str, Any]],
) -> None:
    adapter = TypeAdapter(operation.State)
    one, other = Judge(), Judge()
    for what, how in story:
        other.desk.state = adapter.validate_json(adapter.dump_json(other.desk.state))
        assert other.desk.state == one.desk.state
        one.do(what, how)
        other.do(what, how)
    assert other.desk.commands == one.desk.commands
    assert other.desk.events == one.desk.events


def test_the_stories_come_to_commands() -> None:
    """The laws above would hold of a path that does nothing at all."""
    judge = Judge()
    judge.do("way", ("a", "maria", "jan"))
    judge.do("say", [select("open", LOW, id="b"), operate(id="b")])
    judge.do("say", [select("open", FEED, id="c", bypass=("last_feed",)), Cancellation("c", "jan")])
    judge.do("ask", ("d", LOW))
    assert judge.made == {"a": 1, "b": 1}
