"""The file of operators: what it takes, what it refuses, and how slow a secret is to work out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from daemon.console import operators
from daemon.console.operators import OperatorsError

SECRET = "a long secret"


def entry(**changed: Any) -> dict[str, Any]:
    return {"roles": ["operate"], "salt": "00" * 16, "key": "11" * 32, **changed}


def written(folder: Path, body: Any, mode: int = 0o600) -> Path:
    file = folder / operators.NAME
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    file.chmod(mode)
    return file


def test_enrolled_is_known_again_by_the_secret_alone(tmp_path: Path) -> None:
    file = tmp_path / operators.NAME
    assert operators.load(file) is None
    operators.enrol(file, "kim", SECRET, ["operate", "approve"])
    known = operators.load(file)
    assert known is not None
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in file.read_text()
    found = operators.proven(known, "kim", SECRET)
    assert found is not None
    assert found.roles == {"view", "operate", "approve"}
    assert operators.proven(known, "kim", SECRET + " ") is None
    assert operators.proven(known, "lee", SECRET) is None


def test_two_with_one_secret_have_two_hashes(tmp_path: Path) -> None:
    file = tmp_path / operators.NAME
    kim = operators.enrol(file, "kim", SECRET, ["operate"])
    lee = operators.enrol(file, "lee", SECRET, ["operate"])
    assert kim.key != lee.key


def test_dismissed_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    file = written(tmp_path, {"version": 1, "operators": {"kim": entry(), "lee": entry()}})
    operators.dismiss(file, "kim")
    assert (operators.load(file) or {}).keys() == {"lee"}
    with pytest.raises(ValueError, match=r"no operator is called 'kim' \(enrolled: lee\)"):
        operators.dismiss(file, "kim")


@pytest.mark.fault("F69")
def test_what_an_interrupted_enrolment_left_is_written_over(tmp_path: Path) -> None:
    file = written(tmp_path, {"version": 1, "operators": {"kim": entry()}})
    (tmp_path / f".{operators.NAME}.new").write_text("half of")
    operators.enrol(file, "lee", SECRET, ["approve"])
    assert (operators.load(file) or {}).keys() == {"kim", "lee"}
    assert [path.name for path in tmp_path.iterdir()] == [operators.NAME]


@pytest.mark.parametrize(
    ("name", "secret", "said"),
    [
        ("Kim", SECRET, "no name"),
        ("", SECRET, "no name"),
        ("kim\n", SECRET, "no name"),
        ("k" * 40, SECRET, "no name"),
        ("kim", "short", "10 to 200"),
        ("kim", "x" * 201, "10 to 200"),
    ],
)
def test_a_name_or_a_secret_that_will_not_do(
    tmp_path: Path, name: str, secret: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        operators.enrol(tmp_path / operators.NAME, name, secret, ["operate"])
    assert not (tmp_path / operators.NAME).exists()


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 100_000, '{"version": 1}', "x" * 2_000_000])
@pytest.mark.fault("F68", "F99")
def test_what_is_no_file_of_operators_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(OperatorsError, match="is not of the form"):
        operators.load(written(tmp_path, body))


@pytest.mark.fault("F87", "F98")
def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    wrong = {
        "Kim": entry(),
        "lee": entry(roles=["admin"]),
        "pat": entry(key="11" * 31, salt="zz" * 16),
        "tom": entry(algorithm="none"),
        "ann": [],
    }
    with pytest.raises(OperatorsError) as error:
        operators.load(written(tmp_path, {"version": 1, "operators": wrong}))
    lines = str(error.value).splitlines()
    assert [line.partition("operators.json: ")[2].split(":")[0] for line in lines] == [
        "operators.Kim",
        "operators.lee.roles",
        "operators.pat.salt",
        "operators.pat.key",
        "operators.tom.algorithm",
        "operators.ann",
    ]
    assert "valid: view, operate, approve" in lines[1]
    with pytest.raises(OperatorsError, match=r"version: is not known \(valid: 1\)"):
        operators.load(written(tmp_path, {"version": 2, "operators": {}}))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660])
@pytest.mark.fault("F108")
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path, {"version": 1, "operators": {}}, mode)
    with pytest.raises(OperatorsError, match="chmod 600"):
        operators.load(file)
    with pytest.raises(OperatorsError, match="chmod 600"):
        operators.enrol(file, "kim", SECRET, ["operate"])


def test_a_link_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    real = written(tmp_path, {"version": 1, "operators": {}})
    link, folder, pipe = tmp_path / "link", tmp_path / "folder", tmp_path / "pipe"
    link.symlink_to(real)
    folder.mkdir(0o700)
    os.mkfifo(pipe, 0o600)
    for path in (link, folder, pipe):
        with pytest.raises(OperatorsError, match=str(path)):
            operators.load(path)
