"""The forms people fill in: sections of a site file and of a device map, field by field.

A form says which keys there are, what kind of value each holds and its bounds. What needs more
than one value at a time (a bus that nobody feeds, two devices at one address) is looked for in
the modules of `checks`. Descriptions go into the JSON Schema that editors show.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Protocol = Literal["modbus_tcp", "opcua"]
Scan = Literal["fast", "normal", "slow"]


class Form(BaseModel):
    """A mapping with exactly the keys named here."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SiteSection(Form):
    """Which plant this is."""

    id: Id
    """Short id, used in topics and labels."""
    name: str
    """Name for people."""
    frequency_hz: Literal[50, 60] = 60
    """Nominal frequency [Hz]."""


class BusForm(Form):
    """A node of the one-line diagram."""

    kind: Literal["ac", "dc"]
    voltage_v: Positive
    """Nominal voltage, line to line or pole to pole [V]."""
    area: str
    """Board or room, for displays."""
    earthing: Literal["solid", "resistance", "isolated", "midpoint", "positive", "negative"]
    """Declared treatment of the neutral or the poles."""


class Endpoint(Form):
    """A network endpoint."""

    host: str
    port: Port


class GatewayForm(Endpoint):
    """An endpoint that serves one or more devices."""

    protocol: Protocol
    mirror: bool = False
    """Unit 1 repeats the first input registers of every unit: one block that is read fast."""
    block: Id | Literal[""] = ""
    """Power block that it belongs to; none for what all blocks share, or on a site without any."""


class FallbackForm(Form):
    """What a device does when the daemon falls silent."""

    after_s: Positive
    """Silence after which it falls back [s]; the heartbeat is sent three times as often."""
    action: Literal["hold", "zero", "own_logic", "ramp_to_zero"]
    ramp_w_s: Positive | None = None
    """How fast `ramp_to_zero` goes, or the fastest ramp a row then keeps, as set in it [W/s]."""


class DeviceForm(Form):
    """The intelligent device behind a piece of equipment."""

    profile: str
    """`<nature>/<make_model>`: a file in config/devices."""
    gateway: str
    unit: Annotated[int, Field(ge=0, le=247)] = 0
    """Modbus unit id; not used with OPC UA."""
    scan: Scan = "normal"
    fallback: FallbackForm | None = None
    serial: Annotated[int, Field(ge=1, le=0xFFFF_FFFF)] | None = None
    """Serial number on its nameplate."""


class EquipmentForm(Form):
    """One piece of equipment of the one-line diagram."""

    nature: str
    """Kind of equipment, a name of daemon/model/natures/."""
    variant: str = ""
    """One of the variants of the nature; the first when left out."""
    buses: list[str]
    """Bus of each terminal, in the order of the nature."""
    ratings: dict[str, Finite] = {}
    """Nameplate values; which are needed depends on the nature."""
    device: DeviceForm | None = None
    normally: str = ""
    """Normal position (open, closed, source_1, source_2) or in_service, out_of_service."""
    priority: Annotated[int, Field(ge=1, le=9)] | None = None
    """Loads and rack rows: 1 is kept longest."""
    critical: bool = False
    """An IT load that must not be interrupted."""
    group: str = ""
    """Row controller that commands it."""


class IntakeForm(Form):
    """ALTS: two feeds, one intake."""

    kind: Literal["intake"]
    authority: Literal["daemon", "device"]
    fallback_s: Positive
    switch: str
    feeds: Annotated[list[str], Field(min_length=2, max_length=2)]
    relays: Annotated[list[str], Field(min_length=2, max_length=2)]


class SectionForm(Form):
    """One busbar section of a main-tie-main switchboard."""

    bus: str
    main: str
    generator_feeder: str
    upstream: str = ""


class MainTieMainForm(Form):
    """CCTS: mains, tie and generator breakers of a switchboard acting as one."""

    kind: Literal["main_tie_main"]
    authority: Literal["daemon", "device"]
    fallback_s: Positive
    controller: str
    intake: str
    sections: Annotated[list[SectionForm], Field(min_length=2, max_length=2)]
    tie: str
    generator_bus: str
    sets: dict[str, str]
    """Generator -> its breaker, in starting order."""
    storage_feeders: list[str] = []


class SupervisedForm(Form):
    """Devices that decide themselves; the daemon verifies and may request."""

    kind: Literal["ups", "sts", "ats"]
    authority: Literal["device"] = "device"
    members: Annotated[list[str], Field(min_length=1)]


SchemeForm = Annotated[IntakeForm | MainTieMainForm | SupervisedForm, Field(discriminator="kind")]


