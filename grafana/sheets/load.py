"""L2: the AI load, and what the grid sees of it."""

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

RACK = (
    ("running", GREEN),
    ("shutting down", YELLOW),
    ("off", GREY),
    ("starting", BLUE),
    ("lost", RED),
)


SHEET: Final = sheet(
    "load",
    "Ridethrough L2: AI load and grid code",
    "Power of the rows, caps, and the variation that grid codes limit.",
    number(
        "Rows",
        "What the rows of AI racks draw together.",
        "watt",
        Query(f"sum({m('power_w', nature='rack_row')})", "rows"),
        span=6,
    ),
    number(
        "Strictest cap",
        "Power cap of the row that is capped most, by its rating.",
        "percentunit",
        Query(f"min({m('power_cap_pu')})", "cap"),
        under(0.99, 0.5),
        span=6,
    ),
    number(
        "Work asked for",
        "Mean of what the jobs ask for, by rating.",
        "percentunit",
        Query(f"avg({m('utilisation_pu')})", "work"),
        span=6,
    ),
    number(
        "Racks running",
        "AI racks in the stage running.",
        "short",
        Query(f"count({m('stage', nature='ai_rack')} == 0)", "running"),
        span=6,
    ),
    graph(
        "Power of the rows",
        "By row, at its inlets.",
        "watt",
        Query(m("power_w", nature="rack_row"), "{{equipment}}"),
    ),
    graph(
        "Power caps",
        "What each row may draw by its rating. The daemon lowers it when sources are short.",
        "percentunit",
        Query(m("power_cap_pu"), "{{equipment}}"),
        steps=under(0.99, 0.5),
    ),
    states(
        "Rows",
        "Stages of the rows.",
        RACK,
        Query(m("stage", nature="rack_row"), "{{equipment}}"),
    ),
    states(
        "AI racks",
        "Stages of the racks.",
        RACK,
        Query(m("stage", nature="ai_rack"), "{{equipment}}"),
    ),
    graph(
        "Change of power at the meters",
        "Slope over one minute, by second. Grid codes limit what the intake may show.",
        "none",
        Query(f"deriv({m('power_w', nature='meter')}[1m])", "{{equipment}}"),
    ),
    graph(
        "Swing of the rows in a minute",
        "Highest less lowest power within a minute, of all rows together.",
        "watt",
        Query(
            f"max_over_time(sum({m('power_w', nature='rack_row')})[1m:])"
            f" - min_over_time(sum({m('power_w', nature='rack_row')})[1m:])",
            "swing",
        ),
    ),
    graph(
        "Flicker",
        "As the compensators measure it, by the limit of IEC 61000-3-7.",
        "percentunit",
        Query(m("flicker_pu"), "{{equipment}}"),
        steps=over(0.8, 1.0),
    ),
    graph(
        "Distortion",
        "Total harmonic distortion of the voltage.",
        "percentunit",
        Query(m("distortion_pu"), "{{equipment}}"),
        steps=over(0.05, 0.08),
    ),
    graph(
        "Smoothing floor and ramp",
        "Lowest power that a row holds on purpose, by rating, where smoothing is on.",
        "percentunit",
        Query(m("smoothing_floor_pu"), "{{equipment}}"),
    ),
    graph(
        "Inlet temperature",
        "Least, mean and most of the racks.",
        "celsius",
        Query(f"min({m('inlet_temperature_c')})", "least"),
        Query(f"avg({m('inlet_temperature_c')})", "mean"),
        Query(f"max({m('inlet_temperature_c')})", "most"),
        steps=over(45, 50),
    ),
)
