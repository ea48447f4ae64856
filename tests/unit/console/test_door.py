"""What people may do through the door, what is refused, and what is recorded of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from daemon.console import caller, door, operators
from daemon.console.wire import LONGEST_LINE, Call, Peer, door_of, lives, peer_of
from daemon.model.commands import Approval, Cancellation, Operation, OperatorRequest, Selection
from tests.unit.console.standin import EPOCH, Client, StandIn, opened

SECRETS = {"kim": "a long secret", "lee": "another secret", "pat": "secret of a third"}


@pytest.fixture
def behind() -> StandIn:
    return StandIn()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work out secrets at once: how slow that is has a test of its own."""

    def hashed(secret: str, salt: bytes) -> bytes:
        return hashlib.sha256(salt + secret.encode()).digest()

    monkeypatch.setattr(operators, "hashed", hashed)


@pytest.fixture
def enrolled(quick: None, tmp_path: Path) -> Path:
    """The file of three operators: one does all, one approves, one looks."""
    file = tmp_path / operators.NAME
    roles = {"kim": ("operate", "approve"), "lee": ("approve",), "pat": ("view",)}
    for name, secret in SECRETS.items():
        operators.enrol(file, name, secret, roles[name])
    return file


async def hello(client: Client, name: str) -> dict[str, Any]:
    return await client.ask("hello", user=name, secret=SECRETS[name])


async def test_selected_and_operated_once_each_step_recorded_before_it_is_asked(
    behind: StandIn, tmp_path: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="close", reason="work is done")
        assert chosen["ok"]
        assert (chosen["selection"], chosen["stage"]) == (f"{EPOCH}-1", "selected")
        assert chosen["lost"] == ["R-1"]
        assert 4 < chosen["left_s"] <= 5
        done = await kim.ask("operate", selection=chosen["selection"])
    assert (done["ok"], done["stage"]) == (True, "verified")
    assert [s["name"] for s in done["steps"]] == ["selected", "operated", "sent", "verified"]
    assert [type(message) for message in behind.asked] == [Selection, Operation]
    assert behind.log[2:] == [
        "record command_asked",
        "Selection",
        "record command_asked",
        "Operation",
    ]
    selected, operated = behind.recorded("command_asked")
    assert (selected["do"], selected["reason"]) == ("select", "work is done")
    assert selected["user"] == operated["user"] != ""
    assert operated["selection"] == chosen["selection"]


@pytest.mark.parametrize(
    ("request_", "name", "said"),
    [
        ({"do": "select", "equipment": "52-Z", "action": "close"}, "unknown_equipment", "52-A"),
        ({"do": "select", "equipment": "R-1", "action": "close"}, "foreign_device", "R-1"),
        ({"do": "select", "equipment": "DG-1", "action": "start"}, "foreign_device", "no commands"),
        ({"do": "select", "equipment": "52-A", "action": "fly"}, "unknown_action", "open, close"),
        ({"do": "select", "equipment": "52-A"}, "malformed", "action"),
        ({"do": "select", "equipment": "52-A\nx", "action": "close"}, "malformed", "equipment"),
        ({"do": "select", "equipment": 7, "action": "close"}, "malformed", "equipment"),
        ({"do": "select", "equipment": "x" * 90, "action": "close"}, "malformed", "equipment"),
        ({"do": "operate", "selection": "6-1"}, "stale_selection", "started anew"),
        ({"do": "operate", "selection": "7-9"}, "unknown_selection", "7-9"),
        ({"do": "cancel", "selection": "../../x"}, "unknown_selection", "x"),
        (
            {"do": "set", "equipment": "ESS-1", "point": "soc_pu", "value": 1},
            "unknown_point",
            "pow",
        ),
        ({"do": "release", "equipment": "52-A", "point": "x"}, "unknown_point", "no set-points"),
        ({"do": "fly"}, "malformed", "do"),
        ({"do": ["select"]}, "malformed", "do"),
        ({}, "malformed", "do"),
    ],
)
@pytest.mark.fault("F94", "F100", "F103")
async def test_what_makes_no_sense_is_refused_recorded_and_asked_of_nobody(
    behind: StandIn, tmp_path: Path, request_: dict[str, Any], name: str, said: str
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        answer = await kim.ask(**{"do": None, **request_})
    assert (answer["ok"], answer["refused_by"]) == (False, name)
    assert said in answer["text"]
    assert behind.asked == []
    (record,) = behind.recorded("request_refused")
    assert record["interlock"] == name
    assert record["user"]
    assert "\n" not in str(record)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("nan", "not_a_number"),
        ("-inf", "not_a_number"),
        ("1e999", "not_a_number"),
        (10**400, "not_a_number"),
        (None, "not_a_number"),
        (True, "not_a_number"),
        ([1], "not_a_number"),
        ("1e9", "out_of_range"),
        (-3.1e6, "out_of_range"),
    ],
)
@pytest.mark.fault("F100")
async def test_a_setpoint_that_is_no_number_or_out_of_range_reaches_nobody(
    behind: StandIn, tmp_path: Path, value: Any, name: str
) -> None:
    wanted = {"equipment": "ESS-1", "point": "power_setpoint_w"}
    async with opened(behind, tmp_path) as come, come() as kim:
        answer = await kim.ask("set", **wanted, value=value)
    assert (answer["ok"], answer["refused_by"]) == (False, name)
    assert behind.asked == []
    assert behind.recorded("request_refused")


