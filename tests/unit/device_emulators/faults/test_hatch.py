from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.faults import hatch
from device_emulators.faults.hatch import LONGEST, Hatch
from tests.small_board import small_board

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the desk of a small board listens, in a folder of its own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return hatch.path_of(small_board(1502, 4840))


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return path.stat().st_mode & 0o777


def left_behind(path: Path) -> None:
    """Leave a socket as a desk that was killed does."""
    path.touch()


def repeated(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was asked."""
    return {"ok": True, "asked": request}


async def test_a_request_is_answered_and_the_socket_goes_with_the_desk(path: Path) -> None:
    assert path.name == "board-1502.sock"
    mine = Hatch(path, repeated)
    await mine.open()
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert hatch.paths_of(small_board(1502, 4840)) == [path]
    assert hatch.paths_of(small_board(1602, 4940)) == []
    assert hatch.desks() == ["board-1502"]
    answer = await asyncio.to_thread(hatch.ask, path, {"do": "list"})
    assert answer == {"ok": True, "asked": {"do": "list"}}
    await mine.close()
    assert hatch.desks() == []
    with pytest.raises(FileNotFoundError):
        hatch.ask(path, {})


def test_a_desk_that_was_killed_is_not_named(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert hatch.desks() == []


@pytest.mark.fault("F100")
@pytest.mark.parametrize(
    "line", [b"what?\n", b"[1]\n", b"\xff\xfe\n", b"[" * 50_000 + b"\n", b"nan\n"]
)
async def test_nonsense_is_refused_and_the_hatch_stays_open(path: Path, line: bytes) -> None:
    mine = Hatch(path, repeated)
    await mine.open()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    assert json.loads(await reader.readline())["ok"] is False
    writer.write(b"{}\n")
    assert json.loads(await reader.readline())["ok"] is True
    writer.close()
    await mine.close()


@pytest.mark.fault("F104")
async def test_who_never_ends_a_line_is_hung_up_on(path: Path) -> None:
    mine = Hatch(path, repeated)
    await mine.open()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"x" * (LONGEST + 2))
    assert await reader.read() == b""
    writer.close()
    await mine.close()


async def test_two_desks_cannot_share_a_socket_but_a_dead_one_leaves_its_place(path: Path) -> None:
    first, second = Hatch(path, repeated), Hatch(path, repeated)
    await first.open()
    with pytest.raises(FileExistsError, match="another desk listens there"):
        await second.open()
    await first.close()
    left_behind(path)
    await second.open()
    await second.close()


def test_a_folder_that_others_can_enter_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o755)
    with pytest.raises(PermissionError, match="not a folder for this user alone"):
        asyncio.run(Hatch(path, repeated).open())
