"""OPC UA: one server per gateway, a node for every point of every device behind it.

Values are compared with what was last shown, at the pace of the caller, and only a change is
written, so that a subscription sees changes and nothing else. A client's write reaches the device
before it is answered; each node of a Write request in its order. A node that only takes values
cannot be read (BadNotReadable). What is on the nameplate stands beside the points as properties.

| Status | When |
|---|---|
| BadNodeIdUnknown | there is no such node |
| BadNotWritable | the point is read only, or it is not its value that was written |
| BadTypeMismatch | not the data type of the node |
| BadOutOfRange | not a number, or outside the limits of the map |
| BadUserAccessDenied | the device refuses: on local, locked out, an old epoch |
| BadInvalidState | an earlier value for the same device was refused, so this one was not tried |

**For the desk only.** It serves anonymous clients without encryption, as a device on a closed
control network does, and is meant for loopback. Nobody is admin: nodes cannot be added or deleted.

asyncua is imported in this file alone. A client's write is caught in the attribute service, where
the answer to each node is made; the library's own value setter can neither refuse nor wait. Its
listener is ours, so that connections go wrong when they are to. The seams are held by tests.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace, AttributeService, NodeManagementService
from asyncua.server.binary_server_asyncio import BinaryServer
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.server.standard_address_space.standard_address_space import fill_address_space
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from daemon.model.points import Node
from daemon.model.quantities import ns
from device_emulators.faults.door import Door
from device_emulators.servers.codec import accepts
from device_emulators.servers.nameplate import of_device
from device_emulators.servers.served import devices_behind, listening_failed
from device_emulators.servers.sheet import Moved
from device_emulators.servers.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from asyncua.common.node import Node as AnyNode
    from asyncua.server.address_space import NodeData
    from numpy.typing import NDArray

    from daemon.model.plant import Gateway, Site
    from device_emulators.faults.door import Factory
    from device_emulators.servers.served import Served

_TYPES: Final = {
    name: ua.VariantType[name]
    for name in ("Double", "Float", "Int32", "UInt32", "UInt16", "Boolean")
}
_RANGES: Final = {
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "UInt16": (0, 2**16 - 1),
}


MAX_CONNECTIONS: Final = 32
_NOTHING_YET: Final = object()


@dataclass(slots=True)
class _Served:
    """One node: what it shows and what stands behind it."""

    equipment: str
    point: str
    place: Node
    node: ua.NodeId
    raw: object = _NOTHING_YET


def to_raw(value: float, place: Node) -> float | bool | None:
    """Return `value` as the node at `place` shows it, or None where its type has no such value."""
    if place.type in {"Double", "Float"}:
        return value / place.scale
    if not math.isfinite(value):
        return None
    if place.type == "Boolean":
        return bool(value)
    low, high = _RANGES[place.type]
    return min(max(math.floor(value / place.scale + 0.5), low), high)


class _Shown(ua.DataValue):
    """A value that nobody changes, so that the library's deep copies of it can be the value itself.

    It copies for every subscriber, and that was most of what a changed value cost.
    """

    def __deepcopy__(self, memo: dict[int, object]) -> _Shown:
        return self


def _data_value(raw: float | bool | None, place: Node, utc_ns: int) -> ua.DataValue:
    at = ua.DateTime.fromtimestamp(utc_ns / 1e9, UTC)
    status = StatusCodes.Good if raw is not None else StatusCodes.BadSensorFailure
    return _Shown(
        ua.Variant(raw, _TYPES[place.type]) if raw is not None else ua.Variant(),
        StatusCode=ua.StatusCode(ua.UInt32(status)),
        SourceTimestamp=at,
        ServerTimestamp=at,
    )


@contextmanager
def _unswept() -> Iterator[None]:
    """Look for no garbage: an address space is many objects and none, and the look doubles it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Anonymous:
    """Lets everybody in as an ordinary user: who may connect is the network's business here."""

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User:
        return User(role=UserRole.User)


_HIDDEN: Final = ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadNotReadable)))


class _DeviceAttributes(AttributeService):
    """Hands the writes of clients to the devices and answers as they do."""

    def __init__(self, aspace: AddressSpace, gateway: OpcUaGateway) -> None:
        super().__init__(aspace)
        self._gateway = gateway

    def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        values = super().read(params)
        for place, wanted in enumerate(params.NodesToRead):
            if wanted.AttributeId == AttributeIds.Value and self._gateway.hidden(wanted.NodeId):
                values[place] = _HIDDEN
        return values

    async def write(
        self,
        params: ua.WriteParameters,
        user: User = User(role=UserRole.Admin),  # noqa: B008
    ) -> list[ua.StatusCode]:
        if user.role is UserRole.Admin:  # the server itself
            return await super().write(params, user)
        codes = await self._gateway.take(params.NodesToWrite)
        return [ua.StatusCode(ua.UInt32(code)) for code in codes]


