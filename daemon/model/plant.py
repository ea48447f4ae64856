"""The plant as drawn on its one-line diagram: buses, equipment, devices, schemes.

These are nouns without behaviour, made once from a site file by `daemon.settings` and shared by
the daemon and the emulators: the site is described once. Ids are those of the one-line diagram.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.model.natures import NATURES, Nature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.points import Profile


@dataclass(frozen=True, slots=True)
class Bus:
    """A node of the one-line diagram.

    Attributes:
        id: as drawn.
        kind: "ac" or "dc".
        voltage_v: nominal voltage, line to line or pole to pole [V].
        area: the board or room it belongs to, for displays.
        earthing: declared neutral treatment, e.g. "solid", "resistance", "isolated".
    """

    id: str
    kind: str
    voltage_v: float
    area: str
    earthing: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A network endpoint that serves one or more devices.

    Attributes:
        id: as in the site file.
        protocol: "modbus_tcp" or "opcua".
        host: name or address to connect to and (emulators) to listen on.
        port: TCP port.
        mirror: unit 1 repeats the first `MIRROR_WORDS` input registers of every unit, see
            `daemon.model.points`.
        block: power block that it belongs to, "" for what all blocks share.
    """

    id: str
    protocol: str
    host: str
    port: int
    mirror: bool
    block: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """The intelligent device behind a piece of equipment.

    Attributes:
        profile: `<nature>/<make_model>`, a file in `config/devices/`.
        gateway: id of the endpoint that serves it.
        unit: Modbus unit id (OPC UA: unused, 0).
        scan: scan class, "fast", "normal" or "slow".
        fallback_after_s: silence of the daemon after which it falls back [s]; 0 = no watchdog.
        fallback: what it then does: "none", "hold", "zero", "own_logic", "ramp_to_zero".
        serial: serial number on its nameplate; 0 = not known.
        fallback_ramp_w_s: how fast it ramps to zero, if that is what it does; of a row, the ramp
            that its own is lowered to; 0 = its own stays [W/s].
    """

    profile: str
    gateway: str
    unit: int
    scan: str
    fallback_after_s: float
    fallback: str
    serial: int = 0
    fallback_ramp_w_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Equipment:
    """One piece of equipment of the one-line diagram.

    Attributes:
        id: as drawn.
        nature: key of `natures.NATURES`.
        variant: one of the nature's variants.
        buses: bus ids by terminal, in the nature's order.
        ratings: nameplate values by name, unit in the name.
        device: what reports and controls it, if anything does.
        normally: for switches and transfer switches the normal position
            ("open", "closed", "source_1", "source_2"), for others "in_service" or "out_of_service".
        priority: load priority, 1 is kept longest; 0 = not a load.
        critical: an IT load that must not be interrupted.
        group: id of the row controller that commands it, or "".
    """

    id: str
    nature: str
    variant: str
    buses: tuple[str, ...]
    ratings: Mapping[str, float]
    device: Device | None
    normally: str
    priority: int
    critical: bool
    group: str

    @property
    def kind(self) -> Nature:
        """Return the nature this equipment has."""
        return NATURES[self.nature]


@dataclass(frozen=True, slots=True)
class IntakeScheme:
    """ALTS: two feeds, one intake.

    Attributes:
        id: as drawn.
        authority: "device" or "daemon": who decides.
        fallback_s: the device's own logic takes over this long after the last heartbeat [s].
        switch: the transfer switch.
        feeds: feed breaker by source number, (source 1, source 2).
        relays: relay that judges each feed.
    """

    id: str
    authority: str
    fallback_s: float
    switch: str
    feeds: tuple[str, str]
    relays: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """One busbar section of a main-tie-main switchboard and its possible feeds.

    Attributes:
        bus: the section.
        main: breaker from its mains transformer.
        generator_feeder: breaker from the generator bus.
        upstream: breaker on the primary side of its transformer, or "".
    """

    bus: str
    main: str
    generator_feeder: str
    upstream: str


