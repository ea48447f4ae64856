"""OPC UA: subscriptions at the scan period, replaced as a whole when anything is lost.

asyncua is imported in this file alone. Its own reconnect waits a second before it begins and keeps
control writes hanging meanwhile, so a connection here is never repaired but replaced: a new client,
nodes found again by namespace URI (a restarted server may count its namespaces anew), new
subscriptions, and a full read before anything counts as known. A connection is lost when the socket
goes, when no answer to a publish request came for `DATA_S` (a subscription may die without its
connection), or when a write got no answer.

A server repeats nothing: what did not change is not sent. So every publish answer, with data or
without, confirms all points of its subscription. A missing sequence number means a lost
notification; everything is then read again.

Order and age go by the time of receipt; a device's own time stamps are not used.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from daemon.drivers.cancellation import heed
from daemon.drivers.decode import Limits
from daemon.drivers.driver import LinkChange, Statistics
from daemon.drivers.grid import Backoff
from daemon.drivers.order import wanted
from daemon.drivers.undelivered import discard_on_close
from daemon.model.commands import Command, Outcome, Result
from daemon.model.points import Node
from daemon.model.quality import Quality, is_good
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.drivers.driver import Link
    from daemon.model.points import Point

CONNECT_S: Final = 3.0
REQUEST_S: Final = 1.0
WRITE_S: Final = 0.5
DATA_S: Final = 1.0
CLOSE_S: Final = 1.0
WATCH_S: Final = 0.1
SESSION_MS: Final = 30_000
BATCH: Final = 50
"""Values in one read: more would hold up the event loop for milliseconds."""

_TYPES: Final = {
    name: ua.VariantType[name]
    for name in (
        "Double",
        "Float",
        "Int32",
        "UInt32",
        "UInt16",
        "Boolean",
    )
}
_UNKNOWN_NODE: Final = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})

# The library tells every lost connection several times over; we say it once.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class _LostError(Exception):
    """The connection has to be replaced; the text says why."""


class OpcuaDriver:
    """The driver of one OPC UA server."""

    def __init__(self, link: Link) -> None:
        """Serve the points behind the gateway of `link`."""
        self._link = link
        self._statistics: Final = Statistics()
        self._points: Final = _Points(link)
        self._backoff: Final = Backoff(link.chance)
        self._client: Client | None = None
        self._namespaces: dict[str, int] = {}
        self._heard_ns = 0
        self._sequence: dict[int, int] = {}
        self._gap = False
        self._fault = ""
        self._lost = False

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        return self._link.gateway.id

    @property
    def statistics(self) -> Statistics:
        """Return the counters."""
        self._statistics.connected = self._client is not None
        return self._statistics

    async def run(self) -> None:
        """Connect, listen and replace the connection until cancelled."""
        while True:
            try:
                await self._session()
            except (_LostError, OSError, TimeoutError, UaError) as error:
                self._lose(error)
            except asyncio.CancelledError:
                heed()
                # Of the library, when an answer comes with the end of its time: `asyncio.timeout`
                # takes only the plain kind for its own.
                self._lose(TimeoutError("answered too late"))
            heed()
            await asyncio.sleep(self._backoff.draw())

    async def _session(self) -> None:
        gateway = self._link.gateway
        client = Client(f"opc.tcp://{gateway.host}:{gateway.port}/", timeout=REQUEST_S)
        client.session_timeout = client.secure_channel_timeout = SESSION_MS
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
                if (protocol := client.uaclient.protocol) is not None:
                    discard_on_close(protocol.transport)
                await self._resolve(client)
                await self._subscribe(client)
                await self._read_all(client)
                heed()
            self._client = client
            self._find()
            await self._watch(client)
        finally:
            self._client = None
            await _close(client)

    async def _resolve(self, client: Client) -> None:
        """Find the index of every namespace by its URI."""
        served = await client.get_namespace_array()
        missing = self._points.namespaces - set(served)
        if missing:
            raise _LostError(f"namespace {', '.join(sorted(missing))} is not served")
        self._namespaces = {uri: served.index(uri) for uri in self._points.namespaces}

    async def _subscribe(self, client: Client) -> None:
        self._sequence.clear()
        self._fault = ""
        session = client.uaclient.session
        for period_s, members in self._points.classes.items():
            period_ms = period_s * 1000.0
            asked = ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=ua.Duration(period_ms),
                RequestedLifetimeCount=ua.Counter(1000),
                RequestedMaxKeepAliveCount=ua.Counter(1),
                MaxNotificationsPerPublish=ua.Counter(0),
                PublishingEnabled=True,
            )
            got = await session.create_subscription(asked, self._published)
            results = await session.create_monitored_items(
                ua.CreateMonitoredItemsParameters(
                    SubscriptionId=got.SubscriptionId,
                    TimestampsToReturn=ua.TimestampsToReturn.Neither,
                    ItemsToCreate=[self._item(place, period_ms) for place in members],
                )
            )
            for place, result in zip(members, results, strict=True):
                if not result.StatusCode.is_good():
                    self._points.refuse(place, result.StatusCode.value)

    def _item(self, place: int, period_ms: float) -> ua.MonitoredItemCreateRequest:
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(
                NodeId=self._node(self._points.points[place]), AttributeId=AttributeIds.Value
            ),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=ua.IntegerId(place),
                SamplingInterval=ua.Duration(period_ms),
                # The image holds one value; what must not be missed is latched by the device.
                QueueSize=ua.Counter(1),
                DiscardOldest=True,
            ),
        )

    def _node(self, point: Point) -> ua.NodeId:
        node = point.place
        assert isinstance(node, Node)
        uri = self._points.uri[point.equipment]
        path = node.path.format(id=point.equipment)
        return ua.NodeId(ua.String(path), ua.Int16(self._namespaces[uri]))

    async def _read_all(self, client: Client) -> None:
        """Read every point; only then do the data count as known."""
        points = self._points.points
        for begin in range(0, len(points), BATCH):
            nodes = [self._node(point) for point in points[begin : begin + BATCH]]
            read = await client.uaclient.session.read_attributes(nodes, AttributeIds.Value)
            for place, value in enumerate(read, begin):
                self._points.take(place, value)
        self._statistics.polls += 1
        self._gap = False
        self._heard_ns = self._link.now_ns()
        self._points.put(self._heard_ns)

    def _published(self, result: ua.PublishResult) -> None:
        message = result.NotificationMessage
        self._statistics.polls += 1
        self._heard_ns = self._link.now_ns()
        for part in message.NotificationData or ():
            if isinstance(part, ua.DataChangeNotification):
                for item in part.MonitoredItems:
                    self._points.take(item.ClientHandle, item.Value)
            elif isinstance(part, ua.StatusChangeNotification):
                self._fault = f"subscription ended: {part.Status.name}"
        if message.NotificationData:
            number = message.SequenceNumber
            expected = self._sequence.get(result.SubscriptionId, number - 1) + 1
            self._sequence[result.SubscriptionId] = number
            if number != expected:
                self._gap = True
                self._statistics.polls_missed += 1
        if self._client is not None:
            self._points.put(self._heard_ns)

    async def _watch(self, client: Client) -> None:
        """Return never: raise when the connection has to be replaced."""
        limit_ns = ns(max(DATA_S, 5 * min(self._points.classes, default=0.0)))
        while True:
            await asyncio.sleep(WATCH_S)
            if self._fault:
                raise _LostError(self._fault)
            if client.uaclient.state is not UaClientState.CONNECTED:
                raise _LostError("connection closed")
            if self._link.now_ns() - self._heard_ns > limit_ns:
                raise _LostError("no data")
            if self._gap:
                await self._read_all(client)
            heed()

    async def write(self, command: Command) -> Outcome:
        """Write one command at most once; see `Driver.write`."""
        try:
            values = wanted(self._link.site, command)
            result, detail = await self._send(command, values)
        except ValueError as error:
            result, detail = Result.REFUSED, str(error)
        return Outcome(command.id, result, self._link.now_ns(), detail)

    async def _send(
        self, command: Command, values: tuple[tuple[str, float], ...]
    ) -> tuple[Result, str]:
        client = self._client
        if client is None:
            return Result.FAILED, "not connected"
        writes = [self._write_value(command.equipment, name, value) for name, value in values]
        if self._link.now_ns() >= command.expires_at_ns:
            return Result.EXPIRED, "expired before it could be sent"
        try:
            async with asyncio.timeout(WRITE_S):
                codes = await client.uaclient.session.write(ua.WriteParameters(writes))
        except (OSError, TimeoutError, UaError) as error:
            self._fault = "a write was not answered"
            client.disconnect_socket()  # the kernel would go on trying
            return Result.FAILED, f"no answer to the write: {error!r}"
        refused = [code for code in codes if not code.is_good()]
        if refused:
            return Result.REFUSED, refused[0].name
        return Result.ACKNOWLEDGED, "acknowledged"

    def _write_value(self, equipment: str, name: str, value: float) -> ua.WriteValue:
        site = self._link.site
        device = site.equipment[equipment].device
        assert device is not None
        profile = site.profiles[device.profile]
        node = profile.points[name]
        assert isinstance(node, Node)
        path = ua.String(node.path.format(id=equipment))
        return ua.WriteValue(
            NodeId=ua.NodeId(path, ua.Int16(self._namespaces[profile.namespace])),
            AttributeId=AttributeIds.Value,
            Value=ua.DataValue(_variant(node, value)),
        )

    def _find(self) -> None:
        self._backoff.reset()
        for equipment, text in self._points.refusals():
            self._say(equipment, up=False, reason=text)
        if self._lost:
            self._lost = False
            self._statistics.reconnects += 1
            self._say("", up=True, reason="answers again")

    def _lose(self, error: Exception) -> None:
        self._statistics.polls_failed += 1
        configured = isinstance(error, _LostError) and "namespace" in str(error)
        self._link.table.mark(
            self._points.indices,
            Quality.BAD_CONFIGURATION_ERROR if configured else Quality.BAD_NOT_CONNECTED,
        )
        if not self._lost:
            self._lost = True
            known = isinstance(error, _LostError)
            self._say("", up=False, reason=str(error) if known else "cannot connect")

    def _say(self, unit: str, *, up: bool, reason: str) -> None:
        self._link.report(LinkChange(self._link.now_ns(), self.gateway, unit, up, reason))


class _Points:
    """What a server serves, as it came: raw values and status codes in one row."""

    def __init__(self, link: Link) -> None:
        self._link = link
        site = link.site
        self.uri = {
            item.id: site.profiles[item.device.profile].namespace
            for item in site.equipment.values()
            if item.device and item.device.gateway == link.gateway.id
        }
        self.namespaces = set(self.uri.values())
        self.points = [
            p for p in link.points.points if p.equipment in self.uri and "r" in p.place.access
        ]
        self.classes: dict[float, list[int]] = {}
        for place, point in enumerate(self.points):
            self.classes.setdefault(point.period_s, []).append(place)
        self.indices = np.array([p.index for p in self.points], dtype=np.intp)
        self._scale = np.array([p.place.scale for p in self.points])
        self._limits = Limits([p.spec for p in self.points], [p.place for p in self.points])
        self._raw = np.zeros(len(self.points))
        self._codes = np.full(
            len(self.points), Quality.BAD_WAITING_FOR_INITIAL_DATA, dtype=np.uint32
        )
        self._refused: dict[int, int] = {}

    def take(self, place: int, value: ua.DataValue) -> None:
        """Take in one value; a status that is not good rules whatever the value says."""
        code = value.StatusCode.value if value.StatusCode else Quality.GOOD
        content = value.Value.Value if value.Value is not None else None
        if isinstance(content, (bool, int, float)):
            self._raw[place] = content
        elif is_good(code):
            code = Quality.BAD
        if code in _UNKNOWN_NODE:
            self.refuse(place, code)
            code = Quality.BAD_CONFIGURATION_ERROR
        self._codes[place] = code

    def put(self, now_ns: int) -> None:
        """Write the row into the table as of `now_ns` [ns]."""
        values = self._raw * self._scale
        judged = self._limits.judge(values)
        quality = np.where(self._codes >> np.uint32(30) == 0, judged, self._codes)
        self._link.table.put(self.indices, values, quality, now_ns)

    def refuse(self, place: int, code: int) -> None:
        """Note that the server does not know a node; it is never guessed at."""
        self._refused[place] = code
        self._codes[place] = Quality.BAD_CONFIGURATION_ERROR

    def refusals(self) -> list[tuple[str, str]]:
        """Return equipment and text of the nodes refused since the last call, one each."""
        found: dict[str, str] = {}
        for place in self._refused:
            point = self.points[place]
            found.setdefault(point.equipment, f"node of {point.id} is not served")
        self._refused.clear()
        return list(found.items())


def _variant(node: Node, value: float) -> ua.Variant:
    """Return `value` in the type of the node.

    Raises:
        ValueError: not finite, outside the limits of the device map, or too large for the type.
    """
    low = -math.inf if node.low is None else node.low
    high = math.inf if node.high is None else node.high
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{value:g} is outside {low:g} to {high:g}")
    raw: Any = value / node.scale
    if node.type == "Boolean":
        raw = bool(raw)
    elif node.type not in {"Double", "Float"}:
        bits = int(node.type.lstrip("UInt"))
        lowest, highest = (-(1 << bits - 1), (1 << bits - 1) - 1)
        if node.type.startswith("U"):
            lowest, highest = 0, (1 << bits) - 1
        raw = round(raw)
        if not lowest <= raw <= highest:
            raise ValueError(f"{value:g} does not fit {node.type}")
    return ua.Variant(raw, _TYPES[node.type])


async def _close(client: Client) -> None:
    """Close a client that may be in any state, in bounded time."""
    try:
        with contextlib.suppress(OSError, TimeoutError, UaError):
            async with asyncio.timeout(CLOSE_S):
                await client.disconnect()
    finally:
        client.disconnect_socket()
