"""Switching by hand: two persons at a running daemon, whoever disturbs them, and what moves."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pymodbus.client import ModbusTcpClient

from daemon.console.wire import Call, door_of, lives
from daemon.journal.frames import records
from daemon.model.points import Register
from daemon.settings import config_dir, load, shift_ports
from tests.integration.processes import Running, ridethrough, stat, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from daemon.model.plant import Site

OFFSET = 4700
FEEDER, SECONDARY, LAST = "52-MCCB-CH3", "52-VCB-S2", "52-MCCB-9"
"""The feeder of a chiller that stands by, a medium-voltage breaker whose load has another, and the
only feeder of a row of servers, which is down for a while after it was opened."""
OTHER = "52-MCCB-8"
OPEN, CLOSED = 1, 2
SECRETS = {"kim": "a long secret", "lee": "another secret"}
ROLES = {"kim": ("operate", "approve"), "lee": ("approve", "operate")}


@dataclass
class Desk:
    """An emulated site, the daemon that looks after it, and people who command.

    Attributes:
        folder: where all of it is.
        site: the site as it is served.
        daemon: the daemon that runs now.
    """

    folder: Path
    site: Site
    daemon: Running

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def start(self) -> None:
        """Start the daemon anew."""
        self.daemon = start_daemon(self.folder)

    def command(self, *words: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Return what the command said to a person."""
        command = ridethrough("command", *words, "--state", str(self.state))
        if user:
            command += ["--user", user, "--secret-file", str(self.folder / user)]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    def as_json(self, *words: str, user: str = "") -> dict[str, Any]:
        """Return the last line of what the command said, which is an object."""
        said = self.command(*words, "--json", user=user)
        body: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
        assert said.returncode == int(not body["ok"]), said
        return body

    def person(self, name: str) -> Person:
        """Return somebody at the door."""
        return Person(self.state, name)

    def position(self, equipment: str) -> int:
        """Return how a breaker stands, as a foreign master reads it."""
        device = self.site.equipment[equipment].device
        assert device is not None
        place = self.site.profiles[device.profile].points["position"]
        assert isinstance(place, Register)
        client = ModbusTcpClient("127.0.0.1", port=self.site.gateways[device.gateway].port)
        with closing(client):
            assert client.connect()
            got = client.read_input_registers(place.address, count=1, device_id=device.unit)
        return int(got.registers[0] >> place.bit & 3)

    def recorded(self, name: str) -> list[dict[str, Any]]:
        """Return the values of the events of a name in the journal."""
        return [
            event["fields"]
            for file in sorted(self.state.glob("journal-*"))
            for record in records(file.read_bytes())
            for event in record.get("events", ())
            if event.get("name") == name
        ]


class Person:
    """Somebody at the door who has said who they are."""

    def __init__(self, state: Path, name: str) -> None:
        self.call = Call(door_of(state), 60.0)
        assert self.ask("hello", user=name, secret=SECRETS[name])["ok"]

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        self.call.send(do=do, **request)
        return [*self.call.heard()][-1]

    def select(self, equipment: str, action: str) -> dict[str, Any]:
        return self.ask("select", equipment=equipment, action=action, reason="a test")

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self.call.close()