async def test_a_setpoint_is_given_and_released_in_one_step(
    behind: StandIn, tmp_path: Path
) -> None:
    wanted = {"equipment": "ESS-1", "point": "power_setpoint_w"}
    async with opened(behind, tmp_path) as come, come() as kim:
        assert (await kim.ask("set", **wanted, value="-5e5"))["ok"]
        assert (await kim.ask("release", **wanted))["ok"]
    given, released = behind.asked
    assert isinstance(given, OperatorRequest)
    assert isinstance(released, OperatorRequest)
    assert (given.proposal.action, given.proposal.value) == ("set", -5e5)
    assert released.proposal.action == "release"


async def test_without_operators_nobody_approves_and_is_told_what_to_do(
    behind: StandIn, tmp_path: Path
) -> None:
    behind.needs_approval = "breaker_close"
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="close")
        answer = await kim.ask("approve", selection=chosen["selection"])
    assert (answer["ok"], answer["refused_by"]) == (False, "role")
    assert "ridethrough command enrol" in answer["text"]
    assert not any(isinstance(message, Approval) for message in behind.asked)


async def test_a_second_person_approves_and_the_first_hears_of_it(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    behind.needs_approval = "breaker_close"
    async with opened(behind, tmp_path) as come, come() as kim, come() as lee:
        assert (await hello(kim, "kim"))["roles"] == ["approve", "operate", "view"]
        await hello(lee, "lee")
        chosen = await kim.ask("select", equipment="52-A", action="close")
        assert chosen["needs_approval"]
        alone = await kim.ask("approve", selection=chosen["selection"])
        assert (alone["ok"], alone["stage"]) == (False, "selected")
        agreed = await lee.ask("approve", selection=chosen["selection"])
        assert (agreed["ok"], agreed["stage"]) == (True, "approved")
        heard = await kim.line()
        assert heard["news"] == "command_approved"
        assert heard["fields"]["valid_s"] == 5.0
        assert (await kim.ask("operate", selection=chosen["selection"]))["ok"]
    users = [message.user for message in behind.asked if not isinstance(message, OperatorRequest)]  # type: ignore[union-attr]
    assert users == ["kim", "kim", "lee", "kim"]


@pytest.mark.fault("F98")
async def test_roles_come_from_the_file_and_not_from_the_request(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    wanted = {"equipment": "52-A", "action": "close", "user": "kim", "roles": ["operate"]}
    async with opened(behind, tmp_path) as come, come() as nobody, come() as pat, come() as lee:
        assert (await nobody.ask("select", **wanted))["refused_by"] == "role"
        assert (await nobody.ask("list"))["ok"]
        await hello(pat, "pat")
        assert (await pat.ask("select", **wanted))["refused_by"] == "role"
        assert (await pat.ask("list"))["user"] == "pat"
        await hello(lee, "lee")
        assert (await lee.ask("select", **wanted))["refused_by"] == "role"
    assert behind.asked == []
    assert len(behind.recorded("request_refused")) == 3


@pytest.mark.fault("F99", "F101")
async def test_a_wrong_secret_and_an_unknown_name_are_told_the_same_until_tries_are_used_up(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as guess:
        wrong = await guess.ask("hello", user="kim", secret="not the secret")
        unknown = await guess.ask("hello", user="tom", secret="not the secret")
        assert wrong["refused_by"] == unknown["refused_by"] == "wrong_secret"
        assert wrong["text"].replace("kim", "") == unknown["text"].replace("tom", "")
        for _ in range(4):
            await guess.ask("hello", user="kim", secret="not the secret")
        spent = await guess.ask("hello", user="kim", secret=SECRETS["kim"])
        assert spent["refused_by"] == "too_many_tries"
        behind.later_ns += 11 * 10**9
        assert (await hello(guess, "kim"))["ok"]
    assert len(behind.recorded("request_refused")) == 7


@pytest.mark.fault("F101")
async def test_one_person_may_come_twice_at_once(
    behind: StandIn, enrolled: Path, tmp_path: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as one, come() as other:
        both = await asyncio.gather(hello(one, "kim"), hello(other, "kim"))
    assert [answer["ok"] for answer in both] == [True, True]


async def test_guessing_from_another_account_locks_nobody_out(
    behind: StandIn, tmp_path: Path, enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "peer_of", lambda _: Peer(1, 4711, 4711))
    async with opened(behind, tmp_path) as come, come() as guess:
        wrong = {"user": "kim", "secret": "not the secret"}
        answers = [await guess.ask("hello", **wrong) for _ in range(6)]
        assert answers[-1]["refused_by"] == "too_many_tries"
        monkeypatch.setattr(door, "peer_of", peer_of)
        async with come() as kim:
            assert (await hello(kim, "kim"))["ok"]


@pytest.mark.fault("F96")
async def test_another_user_of_the_machine_is_nobody(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "peer_of", lambda _: Peer(1, 4711, 4711))
    async with opened(behind, tmp_path) as come, come() as stranger:
        for do in ("list", "watch", "select"):
            answer = await stranger.ask(do, equipment="52-A", action="open")
            assert answer["refused_by"] == "not_enrolled"
    assert behind.asked == []
    assert {record["uid"] for record in behind.recorded("request_refused")} == {4711}


async def test_who_is_dismissed_may_do_nothing_more_on_an_open_line(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        await hello(kim, "kim")
        assert (await kim.ask("select", equipment="52-A", action="open"))["ok"]
        operators.dismiss(enrolled, "kim")
        answer = await kim.ask("select", equipment="52-B", action="open")
        assert answer["refused_by"] == "not_enrolled"
    assert len(behind.asked) == 1
    assert len(behind.recorded("operators_changed")) == 2


async def test_operators_that_are_not_in_order_open_nothing(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    os.chmod(enrolled, 0o644)  # noqa: PTH101
    async with opened(behind, tmp_path) as come, come() as kim:
        answer = await hello(kim, "kim")
        assert answer["refused_by"] == "not_enrolled"
        assert "chmod 600" in answer["text"]
        answer = await kim.ask("select", equipment="52-A", action="open")
        assert answer["refused_by"] == "role"
    (record,) = behind.recorded("operators_changed")
    assert "chmod 600" in record["problem"]


@pytest.mark.fault("F108")
async def test_no_secret_and_no_hash_is_ever_recorded(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    canary = "canary in a coal mine"
    async with opened(behind, tmp_path) as come, come() as kim:
        await kim.ask("hello", user="kim", secret=canary)
        await kim.ask("hello", user=canary, secret=canary + "\n")
        await kim.ask("select", equipment="52-A", action="open", secret=canary)
        said = str(await hello(kim, "kim")) + str(await kim.ask("list"))
    known = operators.load(enrolled)
    assert known is not None
    for text in (str(behind.records), said, repr(known)):
        assert SECRETS["kim"] not in text
        assert known["kim"].key.hex() not in text
        assert repr(known["kim"].key) not in text
    assert canary not in "".join(str(r) for r in behind.records if r[0] != "request_refused")


@pytest.mark.fault("F90")
async def test_operated_twice_is_done_once_and_answered_alike(
    behind: StandIn, tmp_path: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim, come() as again:
        chosen = await kim.ask("select", equipment="52-A", action="open")
        first = await kim.ask("operate", selection=chosen["selection"])
        second = await again.ask("operate", selection=chosen["selection"])
    assert first == second
    assert first["ok"]
    assert sum(isinstance(message, Operation) for message in behind.asked) == 1


async def test_what_somebody_else_is_refused_is_no_answer_to_who_may(
    behind: StandIn, enrolled: Path, tmp_path: Path
) -> None:
    operators.enrol(enrolled, "lee", SECRETS["lee"], ("operate",))
    async with opened(behind, tmp_path) as come, come() as kim, come() as lee:
        await hello(kim, "kim")
        await hello(lee, "lee")
        chosen = (await kim.ask("select", equipment="52-A", action="open"))["selection"]
        behind.deaf = True
        async with asyncio.TaskGroup() as group:
            denied = group.create_task(lee.ask("operate", selection=chosen))
            done = group.create_task(kim.ask("operate", selection=chosen))
            while len(behind.asked) < 3:  # noqa: ASYNC110 - a thread is in between
                await asyncio.sleep(0.001)
            behind.tell("command_refused", chosen, user="lee", standing=True)
            await asyncio.sleep(0.001)  # who waits has looked
            for name in ("command_operated", "command_verified"):
                behind.tell(name, chosen, user="kim")
    assert (done.result()["ok"], done.result()["stage"]) == (True, "verified")
    assert not denied.result()["ok"]
    assert denied.result()["text"] == f"{chosen}: command_refused"


@pytest.mark.fault("F60")
async def test_what_was_said_to_a_process_that_stood_still_is_refused_as_late(
    behind: StandIn, tmp_path: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="open")
        behind.tell(door.PAUSED, "")
        for request in (
            {"do": "operate", "selection": chosen["selection"]},
            {"do": "set", "equipment": "ESS-1", "point": "power_setpoint_w", "value": 1e3},
        ):
            assert (await kim.ask(**request))["refused_by"] == "late"
        assert len(behind.recorded("request_refused")) == 2
        cancelled = await kim.ask("cancel", selection=chosen["selection"])
        assert cancelled["ok"], "to take something back it is never too late"
        behind.later_ns += door.OLD_NS
        assert (await kim.ask("select", equipment="52-A", action="open"))["ok"]
    assert [type(m) for m in behind.asked] == [Selection, Cancellation, Selection]


@pytest.mark.parametrize("ends", ["command_failed", "selection_expired", "command_refused"])
async def test_what_did_not_happen_is_no_success(
    behind: StandIn, tmp_path: Path, ends: str
) -> None:
    behind.ends = ends
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="open")
        done = await kim.ask("operate", selection=chosen["selection"])
        assert not done["ok"]
        assert done["stage"] == ends.removeprefix("command_").removeprefix("selection_")


@pytest.mark.fault("F97")
async def test_a_selection_that_has_ended_is_stale(behind: StandIn, tmp_path: Path) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="open")
        assert (await kim.ask("cancel", selection=chosen["selection"]))["stage"] == "cancelled"
        late = await kim.ask("operate", selection=chosen["selection"])
        assert late["refused_by"] == "stale_selection"
    assert [type(message) for message in behind.asked] == [Selection, Cancellation]


@pytest.mark.fault("F66", "F67")
async def test_people_are_refused_while_nothing_can_be_recorded(
    behind: StandIn, tmp_path: Path
) -> None:
    behind.failing = "No space left on device"
    async with opened(behind, tmp_path) as come, come() as kim:
        answer = await kim.ask("select", equipment="52-A", action="open")
        assert answer["refused_by"] == "no_record"
        assert "No space left" in answer["text"]
        assert (await kim.ask("list"))["ok"]
        behind.failing = ""
        assert (await kim.ask("select", equipment="52-A", action="open"))["ok"]
    assert len(behind.asked) == 1


async def test_a_core_that_does_not_answer_is_asked_to_forget_it(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "ANSWER_S", 0.05)
    behind.deaf = True
    async with opened(behind, tmp_path) as come, come() as kim:
        answer = await kim.ask("select", equipment="52-A", action="open")
    assert answer["refused_by"] == "no_answer"
    assert [type(message) for message in behind.asked] == [Selection, Cancellation]


async def test_list_shows_what_is_selected_and_what_obeys(behind: StandIn, tmp_path: Path) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        await kim.ask("select", equipment="52-A", action="open")
        listed = await kim.ask("list", equipment="*-1")
        (chosen,) = listed["selections"]
        assert (chosen["equipment"], chosen["stage"], chosen["lost"]) == (
            "52-A",
            "selected",
            ["R-1"],
        )
        shown = {each["id"]: each for each in listed["equipment"]}
        assert shown["R-1"]["commands"] == []
        (point,) = shown["ESS-1"]["setpoints"]
        assert (point["point"], point["low"], point["high"]) == ("power_setpoint_w", -3e6, 3e6)
        assert point["value"] is None
        assert (await kim.ask("list", equipment="no*"))["refused_by"] == "unknown_equipment"


# Whoever means harm.


@pytest.mark.parametrize(
    "sent",
    [b"\x00\xff\xfe garbage\n", b"[" * 4000 + b"\n", b"[]\n", b'{"do": NaN}\n', b"\n"],
)
@pytest.mark.fault("F100")
async def test_garbage_is_hung_up_on_and_recorded(
    behind: StandIn, tmp_path: Path, sent: bytes
) -> None:
    async with opened(behind, tmp_path) as come, come() as mad:
        mad.writer.write(sent)
        assert (await mad.line())["refused_by"] == "malformed"
        assert await mad.gone()
        async with come() as kim:
            assert (await kim.ask("list"))["ok"]
    (record,) = behind.recorded("request_refused")
    assert record["interlock"] == "malformed"


@pytest.mark.fault("F104")
async def test_a_line_without_an_end_is_hung_up_on(behind: StandIn, tmp_path: Path) -> None:
    async with opened(behind, tmp_path) as come, come() as mad:
        mad.writer.write(b"x" * (LONGEST_LINE + 1))
        assert await mad.gone()


@pytest.mark.fault("F104")
async def test_who_says_nothing_is_hung_up_on_after_a_while(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "NEW_S", 0.1)
    async with opened(behind, tmp_path) as come, come() as slow:
        slow.writer.write(b'{"do"')
        assert await slow.gone()
    assert "said nothing" in behind.recorded("request_refused")[0]["text"]


@pytest.mark.fault("F17", "F104")
async def test_who_has_something_to_say_gets_a_place_before_those_who_only_stand_there(
    behind: StandIn, tmp_path: Path
) -> None:
    path = door_of(tmp_path)
    async with opened(behind, tmp_path) as come, come() as kim:
        chosen = await kim.ask("select", equipment="52-A", action="open")
        # From a thread: only a socket that blocks is let to wait in front of the door.
        idle = [await asyncio.to_thread(Call, path, 10.0) for _ in range(door.CALLERS + 4)]
        late = await asyncio.to_thread(Call, path, 10.0)
        try:
            late.send(do="list")
            (answer,) = await asyncio.to_thread(lambda: [*late.heard()])
            assert answer["ok"]
            assert (await kim.ask("operate", selection=chosen["selection"]))["ok"]
        finally:
            for each in (*idle, late):
                each.close()


@pytest.mark.fault("F17", "F104")
async def test_one_process_cannot_keep_all_places_however_much_it_says(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = os.getuid()
    pids = iter([*range(2, 2 + door.CALLERS - 3), *[1] * 3, 77, *range(100, 200)])
    monkeypatch.setattr(door, "peer_of", lambda _: Peer(next(pids), me, me))
    path = door_of(tmp_path)

    def greeted() -> Call:
        call = Call(path, 10.0)
        call.send(do="list")
        assert [*call.heard()][-1]["ok"]
        return call

    async with opened(behind, tmp_path):
        calls = [await asyncio.to_thread(greeted) for _ in range(door.CALLERS + 1)]
        try:
            with pytest.raises(OSError, match="hung up"):
                await asyncio.to_thread(list, calls[door.CALLERS - 3].heard())
            for call in (calls[0], calls[-1]):
                call.send(do="list")
                answer = await asyncio.to_thread(next, call.heard())
                assert answer["ok"]
        finally:
            for call in calls:
                call.close()


@pytest.mark.fault("F107")
async def test_too_many_commands_are_refused_and_their_records_bounded(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_REQUESTS_HZ", 1e6)
    monkeypatch.setattr(door, "_OWN_HZ", 1e6)
    monkeypatch.setattr(door, "_ORDERS_HZ", 1e-6)  # however long the test takes
    async with opened(behind, tmp_path) as come, come() as mad:
        answers = [await mad.ask("select", equipment="52-A", action="open") for _ in range(200)]
        passed = [answer for answer in answers if answer["ok"]]
        assert len(passed) == len(behind.asked) == 20
        done = await mad.ask("operate", selection=passed[0]["selection"])
        assert done["ok"], "who has selected something can go on with it"
    assert {a["refused_by"] for a in answers if not a["ok"]} == {"too_fast"}
    assert 1 < len(behind.records) < 100


@pytest.mark.fault("F104")
async def test_who_does_not_read_is_hung_up_on(behind: StandIn, tmp_path: Path) -> None:
    async with opened(behind, tmp_path) as come, come() as deaf:
        assert (await deaf.ask("watch"))["ok"]
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for number in range(20_000):
            behind.tell("command_sent", f"x{number}", text="x" * 100)
            if number % 100 == 0:
                await asyncio.sleep(0)
        deaf.reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert await deaf.gone()


# Where it stands.


async def test_a_socket_that_was_left_behind_is_taken_over(behind: StandIn, tmp_path: Path) -> None:
    path = door_of(tmp_path)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    assert not lives(path)
    async with opened(behind, tmp_path) as come, come() as kim:
        assert path.stat().st_mode & 0o777 == 0o600
        assert lives(path)
        assert (await kim.ask("list"))["ok"]


async def test_enrolled_operators_may_come_from_the_group(
    behind: StandIn, tmp_path: Path, enrolled: Path
) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        await kim.ask("list")
        assert door_of(tmp_path).stat().st_mode & 0o777 == 0o660


async def test_a_file_in_the_way_is_said_once_and_left_alone(
    behind: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "AGAIN_S", 0.01)
    path = door_of(tmp_path)
    path.write_text("mine")
    behind.door = door.Door(behind.inside(), path, tmp_path / operators.NAME)
    running = asyncio.create_task(behind.door.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert path.read_text() == "mine"
    (record,) = behind.recorded("door_shut")
    assert "in the way" in record["text"]


def test_a_name_the_kernel_does_not_take_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the kernel takes 107 \(set --state"):
        door_of(tmp_path / ("x" * 100))
