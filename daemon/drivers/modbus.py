"""Modbus TCP on the wire: one connection, one request at a time, no reply believed unchecked.

pymodbus is imported in this file alone. Its retries and reconnects are off: it would repeat a write
under the same transaction number and take the late reply to one for the other. For the same reason
a connection that missed a reply is closed at once, and takes along what it had still to send
(`undelivered`). Its time limit is off, because ours costs less:
one alarm for many requests. Function, unit and count of a reply are compared with the request and
the echo of a write with what was written, because the library's success flag covers none of them;
what does not fit is rejected as a whole.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import TYPE_CHECKING, Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from daemon.drivers.cancellation import heed
from daemon.drivers.undelivered import discard_on_close
from daemon.model.quality import Quality

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodbus.pdu import ModbusPDU

    from daemon.drivers.order import Write
    from daemon.drivers.plan import Block

REPLY_S: Final = 0.5
_EARLY_S: Final = 0.001
"""A reply that is due within this is due now: an event loop's timers are no better [s]."""

_READS: Final[dict[str, type[ModbusPDU]]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
_EXCEPTIONS: Final = {
    1: ("illegal function", Quality.BAD_CONFIGURATION_ERROR),
    2: ("illegal address", Quality.BAD_CONFIGURATION_ERROR),
    3: ("illegal value", Quality.BAD_CONFIGURATION_ERROR),
    4: ("device failure", Quality.BAD_DEVICE_FAILURE),
    5: ("still at work", Quality.BAD_COMMUNICATION_ERROR),
    6: ("busy", Quality.BAD_COMMUNICATION_ERROR),
    10: ("gateway path unavailable", Quality.BAD_NO_COMMUNICATION),
    11: ("no answer behind the gateway", Quality.BAD_NO_COMMUNICATION),
}
_UNCLEAR: Final = frozenset({5, 10, 11})

# The library writes a line for every lost reply; ours are counted, and a loss is said once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class NoReplyError(Exception):
    """Nothing came back and the connection is closed; the text says why."""


class RejectedError(Exception):
    """Something came back that is no answer to the request."""


class ExceptionReplyError(Exception):
    """The device answered that it will not.

    Attributes:
        quality: what that makes of values that were asked for.
        unclear: a command may have been obeyed all the same.
    """

    def __init__(self, code: int) -> None:
        """Name the exception `code` of the protocol."""
        text, quality = _EXCEPTIONS.get(code, ("unknown", Quality.BAD_COMMUNICATION_ERROR))
        super().__init__(f"exception {code}, {text}")
        self.quality: Final = quality
        self.unclear: Final = code in _UNCLEAR


class _HoldingRegisters(ReadHoldingRegistersResponse):
    """A reply taken apart in one go instead of word by word, and not spelt out for the log."""

    def decode(self, data: bytes) -> None:
        if data[0] >= len(data):
            raise ModbusIOException(f"{data[0]} bytes announced, {len(data) - 1} came")
        self.registers = struct.unpack_from(f">{data[0] // 2}H", data, 1)

    def __str__(self) -> str:
        return type(self).__name__


class _InputRegisters(_HoldingRegisters):
    function_code = 4


class Wire:
    """One connection to one gateway; made when asked for, closed after any missed reply."""

    def __init__(self, host: str, port: int) -> None:
        """Remember where to connect to."""
        self._host, self._port = host, port
        self._client: AsyncModbusTcpClient | None = None
        self._turn = asyncio.Lock()  # first come, first served: a command waits for one poll
        self._waiting = False
        self._due_s = 0.0  # of the reply that is waited for, by the clock of the loop
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        """Return whether a request could be sent now."""
        return self._client is not None

    async def connect(self) -> bool:
        """Return whether the connection could be made."""
        self.close()
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=None,  # type: ignore[arg-type] # passed on to `asyncio.wait_for`
            retries=0,
            reconnect_delay=0,
            trace_connect=self._changed,
        )
        client.register(_HoldingRegisters)
        client.register(_InputRegisters)
        made = False
        try:
            async with asyncio.timeout(REPLY_S):
                connected = await client.connect()
                heed()
                made = connected
        except TimeoutError:
            made = False
        finally:
            if not made:
                client.close()
        if made:
            discard_on_close(client.ctx.transport)
            self._client = client
        return made

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def read(self, block: Block) -> list[int]:
        """Return the words or bits of `block`.

        Raises:
            NoReplyError: not connected, or nothing came back in time.
            ExceptionReplyError: the device refuses.
            RejectedError: the reply does not fit the request.
        """
        request = _READS[block.table](address=block.address, count=block.count, dev_id=block.unit)
        reply = await self._ask(request)
        if block.table in {"input", "holding"}:
            if len(reply.registers) != block.count:
                raise RejectedError(f"{len(reply.registers)} registers instead of {block.count}")
            return list(reply.registers)
        if len(reply.bits) != -(-block.count // 8) * 8:
            raise RejectedError(f"{len(reply.bits)} bits instead of {block.count}")
        return [int(bit) for bit in reply.bits[: block.count]]

    async def write(self, write: Write, check: Callable[[], None]) -> None:
        """Write once.

        Args:
            write: what to write.
            check: called just before sending; may raise to keep the request back.

        Raises:
            NoReplyError: not connected, or nothing came back in time.
            ExceptionReplyError: the device refuses.
            RejectedError: the reply does not repeat what was written.
        """
        reply = await self._ask(_write_request(write), check)
        if not _echoes(reply, write):
            raise RejectedError("the reply repeats something else")

    async def _ask(self, request: ModbusPDU, check: Callable[[], None] | None = None) -> ModbusPDU:
        async with self._turn:
            if check is not None:
                check()
            client = self._client
            if client is None:
                raise NoReplyError("not connected")
            reply = await self._exchange(client, request)
        if reply.isError():
            raise ExceptionReplyError(reply.exception_code)
        if reply.function_code != request.function_code or reply.dev_id != request.dev_id:
            raise RejectedError(f"function {reply.function_code} of unit {reply.dev_id}")
        return reply

    async def _exchange(self, client: AsyncModbusTcpClient, request: ModbusPDU) -> ModbusPDU:
        self._waiting = True
        self._limit()
        answered = False
        try:
            reply: ModbusPDU = await client.execute(False, request)
            heed()
            answered = True
        except ModbusException as error:
            text = "no reply in time" if self._client is client else "connection closed"
            raise NoReplyError(text) from error
        finally:
            self._waiting = False
            if not answered:
                # Also when cancelled: the reply to this request must never meet another one.
                self.close()
        return reply

    def _limit(self) -> None:
        """Wait for the reply to a request that is about to be sent, for `REPLY_S` and no longer.

        One alarm serves many requests, because nearly all of them are answered before it rings.
        """
        loop = asyncio.get_running_loop()
        self._due_s = loop.time() + REPLY_S
        if self._alarm is None:
            self._alarm = loop.call_at(self._due_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        loop = asyncio.get_running_loop()
        if not self._waiting or self._client is None:
            return
        if loop.time() < self._due_s - _EARLY_S:
            self._alarm = loop.call_at(self._due_s, self._ring)
        else:
            self._fail(self._client, TimeoutError())

    def _changed(self, connected: bool) -> None:
        """Fail the request under way when its connection goes; the library lets it time out."""
        client = self._client
        if connected or client is None:
            return
        self._client = None
        self._fail(client, ConnectionException("connection closed by the peer"))

    def _fail(self, client: AsyncModbusTcpClient, error: Exception) -> None:
        pending = client.ctx.response_future
        if self._waiting and not pending.done():
            pending.set_exception(error)


def _write_request(write: Write) -> ModbusPDU:
    if write.table == "coil":
        bits = [bool(word) for word in write.words]
        coils = WriteSingleCoilRequest if write.single else WriteMultipleCoilsRequest
        return coils(address=write.address, dev_id=write.unit, bits=bits)
    words = list(write.words)
    registers = WriteSingleRegisterRequest if write.single else WriteMultipleRegistersRequest
    return registers(address=write.address, dev_id=write.unit, registers=words)


def _echoes(reply: ModbusPDU, write: Write) -> bool:
    if reply.address != write.address:
        return False
    if not write.single:
        return reply.count == len(write.words)
    echo = reply.bits if write.table == "coil" else reply.registers
    return [int(word) for word in echo] == list(write.words)
