"""A master written for Node: asked by lines of JSON, and answering by lines of JSON."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE: Final = Path(__file__).parent
REPLY_S: Final = 30.0


class Script:
    """One running script."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to `process`."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    async def ask(self, **request: Any) -> Any:
        """Return the result of a request."""
        self._in.write(json.dumps(request).encode() + b"\n")
        return await self.hear()

    async def hear(self) -> Any:
        """Return the next thing it says."""
        line = await asyncio.wait_for(self._out.readline(), REPLY_S)
        assert line, f"it ended with {await self._process.wait()}"
        return json.loads(line)

    async def call(self, unit: int, call: str, *values: Any) -> Any:
        """Return what a Modbus unit answers: data, or the number of the exception."""
        reply = await self.ask(unit=unit, call=call, **{"with": values})
        return reply.get("exception", reply)


@asynccontextmanager
async def script(node: str, name: str, *arguments: str) -> AsyncIterator[Script]:
    """Run a script of this folder."""
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / name),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        running = Script(process)
        yield running
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), REPLY_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
