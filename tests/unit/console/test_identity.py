"""Who commands without a secret."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from daemon.console import operators
from daemon.console.identity import Roster
from daemon.console.wire import Peer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.fault("F96")
def test_the_last_operator_who_goes_leaves_the_door_shut(tmp_path: Path) -> None:
    path = tmp_path / operators.NAME
    roster, own = Roster(path, lambda: None), Peer(os.getpid(), os.getuid(), os.getgid())
    with ThreadPoolExecutor(1) as pool:
        asyncio.run(roster.look(pool))
        assert operators.OPERATE in roster.user(own).roles
        operators.enrol(path, "kim", "a long enough secret", [operators.OPERATE])
        asyncio.run(roster.look(pool))
        assert "--user NAME" in roster.user(own).hint
        operators.dismiss(path, "kim")
        asyncio.run(roster.look(pool))
    assert operators.OPERATE not in roster.user(own).roles
    assert "the last operator was dismissed" in roster.user(own).hint