class _Listener(BinaryServer):
    """The library's listener, except that clients come in by a door."""

    door: Door

    async def start(self) -> None:
        async def listen(factory: Factory) -> asyncio.AbstractServer:
            loop = asyncio.get_running_loop()
            return await loop.create_server(factory, self.hostname, self.port)

        await self.door.open(self._make_protocol, listen)
        self._server = self.door  # type: ignore[assignment]
        self.cleanup_task = asyncio.create_task(self._close_task_loop())


@cache
def _standard_nodes() -> Mapping[ua.NodeId, NodeData]:
    """Return the nodes that every server has."""
    space = AddressSpace()
    with _unswept():
        fill_address_space(NodeManagementService(space))
    return space._nodes


class _Internal(InternalServer):
    """The library's inner server, except that what all servers have is there only once."""

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        self.aspace._nodes = Shelf(_standard_nodes())  # type: ignore[assignment]


class _Server(Server):
    """The library's server, except that it has that listener."""

    door: Door

    async def start(self) -> None:
        await self._setup_server_nodes()
        await self.iserver.start()
        host, port = self._get_bind_socket_info()
        self.bserver = _Listener(self.iserver, host or "", port or 0, self.limits)
        self.bserver.door = self.door
        self.bserver.set_policies(self._policies)
        try:
            await self.bserver.start()
        except OSError:
            await self.iserver.stop()
            raise


