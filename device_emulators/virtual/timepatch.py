"""Libraries that look at the machine's clocks themselves, made to look at the virtual ones.

Most code paces itself by its event loop and needs nothing. What is left, and is changed for the
time of a `with`:

| Looked at | By | Else |
|---|---|---|
| `time.monotonic` | asyncua: publishing, sessions; pymodbus | late, and never twice alike |
| `time.time` | log records, age of a saved session | stamps that differ from run to run |
| `datetime.now` | asyncua: headers, server time stamps, tokens | the same, and nothing grows old |
| `os.urandom`, so `uuid4` | asyncua: nonces | bytes that differ from run to run |

The functions are replaced in their own modules, so `time.monotonic()` is virtual for the whole
process, and in the modules of the named packages that took them by name (`from time import
monotonic`, `from datetime import datetime`). Class `datetime` itself cannot be changed and others
may have taken it, so only the packages get a stand-in, which makes and recognises ordinary
datetimes. Modules that are first imported inside the `with` keep the real `datetime`: import the
packages before.

`time.perf_counter` and `time.process_time` stay real, so that a run can be timed; what was taken by
name elsewhere (`threading`, `secrets`) stays real too. A counter that a library keeps for the life
of the process (asyncua numbers its sessions) goes on: bytes are the same in two fresh processes, in
one process only times and lengths are.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo
    from types import ModuleType

    from numpy.random import Generator

    from device_emulators.virtual.clock import VirtualClock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REAL_MONOTONIC: Final = time.monotonic

_Place = tuple["ModuleType", str, object]


@contextmanager
def patched(clock: VirtualClock, chance: Generator, packages: Iterable[str]) -> Iterator[None]:
    """Let the whole process, and `packages` in particular, see `clock` and draw from `chance`.

    Raises:
        RuntimeError: it is patched already; one process lives in one time.
    """
    if time.monotonic is not _REAL_MONOTONIC:
        raise RuntimeError("this process lives in a virtual time already")
    replacements = _replacements(clock, chance)
    places = [*_own(replacements), *_taken(replacements, tuple(packages))]
    try:
        for module, name, real in places:
            setattr(module, name, replacements[id(real)])
        yield
    finally:
        for module, name, real in places:
            setattr(module, name, real)


def _replacements(clock: VirtualClock, chance: Generator) -> dict[int, object]:
    """Return what stands for each real object, by its identity."""
    return {
        id(time.monotonic): lambda: clock.monotonic_ns() / 1e9,
        id(time.monotonic_ns): clock.monotonic_ns,
        id(time.time): lambda: clock.utc_ns() / 1e9,
        id(time.time_ns): clock.utc_ns,
        id(os.urandom): chance.bytes,
        id(datetime): _virtual_datetime(clock),
    }


def _own(replacements: dict[int, object]) -> Iterator[_Place]:
    for module in (time, os):
        for name, value in vars(module).items():
            if id(value) in replacements:
                yield module, name, value


def _taken(replacements: dict[int, object], packages: tuple[str, ...]) -> Iterator[_Place]:
    """Yield where modules of `packages` hold a real object under a name of their own."""
    prefixes = tuple(f"{package}." for package in packages)
    for module_name, module in list(sys.modules.items()):
        if module_name in packages or module_name.startswith(prefixes):
            for name, value in list(vars(module).items()):
                if id(value) in replacements:
                    yield module, name, value


class _Likeness(type):
    """Lets a stand-in recognise what it stands for."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, datetime)


def _virtual_datetime(clock: VirtualClock) -> type[datetime]:
    """Return a stand-in for `datetime` whose present is that of `clock`."""

    class VirtualDatetime(datetime, metaclass=_Likeness):
        def __new__(cls, *args: Any, **more: Any) -> Any:  # noqa: ANN401
            return datetime(*args, **more)  # noqa: DTZ001 - the caller's business

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:  # noqa: ANN401
            present = _EPOCH + timedelta(microseconds=clock.utc_ns() // 1000)
            return present.astimezone(tz) if tz else present.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> Any:  # noqa: ANN401
            return cls.now()

    return cast("type[datetime]", VirtualDatetime)
