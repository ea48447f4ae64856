"""L2: the site's own sources."""

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
    sheet,
    states,
    under,
)

SET = (
    ("stopped", GREY),
    ("cranking", YELLOW),
    ("resting", YELLOW),
    ("running up", BLUE),
    ("ready", BLUE),
    ("loaded", GREEN),
    ("cooling down", BLUE),
    ("fault", RED),
)
TURBINE = (
    ("stopped", GREY),
    ("starting", YELLOW),
    ("ready", BLUE),
    ("loaded", GREEN),
    ("cooling down", BLUE),
    ("fault", RED),
)
REACTOR = (("offline", GREY), ("house load", BLUE), ("on grid", GREEN), ("tripped", RED))
SOURCES = "~generator|gas_turbine|smr|pv"


SHEET: Final = sheet(
    "generation",
    "Ridethrough L2: generation",
    "Sets, turbine, reactor, photovoltaics, and the fuel behind them.",
    number(
        "Available",
        "Sources that would start or feed if they were asked.",
        "short",
        Query(f"sum({m('available')})", "available"),
        under(3, 1),
        span=6,
    ),
    number(
        "Fuel lasts",
        "All sets together, at what is burnt now, or would have to be.",
        "s",
        Query(m("fuel_endurance_seconds", set="all"), "all sets"),
        under(28_800, 7_200),
        span=6,
    ),
    number(
        "Generation",
        "What all sources of the site give together.",
        "watt",
        Query(f"-sum({m('power_w', nature=SOURCES)})", "generation"),
        span=6,
    ),
    number(
        "Fuel in the day tanks",
        "The least of them, in litres.",
        "litre",
        Query(f"min({m('fuel_l')})", "least"),
        under(2_000, 500),
        span=6,
    ),
    states(
        "Generator sets",
        "Stages of the sets.",
        SET,
        Query(m("stage", nature="generator"), "{{equipment}}"),
    ),
    states(
        "Gas turbine",
        "Stages of the turbine.",
        TURBINE,
        Query(m("stage", nature="gas_turbine"), "{{equipment}}"),
    ),
    states(
        "Reactor",
        "Stages of the small modular reactor. House load keeps it alive without a grid.",
        REACTOR,
        Query(m("stage", nature="smr"), "{{equipment}}"),
    ),
    states(
        "Breakers of the sets",
        "Positions. A set that is ready and open waits for synchronism.",
        (("travelling", YELLOW), ("open", GREY), ("closed", GREEN), ("bad", RED)),
        Query(m("position", equipment="~52-GCB-.+|52-VCB-G.+"), "{{equipment}}"),
    ),
    graph(
        "Power of the sources",
        "Shown as given, so producing is positive here.",
        "watt",
        Query(f"-{m('power_w', nature=SOURCES)}", "{{equipment}}"),
    ),
    graph(
        "Voltage of the sources",
        "Line to line.",
        "volt",
        Query(m("voltage_ll_v", nature=SOURCES), "{{equipment}}"),
    ),
    graph(
        "Frequency of the sources",
        "0 where a machine stands still.",
        "hertz",
        Query(m("frequency_hz", nature=SOURCES), "{{equipment}}"),
    ),
    graph(
        "Fuel in the day tanks",
        "Litres, by set.",
        "litre",
        Query(m("fuel_l"), "{{equipment}}"),
        steps=under(2_000, 500),
    ),
    graph(
        "Coolant",
        "Cold coolant delays the first load; hot coolant trips the set.",
        "celsius",
        Query(m("coolant_temperature_c"), "{{equipment}}"),
        steps=((None, BLUE), (30, GREEN), (98, YELLOW), (104, RED)),
    ),
    graph(
        "Photovoltaics",
        "What the sun would allow, and what is fed; both as given.",
        "watt",
        Query(f"-{m('power_available_w')}", "{{equipment}} available"),
        Query(f"-{m('power_w', nature='pv')}", "{{equipment}} fed"),
    ),
)