class OpcUaGateway:
    """The server of one gateway.

    Attributes:
        door: where its clients come in.
    """

    def __init__(self, site: Site, gateway: Gateway, plant: Served) -> None:
        """Remember what to serve; nothing is built before `start`."""
        self._site = site
        self._gateway = gateway
        self._plant = plant
        self._nodes: dict[ua.NodeId, _Served] = {}
        self._plates: dict[str, dict[str, ua.NodeId]] = {}
        self._standing: dict[str, str] = {}
        """Who stands where another should."""
        self._shown: list[_Served] = []
        self._read: Callable[[], NDArray[np.float64]]
        self._moved = Moved()
        self._version = -1
        self._utc_ns = 0
        self._shift_ns = 0
        self._strange_names = 0
        self._server: Server | None = None
        self.door: Final = Door(gateway.protocol, gateway.id)

    async def start(self, utc_ns: int) -> None:
        """Build the nodes and listen on the gateway's address; `utc_ns` stamps the first values.

        Raises:
            OSError: the port is taken or the address is not ours; names gateway and port.
        """
        gateway = self._gateway
        # The library reports its own start-up and every client that goes; failures are raised.
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        server = _Server(iserver=_Internal(user_manager=_Anonymous()))  # type: ignore[arg-type]
        server.door = self.door
        await server.init()
        server.allow_remote_admin(False)
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        server.set_server_name(f"{self._site.id} {gateway.id}")
        server.limits.max_message_size, server.limits.max_chunk_count = 1_000_000, 16
        server.iserver.max_connections = MAX_CONNECTIONS
        server.set_endpoint(f"opc.tcp://{gateway.host}:{gateway.port}/")
        await self._build(server, utc_ns)
        server.iserver.attribute_service = _DeviceAttributes(server.iserver.aspace, self)
        try:
            await server.start()
        except OSError as error:
            raise listening_failed(gateway, error) from None
        self._server = server

    async def stop(self) -> None:
        """Close the listener and every connection."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
            # A session outlives its connection, for a client that comes back, and even the server.
            for session in list(server.iserver._external_sessions.values()):
                await session.close_session()

    async def suffer(self, event: str, values: Mapping[str, Any]) -> None:
        """Let something go wrong that only this protocol knows, see `faults.words`."""
        if event == "shift_time":
            self._shift_ns = ns(float(values["by_s"]))
        elif event == "renumber":
            await self._renumber()
        elif self._server is not None:
            internal = self._server.iserver
            if event == "lose_session":
                for session in list(internal._external_sessions.values()):
                    await session.close_session()
            elif event == "lose_subscriptions":
                service = internal.subscription_service
                await service.delete_subscriptions(list(service.subscriptions))

    async def _renumber(self) -> None:
        """Start again, with one more namespace before those of the devices."""
        await self.stop()
        self._strange_names += 1
        self._nodes, self._moved, self._version = {}, Moved(), -1
        self._plates, self._standing = {}, {}
        await self.start(self._utc_ns)

    async def _build(self, server: Server, utc_ns: int) -> None:
        for number in range(self._strange_names):
            await server.register_namespace(f"urn:somebody:else:{number}")
        for equipment, _, profile in devices_behind(self._site, self._gateway):
            index = await server.register_namespace(profile.namespace)
            parent = await server.nodes.objects.add_object(
                ua.NodeId(ua.String(equipment.id), ua.Int16(index)),
                ua.QualifiedName(equipment.id, index),
            )
            for name, text in of_device(equipment, profile).properties().items():
                node = ua.NodeId(ua.String(f"{equipment.id}.{name}"), ua.Int16(index))
                await parent.add_property(node, ua.QualifiedName(name, ua.Int16(index)), text)
                self._plates.setdefault(equipment.id, {})[name] = node
            for name, place in profile.points.items():
                if isinstance(place, Node):
                    node = ua.NodeId(ua.String(place.path.format(id=equipment.id)), ua.Int16(index))
                    variable = await parent.add_variable(
                        node, ua.QualifiedName(name, index), 0, _TYPES[place.type]
                    )
                    await self._let_in(variable, place)
                    self._nodes[node] = _Served(equipment.id, name, place, node)
        self._shown = [each for each in self._nodes.values() if "r" in each.place.access]
        self._read = self._plant.reader([(each.equipment, each.point) for each in self._shown])
        await self._show(server, utc_ns)

    async def _let_in(self, variable: AnyNode, place: Node) -> None:
        """Say what clients may do with a node; it can be read as it is made."""
        if "w" in place.access:
            await variable.set_writable()
        if "r" not in place.access:
            for attribute in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
                await variable.unset_attr_bit(attribute, ua.AccessLevel.CurrentRead)

    async def refresh(self, utc_ns: int) -> None:
        """Show the plant as it is now, stamped `utc_ns`; only what changed is written."""
        if self._server is not None:
            await self._show(self._server, utc_ns)

    async def _show(self, server: Server, utc_ns: int) -> None:
        self._utc_ns = utc_ns
        if self._version == self._plant.version:
            return
        utc_ns += self._shift_ns
        self._version = self._plant.version
        await self._show_plates(server)
        values = self._read()
        for number in self._moved.among(values):
            served = self._shown[number]
            raw = to_raw(float(values[number]), served.place)
            if raw != served.raw:
                served.raw = raw
                await server.write_attribute_value(
                    served.node, _data_value(raw, served.place, utc_ns)
                )

    async def _show_plates(self, server: Server) -> None:
        """Let the nameplates be those of the devices that stand there."""
        for id_, nodes in self._plates.items():
            who, _ = self._plant.identity(id_)
            if who == self._standing.get(id_, id_):
                continue
            self._standing[id_] = who
            item = self._site.equipment[who]
            assert item.device is not None, "only what is served is taken for another"
            texts = of_device(item, self._site.profiles[item.device.profile]).properties()
            for name, node in nodes.items():
                await server.write_attribute_value(node, ua.DataValue(ua.Variant(texts[name])))

    async def take(self, wanted: Sequence[ua.WriteValue]) -> list[int]:
        """Hand written values to their devices, in order; return a status code for each."""
        codes: list[int] = []
        failed: set[str] = set()
        for value in wanted:
            served = self._nodes.get(value.NodeId)
            if served is None:
                codes.append(self._not_ours(value.NodeId))
            elif value.AttributeId != AttributeIds.Value:
                codes.append(StatusCodes.BadNotWritable)
            elif served.equipment in failed:
                codes.append(StatusCodes.BadInvalidState)
            else:
                codes.append(self._hand_over(served, value.Value.Value))
                if codes[-1] != StatusCodes.Good:
                    failed.add(served.equipment)
        await self.refresh(self._utc_ns)
        return codes

    def _not_ours(self, node: ua.NodeId) -> int:
        """Return why a node that stands for no point cannot be written."""
        assert self._server is not None
        known = node in self._server.iserver.aspace
        return StatusCodes.BadNotWritable if known else StatusCodes.BadNodeIdUnknown

    def hidden(self, node: ua.NodeId) -> bool:
        """Return whether a node only takes values."""
        served = self._nodes.get(node)
        return served is not None and "r" not in served.place.access

    def _hand_over(self, served: _Served, variant: ua.Variant | None) -> int:
        place = served.place
        if "w" not in place.access:
            return StatusCodes.BadNotWritable
        if variant is None or variant.VariantType != _TYPES[place.type] or variant.is_array:
            return StatusCodes.BadTypeMismatch
        value = float(variant.Value) * place.scale
        if not accepts(value, place.low, place.high):
            return StatusCodes.BadOutOfRange
        taken = self._plant.write(served.equipment, served.point, value)
        return StatusCodes.Good if taken else StatusCodes.BadUserAccessDenied
