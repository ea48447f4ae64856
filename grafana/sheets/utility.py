"""L2: what comes from the grid, and how it is taken in."""

from __future__ import annotations

from typing import Final

from grafana.panels import GREEN, GREY, RED, YELLOW, Query, graph, m, over, sheet, states

SHEET: Final = sheet(
    "utility",
    "Ridethrough L2: utility",
    "Feeds, intake, transformers.",
    graph(
        "Voltage at the relays",
        "Line to line, at every section that a relay watches.",
        "volt",
        Query(m("voltage_ll_v", nature="relay"), "{{equipment}}"),
    ),
    graph(
        "Rate of change of frequency",
        "A grid in trouble shows here first. Islanding protection trips on it.",
        "none",
        Query(m("rocof_hz_s"), "{{equipment}}"),
        steps=over(0.5, 1.0),
    ),
    graph(
        "Power at the meters",
        "Consumption is positive.",
        "watt",
        Query(m("power_w", nature="meter"), "{{equipment}}"),
    ),
    graph(
        "Reactive power at the meters",
        "Lagging is positive. The compensators should keep it small at the intake.",
        "voltampreact",
        Query(m("reactive_power_var", nature="meter"), "{{equipment}}"),
    ),
    graph(
        "Voltage at the meters",
        "Line to line, or DC where the meter is at a DC bus.",
        "volt",
        Query(m("voltage_v", nature="meter"), "{{equipment}}"),
    ),
    graph(
        "Energy imported",
        "Counters of the meters since they were last reset.",
        "watth",
        Query(m("energy_import_wh"), "{{equipment}}"),
    ),
    graph(
        "Transformers: hot spot",
        "Above 120 degrees the insulation ages ten times as fast as at 98 (IEC 60076-7).",
        "celsius",
        Query(m("hot_spot_temperature_c"), "{{equipment}}"),
        steps=over(98, 120),
    ),
    graph(
        "Transformers: loading",
        "Apparent power by rating. Above 1 for a while is bearable, not for ever.",
        "percentunit",
        Query(m("loading_pu"), "{{equipment}}"),
        steps=over(0.9, 1.0),
    ),
    states(
        "Breakers opened by protection",
        "Breakers at medium voltage that protection has opened, until they are reset.",
        (("not tripped", GREEN), ("tripped", RED)),
        Query(m("tripped", equipment="~52-[GV]CB-.+"), "{{equipment}}"),
    ),
    states(
        "Selectors of the intake and the switchgear",
        "What is not on AUTO does not follow the daemon.",
        (("auto", GREEN), ("manual", YELLOW), ("test", GREY)),
        Query(m("selector", nature="~transfer_switch|switchgear_controller"), "{{equipment}}"),
    ),
)
