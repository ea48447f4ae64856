"""The image alone: what it may do, and what it says when it is started wrongly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.docker.engine import ROOT, TAG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docker.engine import Engine

pytestmark = pytest.mark.timeout(1800)

HARDENED = (
    "--rm", "--network", "host", "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--tmpfs", "/tmp",
)  # fmt: skip
PROBE = """
import os, sys
status = open("/proc/self/status").read()
print(os.getuid(), [l.split()[1] for l in status.splitlines() if l.startswith("CapEff")][0])
try:
    open("/opt/ridethrough/x", "w")
except OSError as error:
    print(type(error).__name__)
print(sys.flags.optimize, __debug__)
"""


def test_it_is_nobody_may_nothing_and_keeps_its_assertions(docker: Engine) -> None:
    said = docker("run", *HARDENED, "--entrypoint", "python", TAG, "-c", PROBE)
    assert said.splitlines()[0] == "10001 0000000000000000"
    assert said.splitlines()[1] in {"PermissionError", "OSError"}
    assert said.splitlines()[2] == "0 True"


def test_it_is_no_larger_than_it_has_to_be(docker: Engine) -> None:
    size_mb = int(docker("image", "inspect", "-f", "{{.Size}}", TAG)) / 1e6
    print(f"image: {size_mb:.0f} MB")
    assert size_mb < 520


def test_what_came_along_is_in_order(docker: Engine) -> None:
    assert "ridethrough" in docker("run", *HARDENED, TAG, "--version")
    said = docker("run", *HARDENED, TAG, "schema")
    assert said.startswith("{")


def test_the_bill_of_materials_names_what_was_locked(docker: Engine) -> None:
    bill = json.loads(
        docker("run", *HARDENED, "--entrypoint", "cat", TAG, "/opt/ridethrough/sbom.json")
    )
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    refs = [each["bom-ref"] for each in bill["components"] if "bom-ref" in each]
    assert len(refs) == len(set(refs))
    # Debian has packages of the same name.
    ours = [each for each in bill["components"] if "pkg:deb/" not in each.get("bom-ref", "")]
    there = {each["name"]: each["version"] for each in ours}
    lock = (ROOT / "requirements/runtime.txt").read_text()
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)(?![^\n]*;)", lock, re.MULTILINE))
    assert len(locked) > 20
    assert {name: there.get(name) for name in locked} == locked
    assert {"ridethrough", "python"} <= there.keys()
    assert "libc6" in {each["name"] for each in bill["components"]}
    assert not {"pip", "setuptools", "pytest"} & {
        ref.partition("@")[0].removeprefix("pkg:pypi/") for ref in refs if "pypi" in ref
    }


def refused(docker: Engine, *arguments: str) -> str:
    """Return the one line that a start is refused with."""
    done = docker.ended("run", *HARDENED, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_a_missing_secret_is_said_in_one_sentence(docker: Engine) -> None:
    run = ("run", "ai_hall", "--mqtt-user", "daemon", "--mqtt-secret", "/run/secrets/mqtt")
    said = refused(docker, TAG, *run)
    assert said.endswith("/run/secrets/mqtt: No such file or directory")


def test_a_state_folder_that_cannot_be_written_is_said_in_one_sentence(
    docker: Engine, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    mount = f"{tmp_path}:/var/lib/ridethrough:ro"
    said = refused(docker, "-v", mount, TAG, "run", "ai_hall", "--state", "/var/lib/ridethrough")
    assert "is not writable" in said
    assert "--state" in said


def test_a_mount_that_is_not_what_it_should_be_is_said_in_one_sentence(
    docker: Engine, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    # What the engine makes when the file on the host does not exist.
    said = refused(docker, "-v", f"{tmp_path}:/site.yaml:ro", TAG, "run", "/site.yaml")
    assert "/site.yaml" in said
