"""By what a fault shows itself, and how soon the daemon must say so: one table to be read.

A row is about something the plant did: a happening of the scenario that shows at once, or the
effect of one that lay dormant (a set that was to start, a breaker that was to open). Any one of the
classes named will do, raised for the equipment itself, for an instrument at its buses, or for the
site. A time holds the delay of the alarm itself (config/alarms), three polls of the device's scan
class, and a main scan. What lasts shorter than `lasts_s` needs no alarm.

What shows in no point that an alarm class looks at (a transfer switch that is stuck, a row without
batteries, an instrument that drifts) has no row: nothing is claimed about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FAST_S: Final = 1.0
"""Relays, meters and the mirrored words of breakers: 10 to 100 ms scans."""
SLOW_S: Final = 3.5
"""What is read once a second, by the third poll."""
SILENT_S: Final = 3.7
"""A gateway that is asked once a second: up to the next request, three of half a second without a
reply, the delay of the alarm, a main scan: 3.6 s, and a tenth for what is rounded."""
RETRIED_S: Final = 20.0
LIFE_S: Final = 6.0
"""A counter of seconds that has not moved, and the delay of the alarm."""


@dataclass(frozen=True, slots=True, order=True)
class Sign:
    """What must be alarmed.

    Attributes:
        nature: of the equipment, "gateway" or "daemon".
        happening: "injected", or an event that the plant reports.
        word: which happening, stage, element or cause; "" for any.
        classes: alarm classes, one of which must come.
        within_s: time to do so [s].
        lasts_s: what ends sooner needs none [s].
    """

    nature: str
    happening: str
    word: str
    classes: tuple[str, ...]
    within_s: float
    lasts_s: float = 0.0


LOST_SUPPLY: Final = ("outage-confirmed", "all-ac-lost")

SIGNS: Final = (
    # Supply
    Sign("utility", "injected", "outage", ("utility-feed-lost",), FAST_S, 0.6),
    Sign("smr", "injected", "trip", ("smr-tripped", *LOST_SUPPLY), 2.0, 1.5),
    Sign("pv", "injected", "trip", ("pv-tripped", *LOST_SUPPLY), 32.0, 32.0),
    Sign("gas_turbine", "stage", "fault", ("gas-turbine-fault",), FAST_S),
    Sign("relay", "injected", "bus_trip", ("bus-differential",), FAST_S),
    Sign("transformer", "injected", "trip_87t", ("transformer-trip",), SLOW_S),
    # Switchgear
    Sign("breaker", "tripped", "50", ("breaker-lockout", "breaker-tripped"), FAST_S),
    Sign("breaker", "tripped", "51", ("breaker-lockout", "breaker-tripped"), FAST_S),
    Sign("breaker", "tripped", "87", ("breaker-lockout", "breaker-tripped"), FAST_S),
    Sign("breaker", "failed_to_open", "", ("breaker-failure",), 0.3),
    # One retry after the spring has been charged, and only then is it a failure.
    Sign("breaker", "failed_to_close", "", ("command-failed",), RETRIED_S, RETRIED_S),
    Sign("breaker", "injected", "local", ("breaker-local",), 10.0 + SLOW_S, 10.0 + SLOW_S),
    Sign("breaker", "injected", "rack_out", ("breaker-racked-out",), 10.0 + SLOW_S, 10.0 + SLOW_S),
    Sign("breaker", "injected", "emergency_off", ("breaker-emergency-off",), FAST_S),
    *(
        Sign(nature, "injected", word, (class_,), 12.0, 12.0)
        for nature, class_ in (
            ("transfer_switch", "transfer-switch-not-in-auto"),
            ("switchgear_controller", "scheme-not-in-auto"),
            ("generator", "generator-not-in-auto"),
        )
        for word in ("manual", "test")
    ),
    Sign("switchgear_controller", "injected", "emergency_off", ("scheme-emergency-off",), FAST_S),
    Sign("switchgear_controller", "injected", "fire_trip", ("scheme-emergency-off",), FAST_S),
    # Sets
    Sign("generator", "attempt", "2", ("generator-second-crank", "generator-overcrank"), FAST_S),
    Sign("generator", "cause", "overcrank", ("generator-overcrank",), FAST_S),
    Sign("generator", "cause", "no voltage", ("generator-fail-to-build",), FAST_S),
    Sign(
        "generator",
        "stage",
        "fault",
        ("generator-trip", "generator-overcrank", "generator-fail-to-build"),
        FAST_S,
    ),
    Sign("generator", "injected", "low_fuel", ("generator-fuel-low",), 12.0, 12.0),
    # Storage
    Sign("ups", "stage", "battery", ("ups-on-battery",), FAST_S, 0.5),
    Sign("ups", "stage", "static_bypass", ("ups-bypass",), FAST_S, 1.0),
    Sign("ups", "stage", "maintenance_bypass", ("ups-bypass",), FAST_S, 1.0),
    Sign("ups", "stage", "fault", ("ups-fault",), 1.5),
    Sign("ups", "injected", "battery_disconnect", ("ups-low-battery",), FAST_S, 1.0),
    Sign("rectifier", "stage", "battery", ("rectifier-on-battery", *LOST_SUPPLY), 2.5, 1.5),
    Sign("rectifier", "stage", "fault", ("rectifier-fault",), 1.5),
    Sign("rectifier", "injected", "battery_disconnect", ("rectifier-low-battery",), FAST_S, 1.0),
    Sign("ess", "stage", "fault", ("storage-fault",), FAST_S),
    *(
        Sign(nature, happening, word, (class_,), SLOW_S)
        for nature, class_ in (
            ("ups", "ups-battery-fault"),
            ("rectifier", "rectifier-battery-fault"),
            ("ess", "storage-battery-fault"),
        )
        for happening, word in (("injected", "string_open"), ("string_opened", ""))
    ),
    Sign("hvdc", "stage", "fault", ("hvdc-fault", "hvdc-pole-fault"), FAST_S),
    Sign("hvdc", "injected", "pole_fault", ("hvdc-pole-fault",), FAST_S),
    # Loads and cooling
    Sign("ai_rack", "stage", "lost", ("rack-lost", "row-lost"), SLOW_S + 2.0),
    Sign("it_rack", "stage", "lost", ("it-rack-lost",), SLOW_S + 1.0),
    Sign("chiller", "stage", "fault", ("chiller-fault",), SLOW_S + 1.0),
    Sign("pump", "stage", "fault", ("pump-stopped",), SLOW_S + 1.0),
    Sign("statcom", "injected", "trip", ("statcom-fault",), 2.0),
    # Communication
    *(
        Sign("gateway", "injected", word, ("gateway-silent", "device-silent"), SILENT_S, SILENT_S)
        for word in ("hang", "refuse", "cut", "cut_to_daemon", "cut_to_gateway")
    ),
    *(
        Sign(nature, "injected", "stop_life", ("device-silent", "gateway-silent"), LIFE_S, LIFE_S)
        for nature in ("breaker", "relay", "generator", "ups", "transfer_switch", "ess", "rack_row")
    ),
    # The daemon itself
    Sign("daemon", "injected", "clock_step", ("clock-stepped",), 1.0),
)


def by_nature() -> Mapping[str, tuple[Sign, ...]]:
    """Return the rows of each nature."""
    found: dict[str, list[Sign]] = {}
    for sign in SIGNS:
        found.setdefault(sign.nature, []).append(sign)
    return {nature: tuple(signs) for nature, signs in found.items()}
