"""L3: all that one device tells, by unit."""

from __future__ import annotations

from typing import Final

from grafana.panels import GREEN, RED, YELLOW, Query, device, graph, over, sheet, states

QUALITY = (("good", GREEN), ("uncertain", YELLOW), ("bad", RED))


def _told(pattern: str) -> Query:
    own = 'job=~"$job", instance=~"$instance", equipment=~"$equipment"'
    return Query(f'{{__name__=~"ridethrough_{pattern}", nature!="", {own}}}', "{{__name__}}")


def _about(metric: str) -> Query:
    own = 'job=~"$job", instance=~"$instance", equipment=~"$equipment"'
    return Query(f"ridethrough_{metric}{{{own}}}", "{{point}}")


SHEET: Final = sheet(
    "device",
    "Ridethrough L3: one device",
    "Choose the equipment above. Panels of what it does not have stay empty.",
    graph("Power", "Consumption is positive.", "watt", _told(".*_w")),
    graph("Voltage", "All voltages that it tells.", "volt", _told(".*_v")),
    graph("Current", "All currents that it tells.", "amp", _told(".*_a")),
    graph("Frequency", "All frequencies that it tells.", "hertz", _told(".*frequency_hz")),
    graph(
        "Parts of one",
        "Charge, loading, caps: by rating or capacity.",
        "percentunit",
        _told(".*_pu"),
    ),
    graph("Temperature", "All temperatures that it tells.", "celsius", _told(".*_c")),
    graph(
        "Stages, positions, flags",
        "Raw codes; their words are in daemon/model/natures/.",
        "none",
        _told(
            "(stage|position|connected|selector|presence|mode|tripped|lockout_86|on_battery"
            "|low_battery|overload|available|daemon_present|fallback|trip_cause)"
        ),
    ),
    graph("Times", "Runtime, shutdown and fall-back times.", "s", _told(".*_s")),
    states("Quality", "Quality of each value.", QUALITY, _about("point_quality")),
    graph(
        "Age",
        "How old each value is. What is too old counts as bad.",
        "s",
        _about("point_age_seconds"),
        steps=over(10, 60),
    ),
    graph(
        "Estimated power",
        "What the network says it carries, against what it tells itself.",
        "watt",
        Query(
            'ridethrough_estimate_power_w{job=~"$job", instance=~"$instance", '
            'equipment=~"$equipment"}',
            "{{equipment}} estimated",
        ),
        _told("power_w"),
        wide=True,
    ),
    more=[device()],
)
