"""A door over the small board, with a core that answers as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from daemon.console.door import Door, Inside
from daemon.console.operators import NAME
from daemon.console.wire import LONGEST_LINE, door_of
from daemon.model.commands import (
    Approval,
    Cancellation,
    Message,
    Operation,
    OperatorRequest,
    Proposal,
    Selection,
)
from daemon.model.events import Event
from daemon.model.points import tabulate
from tests.small_board import small_board

EPOCH = 7


class StandIn:
    """What stands behind the door: keeps what is recorded and asked, and answers like the core.

    Attributes:
        log: "record NAME" and the type of every message, in order.
        records: what was recorded: name, source, text, values.
        asked: messages to the lanes.
        failing: why the journal cannot be written.
        needs_approval: why the site wants a second person.
        deaf: the core answers nothing.
        later_ns: how far its clock is before the clock of the loop.
        ends: what becomes of a command.
    """

    def __init__(self) -> None:
        self.site = small_board()
        self.points = tabulate(self.site)
        self.log: list[str] = []
        self.records: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self.asked: list[Message] = []
        self.failing = ""
        self.needs_approval = ""
        self.deaf = False
        self.ends = "command_verified"
        self.later_ns = 10**12
        self.door: Door | None = None
        self._selectors: dict[str, str] = {}

    def now_ns(self) -> int:
        return self.later_ns + int(asyncio.get_running_loop().time() * 1e9)

    def inside(self) -> Inside:
        return Inside(
            site=self.site,
            points=self.points,
            epoch=EPOCH,
            now_ns=self.now_ns,
            ask=self._ask,
            record=self._record,
            unrecordable=lambda: self.failing,
        )

    def recorded(self, name: str) -> list[Mapping[str, Any]]:
        """Return the values of every record of this name, the text among them."""
        return [{"text": text, **values} for n, _, text, values in self.records if n == name]

    def tell(self, name: str, selection: str, **fields: Any) -> None:
        """Let the scan say something."""
        assert self.door is not None
        text = f"{selection}: {name}"
        event = Event(self.now_ns(), "52-A", name, text, {"selection": selection, **fields})
        self.door.tell((event,))

    def _record(self, name: str, source: str, text: str, values: Mapping[str, Any]) -> None:
        self.log.append(f"record {name}")
        self.records.append((name, source, text, values))
        assert self.door is not None
        self.door.tell((Event(self.now_ns(), source, name, text, values),))

    def _ask(self, message: Message, wish: Proposal) -> None:
        self.log.append(type(message).__name__)
        self.asked.append(message)
        if not self.deaf:
            asyncio.get_running_loop().call_soon(self._answer, message)

    def _answer(self, message: Message) -> None:
        match message:
            case Selection():
                self._selectors[message.id] = message.user
                valid_s = 60.0 if self.needs_approval else 5.0
                told = {"lost": ("R-1",), "overloaded": (), "valid_s": valid_s}
                told["needs_approval"] = self.needs_approval
                self.tell("command_selected", message.id, **told)
            case Approval() if message.user == self._selectors[message.id]:
                self.tell("command_refused", message.id, interlock="approver", standing=True)
            case Approval():
                self.tell("command_approved", message.id, valid_s=5.0)
            case Cancellation():
                self.tell("command_cancelled", message.id)
            case Operation():
                for name in ("command_operated", "command_sent", self.ends):
                    self.tell(name, message.id)
            case OperatorRequest():
                self.tell("setpoint_taken", message.id)


class Client:
    """Somebody at the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self) -> dict[str, Any]:
        """Return the next line; an empty one when they hung up."""
        async with asyncio.timeout(10):
            line = await self.reader.readline()
        body: dict[str, Any] = json.loads(line or b"{}")
        return body

    async def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the answer to a request, past all news."""
        self.writer.write(json.dumps({"do": do, **request}).encode() + b"\n")
        while "ok" not in (body := await self.line()):
            assert body, "hung up"
        return body

    async def gone(self) -> bool:
        """Return whether they hung up, whatever they said before."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                await self.reader.read()
        return self.reader.at_eof() or self.reader.exception() is not None


@asynccontextmanager
async def opened(
    behind: StandIn, state: Path
) -> AsyncIterator[Callable[[], contextlib.AbstractAsyncContextManager[Client]]]:
    """Open a door in a folder; yields what connects to it."""
    path = door_of(state)
    behind.door = Door(behind.inside(), path, state / NAME)
    running = asyncio.create_task(behind.door.run())
    async with asyncio.timeout(10):
        while "record door_open" not in behind.log:  # noqa: ASYNC110 - a thread is in between
            await asyncio.sleep(0.001)

    @asynccontextmanager
    async def come() -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_LINE * 64)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    try:
        yield come
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert not path.exists()
