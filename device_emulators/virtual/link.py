"""Which connections are meant, and what can be wrong with them."""

from __future__ import annotations

import contextvars
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Flag
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMELESS: Final = "127.0.0.1"
"""The machine of code that nobody located."""

_machine: Final = contextvars.ContextVar("machine", default=NAMELESS)


@contextmanager
def located(machine: str) -> Iterator[None]:
    """Name the machine that everything started inside runs on."""
    token = _machine.set(machine)
    try:
        yield
    finally:
        _machine.reset(token)


def machine(context: contextvars.Context | None = None) -> str:
    """Return the machine that code in `context` runs on; the calling code if there is none."""
    if context is None:
        return _machine.get()
    return context.get(_machine, NAMELESS)


class Fault(Flag):
    """What is wrong with a link; can be joined by `|`."""

    NONE = 0
    REFUSE = 1
    HOLD_TO_SERVER = 2
    HOLD_TO_CLIENT = 4
    NO_ANSWER = 8
    STALL = HOLD_TO_SERVER | HOLD_TO_CLIENT
    CUT_TO_SERVER = HOLD_TO_SERVER | NO_ANSWER
    CUT_TO_CLIENT = HOLD_TO_CLIENT | NO_ANSWER
    CUT = CUT_TO_SERVER | CUT_TO_CLIENT


@dataclass(frozen=True, slots=True)
class Link:
    """Connections between a client and a listener; None stands for any.

    Attributes:
        client: machine of the client.
        host: host of the listener.
        port: port of the listener.
    """

    client: str | None = None
    host: str | None = None
    port: int | None = None

    def covers(self, other: Link) -> bool:
        """Return whether `other`, which is fully known, is among the connections meant."""
        return (
            self.client in {None, other.client}
            and self.host in {None, other.host}
            and self.port in {None, other.port}
        )