@dataclass(frozen=True, slots=True)
class MainTieMainScheme:
    """CCTS: mains, tie and generator breakers of a switchboard acting as one.

    Attributes:
        id: as drawn.
        authority: "device" or "daemon".
        fallback_s: as in `IntakeScheme` [s].
        controller: the switchgear controller that takes the heartbeat and holds the selector.
        intake: breaker that joins the site to the utility; opened by loss of mains.
        sections: the two halves of the board.
        tie: bus tie breaker, normally open.
        generator_bus: bus the sets feed.
        sets: generator id -> its breaker, in starting order.
        storage_feeders: breakers that join one storage to either section; at most one is closed.
    """

    id: str
    authority: str
    fallback_s: float
    controller: str
    intake: str
    sections: tuple[Section, ...]
    tie: str
    generator_bus: str
    sets: Mapping[str, str]
    storage_feeders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SupervisedScheme:
    """A device that decides itself (UPS, STS, ATS): the daemon verifies and may request.

    Attributes:
        id: as drawn.
        kind: "ups", "sts" or "ats".
        authority: always "device".
        members: the equipment supervised.
    """

    id: str
    kind: str
    authority: str
    members: tuple[str, ...]


Scheme = IntakeScheme | MainTieMainScheme | SupervisedScheme


@dataclass(frozen=True, slots=True)
class Contract:
    """What the grid contract and the site allow at the point of delivery.

    Attributes:
        import_limit_w: limit on the demand over one window [W].
        demand_window_s: averaging window of the demand [s].
        export_limit_w: highest export allowed, as a positive magnitude [W].
        swing_limit_w: largest peak-to-peak swing [W] within `swing_window_s`.
        swing_window_s: window of the swing [s].
        ramp_limit_w_s: largest ramp [W/s].
    """

    import_limit_w: float
    demand_window_s: float
    export_limit_w: float
    swing_limit_w: float
    swing_window_s: float
    ramp_limit_w_s: float


@dataclass(frozen=True, slots=True)
class Hook:
    """A program that is told of every orderly shutdown that is requested.

    Attributes:
        program: its path and first arguments; load, seconds left and reason follow. Empty: none.
        limit_s: it is ended after this [s].
    """

    program: tuple[str, ...] = ()
    limit_s: float = 5.0


@dataclass(frozen=True, slots=True)
class North:
    """Where the daemon publishes.

    Attributes:
        metrics_host: address of the HTTP server of `/metrics`.
        metrics_port: its port.
        mqtt_host: broker.
        mqtt_port: its port.
        mqtt_user: whom the broker knows us as, "" where it asks nobody.
        mqtt_secret: proof of that.
        hook: whom it tells of orderly shutdowns beside that.
    """

    metrics_host: str
    metrics_port: int
    mqtt_host: str
    mqtt_port: int
    mqtt_user: str = ""
    mqtt_secret: str = field(default="", repr=False)
    hook: Hook = field(default_factory=Hook)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a site file says about the plant, checked.

    Attributes:
        id: short id, used in topics and labels.
        name: for people.
        frequency_hz: nominal frequency [Hz].
        buses: by id, in file order.
        equipment: by id, in file order.
        gateways: by id, in file order.
        schemes: by id, in file order.
        contract: grid contract.
        north: where the daemon publishes.
        scan_s: period of every scan class [s].
        profiles: device maps by name.
        emulation: what only emulators read, by section; the daemon never looks inside.
    """

    id: str
    name: str
    frequency_hz: float
    buses: Mapping[str, Bus]
    equipment: Mapping[str, Equipment]
    gateways: Mapping[str, Gateway]
    schemes: Mapping[str, Scheme]
    contract: Contract
    north: North
    scan_s: Mapping[str, float]
    profiles: Mapping[str, Profile]
    emulation: Mapping[str, Any] = field(default_factory=dict)

    def of_nature(self, *names: str) -> tuple[Equipment, ...]:
        """Return the equipment of these natures, in file order."""
        return tuple(e for e in self.equipment.values() if e.nature in names)
