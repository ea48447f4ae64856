"""A Docker engine, the base image, and our image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.integration.processes import Running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BASE = "python:3.11-slim-bookworm"
TAG = "ridethrough:test"
GROUP = "ridethrough-tests"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


class Engine:
    """Talks to an engine with the command line that people use."""

    def __init__(self, host: str) -> None:
        """Use the engine at `host`, as DOCKER_HOST has it."""
        self.host = host
        self.environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"}
        # Debian's: a newer one that stands before it would want what is not installed.
        debian = Path("/usr/bin/docker")
        self.program = str(debian) if debian.exists() else "docker"

    def ended(
        self, *arguments: str, timeout_s: float = 60.0, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a docker command and return how it ended."""
        return subprocess.run(
            [self.program, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            **more,
        )

    def __call__(self, *arguments: str, timeout_s: float = 60.0, **more: Any) -> str:
        """Run a docker command and return what it says; fail unless it went well."""
        done = self.ended(*arguments, timeout_s=timeout_s, **more)
        assert done.returncode == 0, f"docker {arguments}: {done.stdout[-3000:]}{done.stderr}"
        return done.stdout.strip()

    def look(self, container: str) -> dict[str, Any]:
        """Return what the engine knows of a container."""
        found: dict[str, Any] = json.loads(self("inspect", container))[0]
        return found

    def health(self, container: str) -> str:
        """Return what the health check says of a container that runs."""
        return str(self.look(container)["State"].get("Health", {}).get("Status"))

    def log(self, container: str) -> str:
        """Return everything that a container has said."""
        done = self.ended("logs", container)
        return done.stdout + done.stderr

    def await_health(self, container: str, timeout_s: float = 90.0) -> None:
        """Wait until a container is healthy."""
        wait_for(
            lambda: self.health(container) == "healthy",
            timeout_s,
            lambda: f"{container} is {self.health(container)}:\n{self.log(container)[-3000:]}",
        )


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Yield the engine that is there, or one of our own in `folder`.

    A run that was killed leaves its folder and perhaps containers: they are taken over and removed.
    """
    if host := os.environ.get("DOCKER_HOST"):
        yield _cleared(Engine(host))
        return
    _await_end_of_other(folder / "d.pid")
    (folder / "exec").mkdir(parents=True, exist_ok=True)
    host = f"unix://{folder / 'd.sock'}"
    # It ends in order when these tests are killed.
    command = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", host]
    command += ["--data-root", str(folder / "root"), "--exec-root", str(folder / "exec")]
    command += ["--pidfile", str(folder / "d.pid"), "--containerd-namespace", "ridethrough"]
    command += ["--iptables=false", "--ip6tables=false", "--bridge=none"]
    command += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{GROUP}"]
    server = Running(command, folder / "dockerd.log")
    try:
        own = Engine(host)
        wait_for(
            lambda: own.ended("info").returncode == 0, 120.0, lambda: f"no engine: {server.output}"
        )
        _prefer_containers()
        yield _cleared(own)
    finally:
        server.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(30)
        server.kill()
        _unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _prefer_containers() -> None:
    """Give containers the processor before all else, as the computer of a plant does."""
    for tree, file, most in (("cpu", "cpu.shares", "262144"), ("", "cpu.weight", "10000")):
        with suppress(OSError):
            group = Path("/sys/fs/cgroup", tree, GROUP)
            group.mkdir(exist_ok=True)
            (group / file).write_text(most)


def _await_end_of_other(pidfile: Path) -> None:
    """Wait until the engine of a run that was killed has ended."""
    if pidfile.exists():
        other = Path("/proc", pidfile.read_text().strip(), "cmdline")
        wait_for(
            lambda: not other.exists() or b"dockerd" not in other.read_bytes(),
            60.0,
            lambda: f"another run of these tests goes on: {pidfile}",
        )


def _cleared(own: Engine) -> Engine:
    """Remove what containers of ours a run has left that was killed."""
    if left := own("ps", "-aq", "--filter", f"ancestor={TAG}").split():
        own("rm", "-f", "-v", *left)
    return own


def _unmount_below(folder: Path) -> None:
    """Unmount what an engine leaves: its data, and the name space of the network."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in sorted((p for p in mounted if p.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", place], check=False)


def need_base(own: Engine, folder: Path) -> None:
    """Have the base image: there already, pulled, or made of Debian packages."""
    if own.ended("image", "inspect", BASE).returncode == 0:
        return
    if own.ended("pull", BASE, timeout_s=120).returncode == 0:
        return
    root = folder / "base"
    packages = "--include=ca-certificates,python3,python3-pip,python3-venv"
    made = ["debootstrap", "--variant=minbase", packages, "bookworm", str(root), _archive()]
    done = subprocess.run(made, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    for folder_ in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(root / folder_, ignore_errors=True)
    (root / "usr/bin/python").symlink_to("python3")
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()
    (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    # Needed behind an authority of one's own.
    shutil.copy(AUTHORITIES, root / "etc/ssl/certs")
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
        trust = [f"ENV {name}={AUTHORITIES}" for name in ("SSL_CERT_FILE", "PIP_CERT")]
        changes = [part for line in trust for part in ("-c", line)]
        own("import", *changes, "-", BASE, stdin=packed.stdout, timeout_s=300)
    shutil.rmtree(root)


def _archive() -> str:
    """Return the address of the archive that this machine takes its packages from."""
    form = "$(CREATED_BY) $(COMPONENT) $(CODENAME) $(SITE)"
    asked = ["apt-get", "indextargets", "--format", form]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    # An archive has all suites of it; those of updates and security are others.
    if found := re.search(r"^Packages main [a-z]+ (\S+)$", said, re.MULTILINE):
        return found[1]
    raise AssertionError(f"no package archive that has bookworm:\n{said}")


def build(own: Engine) -> str:
    """Build our image and return its tag."""
    own("build", "--network", "host", "-t", TAG, str(ROOT), timeout_s=1200)
    return TAG