class ContractForm(Form):
    """What the grid contract and the site allow at the point of delivery."""

    import_limit_w: Positive
    demand_window_s: Positive
    export_limit_w: NotNegative
    swing_limit_w: Positive
    swing_window_s: Positive
    ramp_limit_w_s: Positive


class HookForm(Form):
    """A program that is told of every orderly shutdown that is requested."""

    program: Annotated[list[Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1)]
    """Its path and first arguments; load, seconds left and reason follow. There is no shell."""
    limit_s: Annotated[float, Field(gt=0, le=8)] = 5.0
    """It is ended after this; the daemon itself has to end within 10 s [s]."""


class NorthForm(Form):
    """Where the daemon publishes, and whom it tells of shutdowns."""

    metrics: Endpoint
    mqtt: Endpoint
    hook: HookForm | None = None


class ScanForm(Form):
    """Period of every scan class [s]."""

    fast_s: Positive = 0.01
    normal_s: Positive = 0.1
    slow_s: Positive = 1.0


class BalanceForm(Form):
    """What must still fit the ratings when something is out of service."""

    power_factor_pu: Annotated[float, Field(gt=0, le=1)] = 0.95
    demand_factor: dict[str, Share] = {}
    """Share of its rating that a load draws at most, by equipment id or nature; else 1."""
    unlisted_w: dict[str, NotNegative] = {}
    """Demand by bus that no equipment of the file stands for."""
    n_minus_1: list[list[str]] = []
    """Each entry: what is out of service together."""


class PlantForm(Form):
    """What the semantic checks need; the rest of a site file is checked field by field."""

    buses: dict[Id, BusForm]
    gateways: dict[Id, GatewayForm]
    equipment: dict[Id, EquipmentForm]
    schemes: dict[Id, SchemeForm] = {}
    balance: BalanceForm = BalanceForm()
    scan: ScanForm = ScanForm()


class SiteForm(PlantForm):
    """A site file. Top-level keys that start with `x-` may hold anchors and mean nothing else."""

    site: SiteSection
    contract: ContractForm
    north: NorthForm
    control: dict[str, Any] = {}
    """Settings of the controllers, by controller."""
    emulation: dict[str, dict[str, Any]] = {}
    """What only emulators read, by nature or, which goes before, by equipment id."""


Limits = Annotated[list[Finite], Field(min_length=2, max_length=2)]


class RegisterForm(Form):
    """Where a point lives in a Modbus device."""

    table: Literal["input", "holding", "discrete", "coil"]
    address: Annotated[int, Field(ge=0, le=65535)]
    """Zero-based address in its table."""
    type: Literal["u16", "i16", "u32", "i32", "f32", "bit", "dpi"]
    bit: Annotated[int, Field(ge=0, le=15)] = 0
    """Lowest bit of a bit or dpi inside a register."""
    scale: Finite = 1.0
    """Engineering value = raw * scale + offset, in the unit named."""
    offset: Finite = 0.0
    unit: str = ""
    """Unit of the engineering value, that of the point."""
    access: Literal["r", "w", "rw"] = "r"
    limits: Limits | None = None
    """Lowest and highest value that is believed, and accepted when written."""
    scan: Literal["", "fast", "normal", "slow"] = ""
    """Replaces the scan class of the device for this point."""


class NodeForm(Form):
    """Where a point lives in an OPC UA server."""

    path: str
    """String identifier in the namespace; {id} stands for the equipment id."""
    type: Literal["Double", "Float", "Int32", "UInt32", "UInt16", "Boolean"]
    scale: Finite = 1.0
    unit: str = ""
    access: Literal["r", "w", "rw"] = "r"
    limits: Limits | None = None


class _Map(Form):
    nature: str
    make: str
    model: str


class SerialForm(Form):
    """Where a Modbus device keeps its serial number: two registers, in the map's word order."""

    table: Literal["input", "holding"]
    address: Annotated[int, Field(ge=0, le=65534)]


class RegisterMapForm(_Map):
    """The map of a Modbus device."""

    protocol: Literal["modbus_tcp"]
    word_order: Literal["big", "little"] = "big"
    """Order of the two words of a 32-bit value."""
    functions: Annotated[list[Literal[1, 2, 3, 4, 5, 6, 15, 16, 22, 23]], Field(min_length=1)] = []
    """Function codes it obeys, where they are not all that its tables allow."""
    gaps: Literal["zero", "refuse"] = "zero"
    """What addresses between its values do: read 0, or make it refuse the whole read."""
    serial: SerialForm | None = None
    points: dict[str, RegisterForm]


class NodeMapForm(_Map):
    """The map of an OPC UA device."""

    protocol: Literal["opcua"]
    namespace: str
    points: dict[str, NodeForm]


MapForm = Annotated[RegisterMapForm | NodeMapForm, Field(discriminator="protocol")]
