"""L2: everything that bridges a gap."""

from __future__ import annotations

from typing import Final

from grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    RED,
    YELLOW,
    Query,
    graph,
    m,
    number,
    over,
    sheet,
    states,
    under,
)

UPS = (
    ("off", GREY),
    ("normal", GREEN),
    ("battery", YELLOW),
    ("walk-in", BLUE),
    ("static bypass", YELLOW),
    ("maintenance bypass", YELLOW),
    ("fault", RED),
)
ESS = (
    ("off", GREY),
    ("standby", GREY),
    ("grid following", GREEN),
    ("grid forming", BLUE),
    ("fault", RED),
)
CARRIED = (("fed", GREEN), ("on battery", YELLOW))
LARGE = "~ups|rectifier|ess"


SHEET: Final = sheet(
    "storage",
    "Ridethrough L2: UPS and storage",
    "Charge, what it is worth in seconds, and who lives on it.",
    number(
        "On battery",
        "UPS, rectifiers and racks that live on stored energy now.",
        "short",
        Query(f"sum({m('on_battery')})", "on battery"),
        over(1, 10),
        span=6,
    ),
    number(
        "Least charge",
        "Of all storage, the least of what is reported, counted and told by the voltage.",
        "percentunit",
        Query(f"min({m('storage_charge_usable_pu')})", "least"),
        under(0.5, 0.2),
        span=6,
    ),
    number(
        "Shortest UPS runtime",
        "What the UPS and rectifiers say themselves, at their present load.",
        "s",
        Query(f"min({m('runtime_s')})", "shortest"),
        under(300, 120),
        span=6,
    ),
    number(
        "Reserve",
        "Energy behind all feeds of all loads.",
        "watth",
        Query(f"sum({m('reserve_wh')})", "reserve"),
        span=6,
    ),
    states("UPS", "Stages of the UPS.", UPS, Query(m("stage", nature="ups"), "{{equipment}}")),
    states(
        "Energy storage systems",
        "Stages. Grid forming is how storage holds an island.",
        ESS,
        Query(m("stage", nature="ess"), "{{equipment}}"),
    ),
    states(
        "Racks and converters on battery",
        "Who is carried by stored energy.",
        CARRIED,
        Query(m("on_battery"), "{{equipment}}"),
    ),
    graph(
        "Charge as reported",
        "What the devices say themselves.",
        "percentunit",
        Query(m("soc_pu", nature=LARGE), "{{equipment}}"),
        steps=under(0.5, 0.2),
    ),
    graph(
        "Charge as counted",
        "What was counted from power and corrected at rest. A gap to the reported one is a "
        "meter or a battery that lies.",
        "percentunit",
        Query(m("storage_charge_pu", store="!~RACK.+"), "{{store}}"),
        steps=under(0.5, 0.2),
    ),
    graph(
        "Charge of the rack batteries",
        "The least, the mean and the most of all racks.",
        "percentunit",
        Query(f"min({m('soc_pu', nature='ai_rack')})", "least"),
        Query(f"avg({m('soc_pu', nature='ai_rack')})", "mean"),
        Query(f"max({m('soc_pu', nature='ai_rack')})", "most"),
        steps=under(0.5, 0.2),
    ),
    graph(
        "Power of storage",
        "Charging is positive, discharging negative.",
        "watt",
        Query(m("power_w", nature="ess"), "{{equipment}}"),
        Query(m("battery_power_w", nature="~ups|rectifier"), "{{equipment}} battery"),
        Query(f"sum({m('battery_power_w', nature='ai_rack')})", "rack batteries"),
    ),
    graph(
        "Runtime",
        "Remaining time at present load, by the devices themselves.",
        "s",
        Query(m("runtime_s"), "{{equipment}}"),
        steps=under(300, 120),
    ),
    graph(
        "Autonomy by feed",
        "How long storage carries a load on each feed alone.",
        "s",
        Query(m("autonomy_seconds", path="!all"), "{{load}} on {{path}}"),
    ),
    graph(
        "Health",
        "Capacity by nominal. Below 80 % a battery is at the end of its life by custom.",
        "percentunit",
        Query(m("storage_health_pu", store="!~RACK.+"), "{{store}}"),
        steps=under(0.9, 0.8),
    ),
)
