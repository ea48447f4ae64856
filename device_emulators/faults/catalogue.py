"""Which faults may be drawn by chance, on what, how hard and for how long.

A row names the fault of the catalogue that it is a case of, so that whoever finds something by it
knows what was promised there. Only faults that the product says it handles stand here; a test holds
this table to that list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from device_emulators.selection import DAEMON, GATEWAY

if TYPE_CHECKING:
    from collections.abc import Mapping


class Span(NamedTuple):
    """A range of values to draw from."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drawable:
    """A word that may be drawn.

    Attributes:
        fault: id of the fault that it is a case of.
        event: the word.
        of: natures of what it may be done to.
        values: range or choice of every value that the word needs.
        lasts_s: range of its duration [s]; None for what is done once or ends by itself.
        heals: the word that ends it, "" where none is needed.
        repeats: how often at most, one after the other.
        several_pu: how probably it is done to several of its targets at once.
        likely_pu: in which part of all seeds it may be drawn.
    """

    fault: str
    event: str
    of: tuple[str, ...]
    values: Mapping[str, Span | tuple[str | float, ...]] = field(default_factory=dict)
    lasts_s: Span | None = None
    heals: str = ""
    repeats: int = 1
    several_pu: float = 0.0
    likely_pu: float = 0.2


@dataclass(frozen=True, slots=True)
class Asking:
    """What people may ask the daemon for.

    Attributes:
        fault: id of the fault that it is a case of.
        event: the word.
        of: natures of what they ask it of.
        actions: what they ask for.
        after_s: range of the time from something that happened to a request [s].
        times: how often in a run, at least and at most.
        near_pu: how probably it is about what stands beside what happened.
        likely_pu: in which part of all seeds anybody asks.
    """

    fault: str
    event: str
    of: tuple[str, ...]
    actions: tuple[str, ...]
    after_s: Span
    times: tuple[int, int]
    near_pu: float
    likely_pu: float


@dataclass(frozen=True, slots=True)
class Leaning:
    """A load that storage has to give for, and storage that has little to give.

    Attributes:
        fault: id of the fault that it is a case of.
        event: the word.
        of: nature of what it is done to; idle before.
        values: every value that the word needs.
        charge_pu: reserve that sites declare unless they say otherwise [pu].
        above_pu: range of what a store holds above it at the beginning [pu].
        likely_pu: in which part of all seeds.
    """

    fault: str
    event: str
    of: str
    values: Mapping[str, float]
    charge_pu: float
    above_pu: Span
    likely_pu: float


_WHILE: Final = Span(0.5, 20.0)
_GATEWAY: Final = (GATEWAY,)
_DEVICES: Final = ("breaker", "relay", "generator", "ups", "transfer_switch", "ess", "rack_row")


def _unread(nature: str, *points: str) -> Drawable:
    return Drawable("F20", "not_a_number", (nature,), {"point": points}, _WHILE, "clear")


DRAWABLE: Final = (
    Drawable("F01", "refuse", _GATEWAY, {}, _WHILE, "heal"),
    Drawable("F02", "hang", _GATEWAY, {}, _WHILE, "heal"),
    Drawable("F03", "cut", _GATEWAY, {}, _WHILE, "heal"),
    Drawable("F04", "slow", _GATEWAY, {"latency_s": Span(0.02, 1.0)}, _WHILE, "heal"),
    Drawable("F12", "cut_to_daemon", _GATEWAY, {}, _WHILE, "heal"),
    Drawable("F12", "cut_to_gateway", _GATEWAY, {}, _WHILE, "heal"),
    Drawable("F12", "refuse_writes", _DEVICES[2:], {}, _WHILE, "clear"),
    Drawable("F13", "reset", _GATEWAY, repeats=3),
    _unread("relay", "voltage_ll_v", "frequency_hz", "rocof_hz_s"),
    _unread("meter", "voltage_v", "power_w"),
    _unread("breaker", "source_voltage_v", "load_voltage_v"),
    _unread("generator", "voltage_ll_v", "frequency_hz", "power_w"),
    _unread("ups", "soc_pu", "output_voltage_ll_v", "runtime_s"),
    _unread("ess", "soc_pu", "power_w"),
    _unread("rack_row", "power_w"),
    Drawable(
        "F26",
        "spike",
        ("breaker",),
        {"point": ("position",), "value": (0.0, 3.0), "for_s": Span(0.05, 15.0)},
    ),
    Drawable("F27", "stop_life", _DEVICES, {}, Span(3.0, 20.0), "clear"),
    Drawable("F29", "ignore_writes", ("breaker", "generator"), {}, _WHILE, "clear"),
    Drawable(
        "F30",
        "scale",
        ("relay",),
        {"point": ("voltage_ll_v",), "factor": Span(0.0, 0.9)},
        _WHILE,
        "clear",
    ),
    Drawable("F33", "fail_to_open", ("breaker",), {}, _WHILE, "clear", several_pu=0.3),
    Drawable("F34", "fail_to_close", ("breaker",), {}, _WHILE, "clear", several_pu=0.3),
    Drawable("F35", "trip", ("breaker",), {}, _WHILE, "clear"),
    Drawable("F35", "bus_trip", ("relay",), {}, _WHILE, "clear"),
    Drawable("F37", "local", ("breaker",), {}, _WHILE, "clear"),
    Drawable(
        "F42",
        "sag",
        ("utility",),
        {"depth_pu": Span(0.1, 1.0), "for_s": Span(0.01, 0.1)},
        several_pu=0.3,
    ),
    Drawable(
        "F43",
        "outage",
        ("utility",),
        {},
        Span(0.15, 8.0),
        "return",
        repeats=3,
        several_pu=0.7,
    ),
    Drawable(
        "F43",
        "outage",
        ("utility",),
        {},
        Span(8.0, 40.0),
        "return",
        several_pu=0.7,
        likely_pu=0.6,
    ),
    Drawable("F44", "no_start", ("generator",), {}, Span(5.0, 30.0), "clear", several_pu=0.3),
    Drawable("F47", "trip", ("generator",), {}, Span(1.0, 20.0), "clear"),
    Drawable("F51", "maintenance", ("ups",), {}, _WHILE, "clear"),
    Drawable("F57", "clock_step", (DAEMON,), {"by_s": Span(-3600.0, 3600.0)}, repeats=3),
    Drawable("F60", "pause", (DAEMON,), {"for_s": Span(0.05, 6.0)}),
)
"""What may be drawn, by fault."""

ASKING: Final = Asking(
    "F94",
    "ask",
    ("breaker",),
    ("close", "close_in_sync"),
    after_s=Span(0.05, 15.0),
    times=(4, 16),
    near_pu=0.4,
    likely_pu=0.5,
)
"""To close the wrong breaker, while something else is wrong. Opening is not drawn: people may take
from their loads what they like, and nobody could be blamed for it."""

LEANING: Final = Leaning(
    "F55",
    "job_start",
    "rack_row",
    {"utilisation_pu": 1.0},
    charge_pu=0.2,
    above_pu=Span(5e-4, 0.6),
    likely_pu=0.5,
)
"""A job of all rows asks some 20 kWh of storage, so few begin with more than they come to need."""
