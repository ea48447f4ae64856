"""Who may do what: named operators with a secret each, in a file of their own.

Without the file, the user who runs the daemon and root may look and operate, under their names in
the operating system. Nobody can approve then: whoever is one of the two may well be both, and two
persons are what an approval is for. With the file, everybody who commands says who they are.

The file holds no secret, only a salted hash that is slow to work out (scrypt). It is JSON, belongs
to the user of the daemon or root, and is for nobody else to read. A file that is not in order lets
nobody command: an error in it must not open the door.

    {"version": 1, "operators": {"kim": {"roles": ["operate"], "salt": "..", "key": ".."}}}

Source: OWASP Password Storage Cheat Sheet, scrypt (N = 2^14, r = 8, p = 5).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAME: Final = "operators.json"
VERSION: Final = 1
VIEW: Final = "view"
OPERATE: Final = "operate"
APPROVE: Final = "approve"
ROLES: Final = (VIEW, OPERATE, APPROVE)
LEAST_SECRET: Final = 10
LONGEST_SECRET: Final = 200
_SALT: Final = 16
_KEY: Final = 32
_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_LARGEST: Final = 1 << 20
_NOBODY: Final = bytes(_SALT), bytes(_KEY)


class OperatorsError(ValueError):
    """The file of operators is not in order; the text says all that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who was enrolled.

    Attributes:
        name: as said at the door.
        roles: what they may do.
        salt: of their hash.
        key: the hash of their secret.
    """

    name: str
    roles: frozenset[str]
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)


Operators = dict[str, Operator]


def hashed(secret: str, salt: bytes) -> bytes:
    """Return the hash of a secret: some tenths of a second of work."""
    return hashlib.scrypt(
        secret.encode(), salt=salt, n=1 << 14, r=8, p=5, maxmem=1 << 26, dklen=_KEY
    )


def proven(operators: Mapping[str, Operator], name: str, secret: str) -> Operator | None:
    """Return the operator whose name and secret these are.

    An unknown name takes as long as a wrong secret.
    """
    found = operators.get(name)
    salt, key = (found.salt, found.key) if found else _NOBODY
    right = hmac.compare_digest(hashed(secret, salt), key)
    return found if right else None


def load(path: Path) -> Operators | None:
    """Return the operators of a file, or None where there is none.

    Raises:
        OperatorsError: it is not in order.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorsError(f"{path}: cannot be read, {error.strerror}") from None
    try:
        _mind_mode(path, os.fstat(fd))
        data = os.read(fd, _LARGEST + 1)
    finally:
        os.close(fd)
    try:
        body = json.loads(data) if len(data) <= _LARGEST else None
    except (ValueError, RecursionError):
        body = None
    return _read(path, body)


def _mind_mode(path: Path, found: os.stat_result) -> None:
    """Refuse a file that others can read or have made.

    Raises:
        OperatorsError: they can, or have.
    """
    if not stat.S_ISREG(found.st_mode):
        raise OperatorsError(f"{path}: is not a file")
    if found.st_uid not in {os.getuid(), 0}:
        raise OperatorsError(f"{path}: belongs to another user than the daemon's (chown it)")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise OperatorsError(f"{path}: others may use it, mode {mode:o} (chmod 600 it)")


def _read(path: Path, body: Any) -> Operators:  # noqa: ANN401 - as it stands in the file
    """Return the operators in what a file holds.

    Raises:
        OperatorsError: with all that is wrong.
    """
    if not isinstance(body, dict) or not isinstance(body.get("operators"), dict):
        raise OperatorsError(f'{path}: is not of the form {{"version": 1, "operators": {{..}}}}')
    if body.get("version") != VERSION:
        raise OperatorsError(f"{path}: version: is not known (valid: {VERSION})")
    wrong: list[str] = []
    operators: Operators = {}
    for name, entry in body["operators"].items():
        problems = _problems(name, entry)
        wrong += [f"{path}: operators.{name}{problem}" for problem in problems]
        if not problems:
            salt, key = bytes.fromhex(entry["salt"]), bytes.fromhex(entry["key"])
            operators[name] = Operator(name, frozenset({VIEW, *entry["roles"]}), salt, key)
    if wrong:
        raise OperatorsError("\n".join(wrong))
    return operators


def _problems(name: str, entry: Any) -> list[str]:  # noqa: ANN401 - as it stands in the file
    """Return what is wrong with one entry."""
    if not isinstance(entry, dict):
        return [": is not an object"]
    found = [] if _NAME.fullmatch(name) else [f": is no name (valid: {_NAME.pattern})"]
    roles = entry.get("roles")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        found.append(f".roles: must name one or more (valid: {', '.join(ROLES)})")
    for what, size in (("salt", _SALT), ("key", _KEY)):
        if not _is_hex(entry.get(what), size):
            found.append(f".{what}: must be {size} bytes in hex")
    found += [f".{key}: is not known" for key in entry.keys() - {"roles", "salt", "key"}]
    return found


def _is_hex(text: Any, size: int) -> bool:  # noqa: ANN401 - as it stands in the file
    return isinstance(text, str) and re.fullmatch(rf"[0-9a-f]{{{2 * size}}}", text) is not None


def enrol(path: Path, name: str, secret: str, roles: Iterable[str]) -> Operator:
    """Enrol an operator, or give one another secret and other roles.

    Raises:
        OperatorsError: the file as it stands is not in order.
        ValueError: no such name, or no such secret.
        OSError: the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an operator (valid: {_NAME.pattern})")
    if not LEAST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise ValueError(f"a secret has {LEAST_SECRET} to {LONGEST_SECRET} characters")
    operators = load(path) or {}
    salt = os.urandom(_SALT)
    made = Operator(name, frozenset(roles) | {VIEW}, salt, hashed(secret, salt))
    _put(path, {**operators, name: made})
    return made


def dismiss(path: Path, name: str) -> None:
    """Take an operator out of the file.

    Raises:
        OperatorsError: the file as it stands is not in order.
        ValueError: nobody of that name is enrolled.
        OSError: the file cannot be written.
    """
    operators = load(path) or {}
    if name not in operators:
        known = ", ".join(sorted(operators)) or "nobody"
        raise ValueError(f"no operator is called {name!r} (enrolled: {known})")
    del operators[name]
    _put(path, operators)


def _put(path: Path, operators: Mapping[str, Operator]) -> None:
    """Write the file anew: afterwards it is old or new, never a mixture."""
    body = {
        name: {"roles": sorted(each.roles), "salt": each.salt.hex(), "key": each.key.hex()}
        for name, each in sorted(operators.items())
    }
    text = json.dumps({"version": VERSION, "operators": body}, indent=1)
    new = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(fd)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
