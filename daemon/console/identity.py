"""Who stands at the door: the operating system says which user, a secret says which person.

Secrets are worked out one at a time in a thread of lowest priority, so that guessing costs the scan
nothing. Wrong ones use up tries, counted by name and by user of the operating system: whoever
guesses from another account does not lock the person out.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from daemon.console import operators
from daemon.console.limits import Bucket
from daemon.console.operators import APPROVE, OPERATE, VIEW, Operators, OperatorsError
from daemon.console.orders import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from daemon.console.wire import Peer

T = TypeVar("T")

TRIES: Final = 5
TRY_AGAIN_HZ: Final = 0.1
_KEPT: Final = 256
_ALONE: Final = frozenset({VIEW, OPERATE})
_LOOKING: Final = frozenset({VIEW})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the door.

    Attributes:
        name: of an operator, or of a user of the operating system.
        roles: what they may do.
        hint: how to be allowed more.
        key: hash of the secret that was given, none where none was.
    """

    name: str
    roles: frozenset[str]
    hint: str = ""
    key: bytes = field(default=b"", repr=False)


class Roster:
    """Knows the operators as the file holds them now.

    Attributes:
        operators: by name; None while there is no file.
        problem: what is wrong with the file, "" when nothing is.
    """

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        """Read from `path`; `changed` is called when the file holds something else."""
        self.operators: Operators | None = None
        self.problem = ""
        self._path = path
        self._changed = changed
        self._own = {os.getuid(): _os_name(os.getuid()), 0: "root"}
        self._read = False
        self._tries: dict[tuple[str, int], Bucket] = {}

    async def look(self, pool: Executor) -> None:
        """Read the file again."""
        found, problem = await _in(pool, lambda: _load(self._path))
        if self._read and (found, problem) == (self.operators, self.problem):
            return
        self._read = True
        self.operators, self.problem = found, problem
        self._changed()

    def user(self, peer: Peer) -> Person:
        """Return who a peer is without a secret.

        Raises:
            RefusedError: this user of the operating system has no business here.
        """
        name = self._own.get(peer.uid)
        if name is None:
            raise RefusedError(
                "not_enrolled",
                f"user {peer.uid} of this machine must say which operator it is (--user NAME)",
            )
        if self.problem:
            return Person(name, _LOOKING, f"the operators are not in order: {self.problem}")
        if self.operators == {}:
            # Who dismissed the last one meant to end something: it opens the door to nobody.
            return Person(
                name,
                _LOOKING,
                "the last operator was dismissed, so nobody may command: "
                "enrol one, ridethrough command enrol NAME",
            )
        if self.operators is not None:
            return Person(name, _LOOKING, "operators are enrolled, so say who you are: --user NAME")
        return Person(
            name, _ALONE, "approving takes two persons: enrol them, ridethrough command enrol NAME"
        )

    async def prove(
        self, pool: Executor, peer: Peer, name: str, secret: str, now_ns: int
    ) -> Person | None:
        """Return the person whose name and secret these are, None when they are not.

        Raises:
            RefusedError: nobody can be proven now.
        """
        known = self.operators
        if known is None:
            more = self.problem or "nobody is enrolled (ridethrough command enrol NAME)"
            raise RefusedError("not_enrolled", f"{name}: {more}")
        tries = self._tries_of(name, peer.uid)
        if (wait_s := tries.wait_s(now_ns)) > 0:
            text = f"too many wrong secrets for {name}: wait {wait_s:.0f} s"
            raise RefusedError("too_many_tries", text)
        tries.take(now_ns)
        found = await _in(pool, lambda: operators.proven(known, name, secret))
        if found is None:
            return None
        self._tries.pop((name, peer.uid), None)  # the same person may come twice at once
        return Person(found.name, found.roles, _missing(found.roles), found.key)

    def renewed(self, person: Person, peer: Peer) -> Person:
        """Return a person as the file knows them now.

        Raises:
            RefusedError: they are no longer enrolled, or their secret is another.
        """
        if not person.key:
            return self.user(peer)
        found = (self.operators or {}).get(person.name)
        if found is None or found.key != person.key:
            raise RefusedError("not_enrolled", f"{person.name} is no longer enrolled as before")
        return Person(found.name, found.roles, _missing(found.roles), found.key)

    def _tries_of(self, name: str, uid: int) -> Bucket:
        if len(self._tries) >= _KEPT:
            del self._tries[next(iter(self._tries))]
        return self._tries.setdefault((name, uid), Bucket(TRY_AGAIN_HZ, TRIES))


def _missing(roles: frozenset[str]) -> str:
    lacking = ", ".join(role for role in (OPERATE, APPROVE) if role not in roles)
    return f"not enrolled to {lacking}" if lacking else ""


def _os_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _load(path: Path) -> tuple[Operators | None, str]:
    try:
        return operators.load(path), ""
    except OperatorsError as error:
        return None, str(error)


async def _in(pool: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work)


def lowest_priority() -> None:
    """Let the calling thread run when nobody else wants to."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
