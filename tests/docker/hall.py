"""The AI hall under compose, as the compose file has it but on the network of the host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.docker.engine import ROOT, TAG
from tests.integration.processes import Running, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docker.engine import Engine

OFFSET = 5000
METRICS = f"http://127.0.0.1:{9464 + OFFSET}"
BROKER_PORT = 1883 + OFFSET
FILES = ("compose.yaml", "tests/docker/compose.ci.yaml")
SCENARIO_S = 116
"""A moment after the end of extended_outage."""
SECRET = "a secret of the tests"
MISSED_PU, SLIPPED_S = 0.02, 0.2
"""Beyond these the machine was too busy for a run in real time to tell much of the daemon."""


def metric(name: str) -> float:
    """Return a figure of the daemon, which must be there once."""
    with urllib.request.urlopen(f"{METRICS}/metrics", timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name)).rsplit(" ", 1)[1])


def answer(path: str) -> tuple[int, str]:
    """Return code and text of an answer of the daemon; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"{METRICS}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


class Hall:
    """Emulators, daemon, and a broker that asks for passwords."""

    def __init__(self, own: Engine, name: str, folder: Path, program: Callable[[str], str]) -> None:
        """Start the broker; containers are called after `name`."""
        self.docker, self.name, self.folder = own, name, folder
        self._program = program
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        (self.secrets / "daemon").write_text(SECRET)
        (self.secrets / "daemon").chmod(0o444)
        self.broker = self._broker()
        self.talk: Running | None = None
        self.slots_missed_pu = self.slipped_s = 0.0

    def _broker(self) -> Running:
        passwd = self.folder / "passwd"
        for number, user in enumerate(("daemon", "reader")):
            create = [] if number else ["-c"]
            made = [self._program("mosquitto_passwd"), *create, "-b", str(passwd), user, SECRET]
            subprocess.run(made, check=True, capture_output=True)
        said = (ROOT / "config/mosquitto/mosquitto.conf").read_text()
        said = said.replace("listener 1883", f"user root\nlistener {BROKER_PORT} 127.0.0.1")
        said = said.replace("/mosquitto/secrets/passwd", str(passwd))
        said = said.replace("/mosquitto/config", str(ROOT / "config/mosquitto"))
        said = said.replace("/mosquitto/data/", f"{self.folder}/")
        (self.folder / "mosquitto.conf").write_text(said)
        command = ["setpriv", "--pdeathsig", "KILL", self._program("mosquitto")]
        command += ["-c", str(self.folder / "mosquitto.conf")]
        return Running(command, self.folder / "mosquitto.log")

    def compose(self, *arguments: str, timeout_s: float = 120.0) -> str:
        """Run a compose command on the files of the tests."""
        files = [part for name in FILES for part in ("-f", str(ROOT / name))]
        done = subprocess.run(
            ["docker-compose", "-p", self.name, *files, *arguments],
            env={
                **self.docker.environment,
                "SECRETS": str(self.secrets),
                "RIDETHROUGH_TAG": TAG.partition(":")[2],
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def container(self, service: str) -> str:
        """Return the id of the container of a service."""
        return self.compose("ps", "-q", service).strip()

    def up(self, *services: str) -> None:
        """Start services, and nothing beside them."""
        self.compose("up", "--no-deps", "-d", *services)

    def serve_plant(self) -> None:
        """Start the emulators; the plant is undisturbed."""
        self.up("emulators")
        self.await_said("emulators", "ready", timeout_s=60)

    def start(self) -> None:
        """Let the scenario begin; the emulators would end with their standard input."""
        attach = [
            "env",
            f"DOCKER_HOST={self.docker.host}",
            self.docker.program,
            "attach",
            self.container("emulators"),
        ]
        self.talk = Running(attach, self.folder / "emulators.log")
        self.talk.say("start")
        self.await_said("emulators", " 1.000 s", timeout_s=30)

    def await_said(self, service: str, words: str, timeout_s: float) -> None:
        """Wait until a service has said something."""
        container = self.container(service)
        wait_for(
            lambda: words in self.docker.log(container),
            timeout_s,
            lambda: f"no {words!r}:\n{self.docker.log(container)[-3000:]}",
        )

    def kill_daemon(self) -> None:
        """End the daemon as a crash would: the engine is not asked."""
        state = self.docker.look(self.container("daemon"))["State"]
        os.kill(state["Pid"], signal.SIGKILL)

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """Wait for the end of the scenario; return what was expected, each with what was seen."""
        self.await_said("emulators", f" {SCENARIO_S}.000 s", timeout_s=2 * SCENARIO_S)
        scans, missed = self._counted()
        container = self.container("emulators")
        self.compose("stop", "emulators")
        last = self.docker.log(container).strip().splitlines()[-1]
        report: dict[str, Any] = json.loads(last)
        self.slots_missed_pu = missed / (scans + missed)
        self.slipped_s = float(report["slipped_s"])
        return {one["name"]: one for one in report["expectations"]}

    def _counted(self) -> tuple[float, float]:
        """Return scans and slots missed by the switching lane; no slot of a daemon that ended."""
        if not answer("/livez")[0]:
            return 1.0, 0.0
        name = 'ridethrough_scan{}_total{{lane="switching"}}'
        return metric(name.format("s")), metric(name.format("_overruns"))

    @property
    def starved(self) -> str:
        """Return how the machine kept plant or daemon from their time in the last run, or ""."""
        said = f"slots missed {self.slots_missed_pu:.1%}, plant behind {self.slipped_s:.2f} s"
        late = self.slots_missed_pu > MISSED_PU or self.slipped_s > SLIPPED_S
        return said if late else ""

    def begin(self) -> None:
        """Have the undisturbed plant, anew, and a daemon that has read it."""
        self.compose("down", "--volumes", "--timeout", "10")
        if self.talk is not None:
            self.talk.kill()
        self.serve_plant()
        self.up("daemon")
        self.docker.await_health(self.container("daemon"))

    def heard(self, user: str, topic: str, seconds: int = 3) -> str:
        """Return what a subscriber hears within some seconds."""
        command = [self._program("mosquitto_sub"), "-p", str(BROKER_PORT), "-u", user]
        command += ["-P", SECRET, "-t", topic, "-v", "-W", str(seconds)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def down(self) -> None:
        """End everything and forget it."""
        try:
            self.compose("down", "--volumes", "--timeout", "10")
        finally:
            for one in (self.talk, self.broker):
                if one is not None:
                    one.kill()
