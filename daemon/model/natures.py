"""Natures: what every kind of equipment is, can tell and can be told.

A *nature* is the vocabulary that the site file, the device maps, the emulated devices, the
controllers and the alarms share. Controllers are written against natures only, so a new make and
model is one file in `config/devices/<nature>/` and no code. To add a kind of device, add an entry
here and one file in `device_emulators/devices/`.

Terminals are named in the order in which a site file lists `buses:`. Ratings are nameplate values.
Points are what a device may serve; a device map names those it does serve. Commands are written as
one block of `command_epoch`, `command_id` and `command` (the code), so that a device can refuse an
old epoch (fencing) and a duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class PointKind(Enum):
    """What sort of value a point carries; decides how it is coded, shown and written."""

    MEASURE = "measure"
    """A number with a unit, read only."""
    STATUS = "status"
    """True or false, read only."""
    POSITION = "position"
    """Double-point position of a switch, see `Position`."""
    STAGE = "stage"
    """One of the named states of the device; the value is the index into `states`."""
    COUNTER = "counter"
    """A number that only rises (and wraps), read only."""
    SETPOINT = "setpoint"
    """A number with a unit that the daemon may write, idempotent."""
    COMMAND = "command"
    """A code that makes the device act once; the value is the index into `states`."""
    HEARTBEAT = "heartbeat"
    """Written by the daemon to show that it lives; its silence hands authority to the device."""


class Position(Enum):
    """Double-point position of a switching device (IEC 61850 Dbpos)."""

    TRAVELLING = 0
    OPEN = 1
    CLOSED = 2
    BAD = 3


@dataclass(frozen=True, slots=True)
class PointSpec:
    """One value that equipment of a nature may serve.

    Attributes:
        name: point name, unit last; the full id is `<equipment>.<name>`.
        kind: sort of value.
        unit: key of `quantities.UNITS`, or "" where unitless.
        help: one line for people.
        states: labels by value for STAGE and COMMAND points.
    """

    name: str
    kind: PointKind
    unit: str
    help: str
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RatingSpec:
    """One nameplate value: whether the site file must give it, and what it means."""

    help: str
    required: bool = True


class Current(Enum):
    """Kind of system a terminal may be joined to."""

    AC = "ac"
    DC = "dc"
    ANY = "any"


class Role(Enum):
    """What equipment does to power; topology and balance checks read this."""

    SOURCE = "source"
    """Feeds its bus from outside or from fuel."""
    SWITCH = "switch"
    """Joins its two buses when closed."""
    TRANSFER = "transfer"
    """Joins its last bus to one of the others."""
    TRANSFORMER = "transformer"
    """Joins two voltage levels of one AC system."""
    CONVERTER = "converter"
    """Carries power from its first bus to its last through electronics; may hold storage."""
    STORAGE = "storage"
    """Takes and gives energy at its bus."""
    LOAD = "load"
    """Consumes at one bus, or at either of two."""
    COMPENSATOR = "compensator"
    """Reactive power only."""
    SENSOR = "sensor"
    """Measures at its bus, carries nothing."""
    EARTHING = "earthing"
    """Earths its bus when closed."""
    GROUP = "group"
    """No terminals: controls or sums other equipment."""


@dataclass(frozen=True, slots=True)
class Nature:
    """A kind of equipment.

    Attributes:
        name: as in site files and `config/devices/<name>/`.
        role: what it does to power.
        help: one line for people.
        logical_node: the IEC 61850 logical node it maps to.
        terminals: name and system of every terminal, in the order of `buses:`.
        optional_terminals: how many of the last terminals a site may leave out.
        variants: values allowed for `variant:`; the first is the default.
        ratings: nameplate values by name.
        points: what a device may serve, by name.
    """

    name: str
    role: Role
    help: str
    logical_node: str
    terminals: tuple[tuple[str, Current], ...]
    optional_terminals: int
    variants: tuple[str, ...]
    ratings: Mapping[str, RatingSpec]
    points: Mapping[str, PointSpec]

    def commands(self) -> tuple[str, ...]:
        """Return the names of the commands equipment of this nature obeys, by code from 1."""
        point = self.points.get("command")
        return point.states[1:] if point else ()


def _measure(name: str, text: str) -> PointSpec:
    unit = "hz_s" if name.endswith("hz_s") else name.rsplit("_", 1)[-1]
    return PointSpec(name, PointKind.MEASURE, unit, text)


def _measures(**points: str) -> tuple[PointSpec, ...]:
    return tuple(_measure(name, text) for name, text in points.items())


def _statuses(**points: str) -> tuple[PointSpec, ...]:
    return tuple(PointSpec(name, PointKind.STATUS, "", text) for name, text in points.items())


def _counters(**points: str) -> tuple[PointSpec, ...]:
    return tuple(PointSpec(name, PointKind.COUNTER, "count", text) for name, text in points.items())


def _setpoints(**points: str) -> tuple[PointSpec, ...]:
    return tuple(
        PointSpec(
            name,
            PointKind.SETPOINT,
            "w_s" if name.endswith("_w_s") else name.rsplit("_", 1)[-1],
            text,
        )
        for name, text in points.items()
    )


def _stage(
    *states: str, name: str = "stage", text: str = "What the device is doing."
) -> tuple[PointSpec, ...]:
    return (PointSpec(name, PointKind.STAGE, "", text, states),)


def _commands(*names: str) -> tuple[PointSpec, ...]:
    return (
        PointSpec(
            "command_epoch",
            PointKind.COUNTER,
            "count",
            "Epoch of the writer; an older one is refused.",
        ),
        PointSpec(
            "command_id",
            PointKind.COUNTER,
            "count",
            "Number of the command; a repeated one is ignored.",
        ),
        PointSpec("command", PointKind.COMMAND, "", "Makes the device act once.", ("none", *names)),
    )


FALLBACKS: Final = ("none", "hold", "zero", "own_logic", "ramp_to_zero")
"""What a device does when the daemon has been silent for its fall-back time."""

_LIFE = _counters(life_count="Rises each second while the device itself is alive.")
_HEARTBEAT = (
    PointSpec(
        "heartbeat", PointKind.HEARTBEAT, "count", "Daemon is alive; silence hands authority over."
    ),
    PointSpec(
        "daemon_present", PointKind.STATUS, "", "The heartbeat came within the fall-back time."
    ),
    *_measures(fallback_after_s="Silence of the daemon after which the device falls back, as set."),
    *_stage(*FALLBACKS, name="fallback", text="What the device then does, as set in it."),
)
_POSITION = (PointSpec("position", PointKind.POSITION, "", "Double-point position."),)
_SELECTOR = _stage(
    "auto", "manual", "test", name="selector", text="AUTO / MANUAL / TEST switch on the panel."
)


def _nature(
    name: str,
    role: Role,
    text: str,
    logical_node: str,
    terminals: str,
    ratings: dict[str, str],
    *points: tuple[PointSpec, ...],
    variants: tuple[str, ...] = (),
    optional_terminals: int = 0,
) -> Nature:
    """Build a row: `terminals` is "name:ac name:dc ..."; a rating text led by ~ is optional."""
    pairs = (pair.split(":") for pair in terminals.split())
    return Nature(
        name=name,
        role=role,
        help=text,
        logical_node=logical_node,
        terminals=tuple((label, Current(current)) for label, current in pairs),
        optional_terminals=optional_terminals,
        variants=variants or (name,),
        ratings=MappingProxyType(
            {
                key: RatingSpec(value.lstrip("~"), not value.startswith("~"))
                for key, value in ratings.items()
            }
        ),
        points=MappingProxyType({p.name: p for group in points for p in group}),
    )


_TRIP_CAUSE = _stage(
    "none",
    "trip",
    "overcrank",
    "no_voltage",
    "under_frequency",
    "over_frequency",
    "over_voltage",
    "reverse_power",
    "loss_of_field",
    "negative_sequence",
    "phase_sequence",
    "overload",
    "low_oil_pressure",
    "over_temperature",
    "out_of_fuel",
    "emergency_stop",
    "no_start",
    "loss_of_mains",
    "differential",
    name="trip_cause",
    text="What stopped the set: 81U, 81O, 59, 32R, 40, 46, 47, 49 and the engine's own.",
)
_NEUTRAL = {
    "neutral_ohm": "~Resistance between neutral and earth; left out: by the earthing of its bus."
}

_BATTERY = {
    "battery_v": "~Voltage of its battery, averaged over a discharge without load.",
    "chemistry_count": "~Cells: 1 lithium iron phosphate, 2 with nickel, 3 lead acid.",
}

_ROTATING = _measures(
    voltage_ll_v="Terminal voltage.",
    frequency_hz="Terminal frequency.",
    power_w="Active power, negative when generating.",
    reactive_power_var="Reactive power, negative when supplying.",
)

_ROWS: Final = (
    _nature(
        "utility",
        Role.SOURCE,
        "Grid connection at its point of delivery.",
        "TVTR",
        "bus:ac",
        {
            "power_va": "Contracted capacity.",
            "short_circuit_va": "Short-circuit power at the delivery point.",
            **_NEUTRAL,
        },
    ),
    _nature(
        "breaker",
        Role.SWITCH,
        "Circuit breaker with its own relay (52, 72).",
        "XCBR",
        "source:any load:any",
        {
            "current_a": "Rated normal current.",
            "breaking_a": "~Rated short-circuit breaking current.",
            "pickup_51_a": "~Inverse-time over-current pick-up.",
            "time_multiplier_51_pu": "~Inverse-time multiplier.",
            "curve_51_count": "~Curve of 51: IEC 0 SI, 1 VI, 2 EI, 3 LTI; IEEE 4 MI, 5 VI, 6 EI.",
            "pickup_50_a": "~Definite-time over-current pick-up.",
            "delay_50_s": "~Its time; as short as the relay can when left out.",
            "pickup_51n_a": "~Inverse-time earth-fault pick-up.",
            "time_multiplier_51n_pu": "~Its multiplier.",
            "pickup_50n_a": "~Definite-time earth-fault pick-up.",
            "delay_50n_s": "~Its time.",
            "delay_50n_inverter_s": "~Its time while an inverter forms the island.",
            "pickup_67_a": "~Over-current towards the source side: pick-up.",
            "delay_67_s": "~Its time.",
            "pickup_51v_a": "~Island group: over-current while the voltage has collapsed, pick-up.",
            "delay_51v_s": "~Its time.",
            "pickup_27_pu": "~Under-voltage trip.",
            "delay_27_s": "~Its time.",
            "pickup_59_pu": "~Over-voltage trip.",
            "delay_59_s": "~Its time.",
            "pickup_81u_hz": "~Under-frequency trip.",
            "delay_81u_s": "~Its time.",
            "pickup_81o_hz": "~Over-frequency trip.",
            "delay_81o_s": "~Its time.",
            "pickup_81r_hz_s": "~Trip on the rate of change of frequency.",
            "delay_81r_s": "~Its time.",
            "pickup_32_w": "~Trip on power towards the source side.",
            "delay_32_s": "~Its time.",
        },
        _POSITION,
        _statuses(
            local="Panel switch on local: remote commands are refused.",
            racked_in="Truck in service position.",
            spring_charged="Closing spring charged.",
            tripped="Opened by protection, not by command.",
            lockout_86="86 operated: closing blocked until reset by a person.",
            failure_50bf="50BF: did not open when told to.",
            sync_25="25: both sides live and within the synchronism limits now.",
            trip_27="27 tripped.",
            trip_32="32 tripped.",
            trip_49="49 of a transformer beside it tripped.",
            trip_50="50 tripped.",
            trip_51="51 tripped.",
            trip_59="59 tripped.",
            trip_67="67 tripped.",
            trip_81="81 tripped.",
            trip_87="87 tripped.",
            emergency_off="Emergency power off or fire trip holds the breaker open.",
        ),
        _measures(
            source_voltage_v="Voltage on the source side (line to line, or DC).",
            load_voltage_v="Voltage on the load side (line to line, or DC).",
            current_a="Largest phase current.",
            power_w="Active power towards the load side.",
        ),
        _counters(open_count="Openings.", close_count="Closings."),
        _LIFE,
        _commands("open", "close", "close_in_sync", "reset"),
        variants=("vcb", "gcb", "acb", "mccb", "dcb"),
    ),
    _nature(
        "earthing_switch",
        Role.EARTHING,
        "Earthing switch with interlock.",
        "XSWI",
        "bus:ac",
        {"current_a": "Rated short-time current."},
        _POSITION,
        _statuses(local="Panel switch on local.", blocked="Interlock blocks closing: bus is live."),
        _LIFE,
    ),
    _nature(
        "relay",
        Role.SENSOR,
        "Multi-function protection relay at a bus.",
        "PTUV",
        "bus:ac",
        {},
        _statuses(
            pickup_27="27 under-voltage.",
            pickup_59="59 over-voltage.",
            pickup_81o="81O over-frequency.",
            pickup_81u="81U under-frequency.",
            pickup_81r="81R rate of change of frequency.",
            pickup_32="32 directional power.",
            pickup_50="50 over-current.",
            pickup_51="51 over-current.",
            pickup_67="67 directional over-current.",
            trip_87="87B bus differential operated.",
        ),
        _stage(
            "dead",
            "live",
            "earthed",
            name="presence",
            text="High-voltage warning: dead, live or earthed.",
        ),
        _measures(
            voltage_ll_v="Bus voltage.",
            frequency_hz="Bus frequency (0 when dead).",
            rocof_hz_s="Rate of change of frequency.",
        ),
        _LIFE,
    ),
    _nature(
        "meter",
        Role.SENSOR,
        "Power meter in the connection of a bus.",
        "MMXU",
        "bus:any",
        {"current_a": "~Rated current of its transformers."},
        _measures(
            voltage_v="Voltage, line to line or DC.",
            frequency_hz="Frequency (AC only).",
            power_w="Active power into what lies behind the meter.",
            reactive_power_var="Reactive power.",
            current_a="Current.",
            energy_import_wh="Energy in.",
            energy_export_wh="Energy out.",
        ),
        _LIFE,
    ),
    _nature(
        "transformer",
        Role.TRANSFORMER,
        "Two-winding transformer with monitor and 87T.",
        "YPTR",
        "primary:ac secondary:ac",
        {
            "power_va": "Rated power.",
            "impedance_pu": "Short-circuit impedance.",
            "load_loss_w": "Loss at rated current.",
            "no_load_loss_w": "Loss at rated voltage.",
            **_NEUTRAL,
            "tap_step_pu": "~Step of its on-load tap changer.",
            "taps_count": "~Steps on either side of neutral.",
        },
        _measures(
            power_w="Active power at the primary.",
            reactive_power_var="Reactive power at the primary.",
            current_a="Primary current.",
            oil_temperature_c="Top-oil temperature.",
            hot_spot_temperature_c="Hot spot (IEC 60076-7).",
            loading_pu="Apparent power by rating.",
            loss_w="Iron and copper losses.",
            ageing_rate_pu="Ageing by that at a hot spot of 110 deg C (IEC 60076-7).",
        ),
        _counters(
            tap_count="Tap position; a higher one gives a lower secondary voltage.",
            tap_change_count="Steps of the tap changer.",
        ),
        _statuses(
            trip_87t="87T operated.",
            alarm_temperature="Temperature alarm contact.",
            trip_temperature="Too hot: trips both sides.",
            tap_automatic="Tap changer holds the secondary voltage by itself.",
            tap_blocked="Tap changer stands: end position, low voltage, high current, or stuck.",
        ),
        _LIFE,
        _commands("raise", "lower", "automatic", "manual"),
        _setpoints(voltage_setpoint_pu="Secondary voltage to hold."),
    ),
    _nature(
        "generator",
        Role.SOURCE,
        "Diesel generating set.",
        "DGEN",
        "bus:ac",
        {
            "power_w": "Prime power.",
            "power_va": "Apparent power.",
            "fuel_l": "Day tank.",
            "droop_pu": "~Frequency droop.",
            "performance_class_count": "~Class of ISO 8528-5: 1 to 3 for G1 to G3, 4 by agreement.",
            "load_step_pu": "~Load step agreed on for a set of class G4, by its rated power.",
            **_NEUTRAL,
        },
        _stage(
            "stopped",
            "cranking",
            "resting",
            "running_up",
            "ready",
            "loaded",
            "cooling_down",
            "fault",
        ),
        _ROTATING,
        _measures(
            fuel_l="Day tank content.",
            oil_pressure_pu="Oil pressure by rated.",
            coolant_temperature_c="Coolant temperature.",
            bulk_tank_l="Bulk tank content.",
            load_bank_w="Power the load bank takes from the set.",
        ),
        _counters(crank_count="Crank attempts of this start.", start_count="Starts."),
        _statuses(
            overcrank="Three attempts failed.",
            fail_to_build="Running but no voltage or frequency.",
            alarm_oil="Low oil pressure.",
            alarm_fuel="Low fuel.",
            available="Ready to be started.",
            alarm_temperature="Coolant too hot.",
            neutral_earthed="Neutral contactor closed: this set earths its island.",
        ),
        _TRIP_CAUSE,
        _SELECTOR,
        _LIFE,
        _HEARTBEAT,
        _commands("start", "stop", "reset", "test"),
        _setpoints(power_setpoint_w="Load-sharing set-point, negative when generating."),
    ),
    _nature(
        "gas_turbine",
        Role.SOURCE,
        "Gas turbine generator, cold start in minutes.",
        "DGEN",
        "bus:ac",
        {
            "power_w": "Rated power.",
            "power_va": "Apparent power.",
            "ramp_w_s": "Ramp limit.",
            **_NEUTRAL,
        },
        _stage("stopped", "starting", "ready", "loaded", "cooling_down", "fault"),
        _ROTATING,
        _statuses(
            available="Ready to be started.",
            neutral_earthed="Neutral contactor closed: this set earths its island.",
        ),
        _TRIP_CAUSE,
        _LIFE,
        _commands("start", "stop", "reset"),
        _setpoints(power_setpoint_w="Power set-point, negative when generating."),
    ),
    _nature(
        "smr",
        Role.SOURCE,
        "Small modular reactor: baseload, slow ramp.",
        "DGEN",
        "bus:ac",
        {
            "power_w": "Rated power.",
            "power_va": "Apparent power.",
            "ramp_w_s": "Ramp limit.",
            "house_load_w": "Own consumption it can run on.",
            **_NEUTRAL,
        },
        _stage("offline", "house_load", "on_grid", "tripped"),
        _ROTATING,
        _statuses(available="Able to feed."),
        _LIFE,
        _commands("house_load", "rejoin"),
        _setpoints(power_setpoint_w="Power set-point, negative when generating."),
    ),
    _nature(
        "pv",
        Role.SOURCE,
        "Photovoltaic plant with loss-of-mains protection.",
        "DPVA",
        "bus:ac",
        {"power_w": "Inverter rating."},
        _stage("off", "waiting", "feeding", "tripped"),
        _ROTATING,
        _measures(
            power_available_w="What the sun would give, negative when generating.",
            irradiance_pu="Irradiance by 1,000 W per square metre.",
        ),
        _LIFE,
        _setpoints(power_limit_w="Curtailment limit, as a positive magnitude."),
    ),
    _nature(
        "ess",
        Role.STORAGE,
        "Battery storage with its converter.",
        "DBAT",
        "bus:any",
        {"power_w": "Converter rating.", "energy_wh": "Usable energy.", "ramp_w_s": "~Ramp limit."},
        _stage("off", "standby", "grid_following", "grid_forming", "fault", name="stage"),
        _measures(
            voltage_v="Terminal voltage.",
            frequency_hz="Terminal frequency (AC only).",
            power_w="Power, negative when discharging.",
            reactive_power_var="Reactive power.",
            soc_pu="State of charge.",
            temperature_c="Hottest cell.",
            discharge_limit_w="Discharge power possible now.",
            charge_limit_w="Charge power possible now.",
            battery_health_pu="Capacity by that when new.",
        ),
        _statuses(battery_alarm="String open, cell too hot."),
        _LIFE,
        _HEARTBEAT,
        _commands("grid_following", "grid_forming", "stop", "reset"),
        _setpoints(power_setpoint_w="Power wanted, negative to discharge."),
    ),
    _nature(
        "ups",
        Role.CONVERTER,
        "Double-conversion UPS with battery or flywheel.",
        "DUPS",
        "input:ac output:ac",
        {
            "power_va": "Rated apparent power.",
            "power_w": "Rated active power.",
            "energy_wh": "Stored energy at full charge.",
            "efficiency_pu": "~Double-conversion efficiency at rated load.",
            "flywheel_wh": "~Flywheel energy.",
            **_BATTERY,
            **_NEUTRAL,
        },
        _stage(
            "off", "normal", "battery", "walk_in", "static_bypass", "maintenance_bypass", "fault"
        ),
        _measures(
            input_voltage_ll_v="Rectifier input.",
            input_frequency_hz="Rectifier input.",
            input_power_w="Power taken from the input.",
            output_voltage_ll_v="Inverter output.",
            output_frequency_hz="Inverter output.",
            output_power_w="Power given to the load.",
            soc_pu="State of charge of the store.",
            battery_power_w="Battery power, negative when discharging.",
            battery_voltage_v="Battery voltage.",
            battery_current_a="Battery current, negative when discharging.",
            battery_temperature_c="Hottest cell.",
            battery_health_pu="Capacity by that when new.",
            runtime_s="Remaining time at present load.",
        ),
        _statuses(
            on_battery="Load is carried by stored energy.",
            low_battery="Store nearly empty.",
            overload="Above rating.",
            bypass_available="Bypass in range and in phase.",
            battery_alarm="String open, cell too hot, or failed in its test.",
        ),
        _LIFE,
        _commands("to_inverter", "to_bypass", "battery_test", "reset"),
        _setpoints(
            power_setpoint_w="Power of the battery beside a good input, negative to discharge.",
        ),
        variants=("battery", "flywheel"),
    ),
    _nature(
        "statcom",
        Role.COMPENSATOR,
        "Reactive compensation with harmonic filter.",
        "RPCT",
        "bus:ac",
        {
            "reactive_power_var": "Rating in each direction.",
            "filter_var": "~Fixed capacitive power of its harmonic filter.",
        },
        _stage("off", "running", "fault"),
        _stage(
            "reactive_power",
            "voltage",
            "power_factor",
            name="mode",
            text="What it follows.",
        ),
        _measures(
            voltage_ll_v="Bus voltage.",
            reactive_power_var="Reactive power, filter included.",
            flicker_pu="Short-term flicker severity at its bus; people notice 1.",
            distortion_pu="Harmonic by fundamental current of its section, behind the filter.",
        ),
        _statuses(filter_overloaded="More harmonic current than the filter can take."),
        _LIFE,
        _commands(
            "start",
            "stop",
            "reset",
            "reactive_power_mode",
            "voltage_mode",
            "power_factor_mode",
        ),
        _setpoints(
            reactive_power_setpoint_var="Reactive power wanted.",
            voltage_setpoint_pu="Bus voltage to hold.",
            power_factor_setpoint_pu="Power factor of the section to hold, inductive.",
        ),
    ),
    _nature(
        "hvdc",
        Role.CONVERTER,
        "AC to 800 V DC converter in modules, unidirectional.",
        "DRCT",
        "input:ac output:dc",
        {
            "power_w": "Rated power of all modules.",
            "modules_count": "Number of modules.",
            "efficiency_pu": "~Efficiency at rated load.",
            "droop_pu": "~Voltage droop at rated power.",
        },
        _stage("off", "precharge", "walk_in", "running", "fault"),
        _measures(
            input_voltage_ll_v="AC input.",
            input_power_w="Power taken from the AC side.",
            output_voltage_v="DC output.",
            output_power_w="Power given to the DC bus.",
            output_current_a="DC current.",
            insulation_ohm="Insulation to earth, lower pole, of all that is joined to the output.",
            available_w="Power possible with the modules in service.",
        ),
        _statuses(limited="At its current limit.", pole_fault="Pole fault."),
        _counters(
            modules_count="Modules in service.",
            leak_feeder_count="Outgoing breaker behind which a leak to earth lies, from 1.",
        ),
        _LIFE,
        _commands("start", "stop", "reset"),
        _setpoints(power_limit_w="Power it may take, for starts on small sources."),
    ),
    _nature(
        "rectifier",
        Role.CONVERTER,
        "48 V rectifier with battery.",
        "DRCT",
        "input:ac output:dc",
        {
            "power_w": "Rated power.",
            "energy_wh": "Battery energy.",
            "efficiency_pu": "~Efficiency at rated load.",
        },
        _stage("off", "normal", "battery", "walk_in", "fault"),
        _measures(
            input_voltage_ll_v="AC input.",
            input_power_w="Power taken.",
            output_voltage_v="DC output.",
            output_power_w="Power given.",
            soc_pu="Battery state of charge.",
            battery_power_w="Battery power, negative when discharging.",
            battery_temperature_c="Hottest cell.",
            runtime_s="Remaining time at present load.",
        ),
        _statuses(
            on_battery="Load is carried by the battery.",
            low_battery="Battery nearly empty.",
            battery_alarm="String open, cell too hot.",
        ),
        _LIFE,
    ),
    _nature(
        "transfer_switch",
        Role.TRANSFER,
        "ATS, STS or ALTS: joins its load to one of two sources.",
        "XSWI",
        "source_1:ac source_2:ac load:ac",
        {"current_a": "Rated current.", "transfer_s": "~Open time of a transfer."},
        _stage(
            "open",
            "source_1",
            "source_2",
            "travelling",
            name="connected",
            text="Which source feeds the load.",
        ),
        _measures(
            source_1_voltage_ll_v="Source 1.",
            source_2_voltage_ll_v="Source 2.",
            load_voltage_ll_v="Load side.",
            current_a="Load current.",
        ),
        _statuses(
            source_1_healthy="Source 1 within limits.",
            source_2_healthy="Source 2 within limits.",
            in_sync="Sources within the synchronism limits.",
            local="Panel switch on local.",
            inhibited="Own logic held by the daemon's heartbeat.",
        ),
        _counters(transfer_count="Transfers."),
        _SELECTOR,
        _LIFE,
        _HEARTBEAT,
        _commands("to_source_1", "to_source_2", "open", "reset"),
        variants=("ats", "sts", "alts"),
    ),
    _nature(
        "switchgear_controller",
        Role.GROUP,
        "Local controller of a breaker scheme (CCTS).",
        "CSWI",
        "",
        {},
        _stage(
            "inhibited",
            "watching",
            "isolating",
            "starting",
            "feeding",
            "returning",
            "fault",
            text="Own logic; inhibited while the daemon lives.",
        ),
        _statuses(
            emergency_off="Emergency power off or fire trip.",
            maintenance="Maintenance tag on the scheme.",
        ),
        _SELECTOR,
        _LIFE,
        _HEARTBEAT,
    ),
    _nature(
        "rack_row",
        Role.GROUP,
        "Row controller of AI racks: power cap, smoothing, shutdown.",
        "DCCT",
        "",
        {"power_w": "Rating of the row."},
        _stage("running", "shutting_down", "off", "starting"),
        _measures(
            power_w="Power of all racks.",
            utilisation_pu="Work the jobs ask for, by rating.",
            energy_stored_wh="Energy left in rack batteries.",
            shutdown_s="Time an orderly shutdown takes.",
        ),
        _counters(racks_running_count="Racks that run."),
        _LIFE,
        _HEARTBEAT,
        _commands("shutdown", "start"),
        _setpoints(
            power_cap_pu="Power cap of each rack by rating.",
            smoothing_floor_pu="Lowest power kept by the smoothing profile.",
            ramp_limit_w_s="Ramp limit of the smoothing profile.",
        ),
    ),
    _nature(
        "ai_rack",
        Role.LOAD,
        "AI rack, 800 V direct, with battery and supercapacitor.",
        "DLOD",
        "feed_a:dc feed_b:dc",
        {"power_w": "Rated power.", "battery_wh": "Rack battery.", "supercap_j": "Supercapacitor."},
        _stage("running", "shutting_down", "off", "starting", "lost"),
        _measures(
            power_w="Power of the IT equipment.",
            feed_a_voltage_v="Feed A.",
            feed_b_voltage_v="Feed B.",
            feed_a_power_w="Taken from A.",
            feed_b_power_w="Taken from B.",
            soc_pu="Rack battery.",
            battery_power_w="Battery power, negative when discharging.",
            inlet_temperature_c="Coolant inlet.",
        ),
        _statuses(on_battery="Carried by the rack battery."),
        _LIFE,
    ),
    _nature(
        "it_rack",
        Role.LOAD,
        "Server, network or storage rack with one or two cords.",
        "DLOD",
        "feed_a:any feed_b:any",
        {"power_w": "Rated power."},
        _stage("running", "shutting_down", "off", "starting", "lost"),
        _measures(
            power_w="Power.",
            feed_a_voltage_v="Feed A.",
            feed_b_voltage_v="Feed B.",
            shutdown_s="Time an orderly shutdown takes.",
        ),
        _LIFE,
        _HEARTBEAT,
        _commands("shutdown", "start"),
        variants=("server", "network", "storage"),
        optional_terminals=1,
    ),
    _nature(
        "chiller",
        Role.LOAD,
        "Chiller with restart time and buffer tank.",
        "DLOD",
        "bus:ac",
        {"power_w": "Rated electrical power.", "cooling_w": "Rated cooling."},
        _stage("stopped", "starting", "running", "fault"),
        _measures(
            power_w="Power.",
            voltage_ll_v="Supply.",
            supply_temperature_c="Chilled water supply.",
            buffer_temperature_c="Buffer tank.",
        ),
        _LIFE,
        _commands("start", "stop", "reset"),
    ),
    _nature(
        "pump",
        Role.LOAD,
        "Coolant pumps of a distribution unit (CDU).",
        "DLOD",
        "bus:ac",
        {"power_w": "Rated power."},
        _stage("stopped", "running", "fault"),
        _measures(
            power_w="Power.",
            voltage_ll_v="Supply.",
            flow_lps="Coolant flow.",
            loop_temperature_c="Coolant supply.",
        ),
        _LIFE,
        _commands("start", "stop"),
    ),
    _nature(
        "cable",
        Role.SWITCH,
        "Fixed connection with an impedance, always closed.",
        "ZCAB",
        "source:any load:any",
        {
            "current_a": "Rated current.",
            "resistance_ohm": "Resistance.",
            "reactance_ohm": "~Reactance at nominal frequency.",
        },
    ),
)

NATURES: Final[Mapping[str, Nature]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every kind of equipment that a site file may name."""