def start_daemon(folder: Path) -> Running:
    shifted = ["--port-offset", str(OFFSET), "--json"]
    run = ["run", str(folder / "site.yaml"), "--state", str(folder / "state"), *shifted]
    number = len([*folder.glob("daemon*.log")])
    running = Running(ridethrough(*run), folder / f"daemon{number}.log")
    port = load_site(folder).north.metrics_port
    try:
        running.await_line("people may command")
        wait_for(lambda: is_ready(port), 60.0, lambda: running.output[-2000:])
    except BaseException:
        running.kill()
        raise
    return running


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def load_site(folder: Path) -> Site:
    return shift_ports(load(folder / "site.yaml"), OFFSET).site


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The traditional site, where a medium-voltage breaker is closed by two persons."""
    folder = tmp_path_factory.mktemp("hand")
    text = (config_dir() / "sites" / "traditional.yaml").read_text()
    more = "\ncontrol:\n  operation: {second_approver: [breaker_close, bypass]}\n"
    (folder / "site.yaml").write_text(text.replace("\ncontrol:\n", more, 1))
    emulate = ["emulate", str(folder / "site.yaml"), "--port-offset", str(OFFSET)]
    plant = Running(ridethrough(*emulate), folder / "plant.log")
    found: Desk | None = None
    try:
        plant.await_line("ready")
        for name, secret in SECRETS.items():
            (folder / name).touch(0o600)
            (folder / name).write_text(f"{secret}\n")
        found = Desk(folder, load_site(folder), start_daemon(folder))
        for name, roles in ROLES.items():
            words = [word for role in roles for word in ("--role", role)]
            made = found.command("enrol", name, *words, "--secret-file", str(folder / name))
            assert made.returncode == 0, made.stderr
        found.daemon.await_line("enrolled: kim")
        yield found
        assert "Traceback" not in found.daemon.output
    finally:
        plant.kill()
        if found is not None:
            found.daemon.kill()


def test_two_persons_close_a_breaker_and_it_moves(desk: Desk) -> None:
    opened = desk.as_json("select", SECONDARY, "open", user="kim")
    assert opened["ok"], opened
    assert not opened["needs_approval"]
    done = desk.as_json("operate", opened["selection"], user="kim")
    assert done["stage"] == "verified", done
    assert [v["name"] for v in done["verdicts"]][-3:] == ["operated", "sent", "verified"]
    await_position(desk, SECONDARY, OPEN)
    with desk.person("kim") as kim, desk.person("lee") as lee:
        chosen = wait_for_selection(kim, SECONDARY, "close")
        assert chosen["needs_approval"]
        assert 50 < chosen["left_s"] <= 60
        early = kim.ask("operate", selection=chosen["selection"])
        assert not early["ok"]
        alone = kim.ask("approve", selection=chosen["selection"])
        assert not alone["ok"]
        assert desk.position(SECONDARY) == OPEN
        agreed = lee.ask("approve", selection=chosen["selection"])
        assert (agreed["ok"], agreed["stage"]) == (True, "approved")
        assert 0 < agreed["left_s"] <= 5
        stolen = lee.ask("operate", selection=chosen["selection"])
        assert not stolen["ok"]
        done = kim.ask("operate", selection=chosen["selection"])
    assert done["stage"] == "verified", done
    assert desk.position(SECONDARY) == CLOSED
    (approved,) = desk.recorded("command_approved")
    assert approved["selection"] == chosen["selection"]


def await_position(desk: Desk, equipment: str, wanted: int) -> None:
    wait_for(lambda: desk.position(equipment) == wanted, 5.0, lambda: f"{equipment}: not {wanted}")


def wait_for_selection(person: Person, equipment: str, action: str, *bypass: str) -> dict[str, Any]:
    """Return a selection as soon as the interlocks let it be: a spring has to be charged first."""

    def look() -> dict[str, Any] | None:
        wanted = {"equipment": equipment, "action": action, "bypass": [*bypass]}
        answer = person.ask("select", **wanted)
        last.append(answer)
        if answer["ok"]:
            return answer
        time.sleep(0.5)  # who asks faster is told to wait
        return None

    last: list[dict[str, Any]] = []
    found = wait_for(look, 30.0, lambda: str(last[-1:]))
    assert found
    return found


@pytest.mark.fault("F93")
def test_a_second_selection_is_told_who_has_the_device(desk: Desk) -> None:
    with desk.person("kim") as kim, desk.person("lee") as lee:
        chosen = kim.select(FEEDER, "open")
        assert chosen["ok"], chosen
        refused = lee.select(FEEDER, "open")
        assert not refused["ok"]
        assert "kim" in refused["text"]
        assert kim.ask("cancel", selection=chosen["selection"])["ok"]
        free = lee.select(FEEDER, "open")
        assert free["ok"], free
        assert lee.ask("cancel", selection=free["selection"])["ok"]
    assert desk.position(FEEDER) == CLOSED


@pytest.mark.fault("F97")
def test_a_selection_that_was_left_lying_expires_and_does_nothing(desk: Desk) -> None:
    with desk.person("kim") as kim:
        chosen = kim.select(FEEDER, "open")
        assert chosen["ok"], chosen
        news = next(kim.call.heard())
        assert (news["news"], news["selection"]) == ("selection_expired", chosen["selection"])
        late = kim.ask("operate", selection=chosen["selection"])
        assert late["refused_by"] == "stale_selection"
    assert desk.position(FEEDER) == CLOSED


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("select", "52-VCB-S9", "open"), "unknown_equipment"),
        (("select", "U-1", "open"), "foreign_device"),
        (("select", FEEDER, "explode"), "unknown_action"),
        (("operate", "1-4711"), "unknown_selection"),
        (("operate", "0-1"), "stale_selection"),
    ],
)
@pytest.mark.fault("F94", "F100")
def test_what_is_refused_says_why_and_is_in_the_journal(
    desk: Desk, words: tuple[str, ...], name: str
) -> None:
    before = len(desk.recorded("request_refused"))
    said = desk.command(*words, user="kim")
    assert said.returncode == 1
    assert said.stderr.endswith(f" [{name}]\n")
    last = desk.recorded("request_refused")[before:][0]
    assert (last["user"], last["interlock"]) == ("kim", name)


@pytest.mark.fault("F96", "F99", "F101", "F108")
def test_nobody_commands_without_the_secret(desk: Desk, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("canary of a secret\n")
    said = subprocess.run(
        ridethrough(
            *("command", "select", FEEDER, "open", "--state", str(desk.state)),
            *("--user", "kim", "--secret-file", str(wrong), "--json"),
        ),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert json.loads(said.stdout.splitlines()[-1])["refused_by"] == "wrong_secret"
    nobody = desk.as_json("select", FEEDER, "open")
    assert nobody["refused_by"] == "role"
    assert "--user" in nobody["text"]
    wrong.chmod(0o644)
    bare = desk.command("list", "--user", "kim", "--secret-file", str(wrong))
    assert "chmod 600" in bare.stderr
    everything = b"".join(p.read_bytes() for p in desk.state.iterdir() if p.is_file())
    for secret in (*SECRETS.values(), "canary of a secret"):
        assert secret.encode() not in everything
        assert secret not in desk.daemon.output


@pytest.mark.fault("F62")
def test_a_client_that_is_killed_between_select_and_operate_moves_nothing(desk: Desk) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from tests.integration.test_commands_by_hand import Person;"
        f"kim = Person(Path({str(desk.state)!r}), 'kim');"
        f"print(kim.select({FEEDER!r}, 'open')['selection'], flush=True); time.sleep(60)"
    )
    client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    with client:
        name = client.stdout.readline().strip()
        client.send_signal(signal.SIGKILL)
    with desk.person("lee") as lee:
        assert not lee.ask("operate", selection=name)["ok"]
        chosen = wait_for_selection(lee, FEEDER, "open")
        assert lee.ask("cancel", selection=chosen["selection"])["ok"]
    assert desk.position(FEEDER) == CLOSED
    assert any(e["selection"] == name for e in desk.recorded("selection_expired"))


@pytest.mark.fault("F62")
def test_a_daemon_that_starts_anew_knows_the_tags_that_hang_and_no_selection(desk: Desk) -> None:
    with desk.person("kim") as kim:
        hung = kim.select(FEEDER, "tag")
        assert hung["ok"], hung
        assert kim.ask("operate", selection=hung["selection"])["stage"] == "verified"
        wait_for((desk.state / "tags.json").exists, 5.0, lambda: "the tag is not kept")
        chosen = kim.select(FEEDER, "open")
        assert chosen["ok"], chosen
        desk.daemon.kill()
        with pytest.raises(ConnectionError):
            kim.ask("operate", selection=chosen["selection"])
    gone = desk.command("list")
    assert gone.returncode == 1
    assert "no daemon runs" in gone.stderr
    desk.start()
    said = desk.as_json("operate", chosen["selection"], user="kim")
    assert said["refused_by"] == "stale_selection"
    assert "started anew" in said["text"]
    assert desk.position(FEEDER) == CLOSED
    assert f"maintenance tag on {FEEDER}: kim" in desk.command("list", user="kim").stdout
    with desk.person("kim") as kim:
        opened = kim.select(FEEDER, "open")
        assert kim.ask("operate", selection=opened["selection"])["ok"]
        assert kim.select(FEEDER, "close")["refused_by"] == "maintenance"
        untagged = kim.select(FEEDER, "untag")
        assert kim.ask("operate", selection=untagged["selection"])["ok"]
        closed = kim.select(FEEDER, "close")
        assert kim.ask("operate", selection=closed["selection"])["ok"]
    assert desk.position(FEEDER) == CLOSED


def test_a_second_daemon_with_the_same_state_folder_is_refused(desk: Desk) -> None:
    run = ["run", str(desk.folder / "site.yaml"), "--state", str(desk.state)]
    said = subprocess.run(
        ridethrough(*run), capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 1
    assert "another daemon runs with it" in said.stderr
    assert lives(door_of(desk.state))


def test_a_person_at_a_terminal_types_operate_and_the_breaker_moves(desk: Desk) -> None:
    for action, to in (("open", OPEN), ("close", CLOSED)):
        await_selectable(desk, FEEDER, action)
        with Terminal(desk, "kim", "select", FEEDER, action) as kim:
            assert "would lose supply: nothing" in kim.awaits("type `operate`")
            kim.types("operate")
        assert kim.code == 0, kim.seen
        await_position(desk, FEEDER, to)


def test_who_types_anything_else_has_changed_nothing(desk: Desk) -> None:
    with Terminal(desk, "kim", "select", FEEDER, "open") as kim:
        kim.awaits("type `operate`")
        kim.types("better not")
    assert kim.code == 1, kim.seen
    assert "cancelled" in kim.seen
    with Terminal(desk, "kim", "select", FEEDER, "open") as kim:
        kim.awaits("type `operate`")
        kim.awaits("expired")
    assert kim.code == 1, kim.seen
    assert desk.position(FEEDER) == CLOSED


def test_two_persons_at_two_terminals(desk: Desk) -> None:
    await_selectable(desk, LAST, "open", "last_feed")
    with Terminal(desk, "kim", "select", LAST, "open", "--bypass", "last_feed") as kim:
        name = kim.awaits("a second person approves").partition(":")[0].split()[-1]
        with Terminal(desk, "lee", "approve", name) as lee:
            shown = lee.awaits("type `approve`")
            assert f"{LAST} open by kim" in shown
            assert "would lose supply: SR-9" in shown
            lee.types("approve")
        assert lee.code == 0, lee.seen
        kim.awaits("type `operate`")
        kim.types("operate")
    assert kim.code == 0, kim.seen
    await_position(desk, LAST, OPEN)
    await_selectable(desk, LAST, "close")
    with Terminal(desk, "kim", "select", LAST, "close") as kim:
        kim.awaits("type `operate`")
        kim.types("operate")
    await_position(desk, LAST, CLOSED)


def await_selectable(desk: Desk, equipment: str, action: str, *bypass: str) -> None:
    """Wait until an action is let pass: a spring may have to be charged first."""
    with desk.person("kim") as kim:
        chosen = wait_for_selection(kim, equipment, action, *bypass)
        kim.ask("cancel", selection=chosen["selection"])


@pytest.mark.fault("F94")
def test_the_last_feed_of_a_row_is_opened_by_two_persons_who_know_what_is_lost(desk: Desk) -> None:
    with desk.person("kim") as kim, desk.person("lee") as lee:
        refused = kim.select(OTHER, "open")
        assert (refused["ok"], refused["refused_by"]) == (False, "last_feed")
        assert refused["lost"] == ["SR-8"]
        never = kim.ask("select", equipment=OTHER, action="open", bypass=["earthed"])
        assert never["refused_by"] == "not_bypassable"
        chosen = kim.ask("select", equipment=OTHER, action="open", bypass=["last_feed"])
        assert (chosen["ok"], chosen["needs_approval"]) == (True, "bypass"), chosen
        assert chosen["lost"] == ["SR-8"]
        listed = lee.ask("list")["selections"]
        assert [(each["bypass"], each["lost"]) for each in listed] == [(["last_feed"], ["SR-8"])]
        assert lee.ask("approve", selection=chosen["selection"])["ok"]
        done = kim.ask("operate", selection=chosen["selection"])
        assert done["stage"] == "verified", done
        await_position(desk, OTHER, OPEN)
        back = wait_for_selection(kim, OTHER, "close")
        assert kim.ask("operate", selection=back["selection"])["ok"]
    await_position(desk, OTHER, CLOSED)


class Terminal:
    """A command at a terminal of its own, and the person who looks at it.

    Attributes:
        seen: everything that stood on the screen.
        code: how the command ended.
    """

    def __init__(self, desk: Desk, user: str, *words: str) -> None:
        self._command = ridethrough("command", *words, "--state", str(desk.state))
        self._command += ["--user", user, "--secret-file", str(desk.folder / user)]
        self.seen = ""
        self.code = -1

    def __enter__(self) -> Terminal:
        self._own, other = pty.openpty()
        self._process = subprocess.Popen(self._command, stdin=other, stdout=other, stderr=other)
        os.close(other)
        return self

    def __exit__(self, *_: object) -> None:
        while self._read():
            pass
        os.close(self._own)
        self.code = self._process.wait(60)

    def _read(self) -> bool:
        try:
            data = os.read(self._own, 4096)
        except OSError:  # the terminal closes with its last process
            return False
        self.seen += data.decode()
        return True

    def awaits(self, words: str) -> str:
        """Return what is seen when `words` are."""
        while words not in self.seen:
            assert self._read(), self.seen
        return self.seen

    def types(self, word: str) -> None:
        os.write(self._own, f"{word}\n".encode())


def noise(path: str, until_s: float) -> None:
    """Be mad at the door: come, stand there, send garbage, half lines, too much."""
    standing: list[socket.socket] = []
    while time.monotonic() < until_s:
        time.sleep(0.002)  # it is the door that is stormed, not the processor
        wire = socket.socket(socket.AF_UNIX)
        wire.setblocking(False)
        try:
            wire.connect(path)
            wire.send(
                [b"garbage\n", b'{"do": "sel', b"x" * 65536, b'{"do": "list"}\n' * 500][
                    len(standing) % 4
                ]
            )
        except OSError:
            wire.close()
        else:
            standing.append(wire)
        while len(standing) > 100:
            standing.pop(0).close()
    for wire in standing:
        wire.close()


@pytest.mark.fault("F17", "F104")
def test_the_scan_and_the_people_do_not_mind_a_mad_client(desk: Desk) -> None:
    """What the daemon uses while the door is stormed is compared with what it uses in peace."""
    for_s = 6.0

    def used(act: Callable[[], object]) -> float:
        before_s, began_s = processor_s(desk.daemon.process.pid), time.monotonic()
        act()
        took_s = time.monotonic() - began_s
        return (processor_s(desk.daemon.process.pid) - before_s) / took_s

    peace = used(lambda: time.sleep(for_s))
    scans = counted(desk, "ridethrough_scans_total")
    code = (
        "import time; from tests.integration.test_commands_by_hand import noise;"
        f"noise({str(door_of(desk.state))!r}, time.monotonic() + {for_s})"
    )
    storm = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]

    def command() -> None:
        while any(each.poll() is None for each in storm):
            answers.append(desk.as_json("list", user="kim"))
            time.sleep(0.5)

    answers: list[dict[str, Any]] = []
    storm_used = used(command)
    assert all(answer["ok"] for answer in answers), answers
    assert storm_used < peace + 0.15, (peace, storm_used)
    assert counted(desk, "ridethrough_scans_total") > scans
    recorded = desk.recorded("request_refused")
    assert len(recorded) < 200
    assert desk.daemon.process.poll() is None


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used [s]."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def counted(desk: Desk, name: str) -> float:
    """Return the sum of a metric over its labels."""
    url = f"http://127.0.0.1:{desk.site.north.metrics_port}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    found = [float(x.rpartition(" ")[2]) for x in lines if x.startswith(f"{name}{{")]
    assert found, [x for x in lines if "scan" in x][:10]
    return sum(found)
