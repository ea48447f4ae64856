"""Strangers: many clients that connect to a gateway, talk nonsense, and come back when thrown out.

What they do to a gateway depends on the gateway: how many it takes, and how quickly it sees that
they are none of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from numpy.random import Generator

BACK_S: Final = 1.0
"""When one that was refused or thrown out comes again [s]."""
_NONSENSE: Final = 64


class Storm:
    """Strangers at one door."""

    def __init__(self, host: str, port: int, chance: Generator) -> None:
        """Be nobody yet."""
        self._host, self._port, self._chance = host, port, chance
        self._strangers: Final[list[asyncio.Task[None]]] = []

    def begin(self, count: int) -> None:
        """Let `count` strangers come, in place of those that are there."""
        self.end()
        self._strangers.extend(asyncio.ensure_future(self._pester()) for _ in range(count))

    def end(self) -> None:
        """Let them go."""
        for stranger in self._strangers:
            stranger.cancel()
        self._strangers.clear()

    async def _pester(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(self._host, self._port)
                await self._talk(reader, writer)
            await asyncio.sleep(BACK_S)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say something, and stay as long as the other side does."""
        try:
            writer.write(self._chance.bytes(_NONSENSE))
            while await reader.read(1 << 16):
                pass
        finally:
            writer.close()
