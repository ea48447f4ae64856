"""L1: from the utility to the racks on one page."""

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

POSITION = (("travelling", YELLOW), ("open", GREY), ("closed", GREEN), ("bad", RED))
PRESENCE = (("dead", RED), ("live", GREEN), ("earthed", YELLOW))


SHEET: Final = sheet(
    "power-path",
    "Ridethrough L1: power path",
    "Is everything fed, from where, and for how long if it is not.",
    number(
        "Alarms of priority 1",
        "A critical load is in danger. The alarm itself says cause and response; see MQTT or "
        "the log of the daemon.",
        "short",
        Query(f"sum({m('alarms_active', priority='1')})", "priority 1"),
        over(1, 1),
    ),
    number(
        "Least autonomy",
        "How long storage alone carries the load that has least of it, on all its paths.",
        "s",
        Query(f"min({m('autonomy_seconds', path='all')})", "least"),
        under(90, 60),
    ),
    number(
        "Loads lost with one failure",
        "The worst answer to: if one element dies now, how many critical loads are lost.",
        "short",
        Query(f"max({m('n_minus_1_lost_loads')})", "worst"),
        over(1, 2),
    ),
    number(
        "AI racks",
        "What the rows of AI racks draw together.",
        "watt",
        Query(f"sum({m('power_w', nature='rack_row')})", "rows"),
    ),
    number(
        "Own generation",
        "What generators, turbine, reactor and photovoltaics give together.",
        "watt",
        Query(f"-sum({m('power_w', nature='~generator|gas_turbine|smr|pv')})", "generation"),
    ),
    number(
        "PUE",
        "Facility energy by IT energy since the daemon started, from the estimated network.",
        "none",
        Query(f"max({m('estimate_pue_pu')})", "PUE"),
        over(1.3, 1.5),
    ),
    states(
        "Voltage at the relays",
        "Whether each section that a relay watches is dead, live or earthed.",
        PRESENCE,
        Query(m("presence"), "{{equipment}}"),
    ),
    states(
        "Breakers at medium voltage",
        "Positions of the breakers that take part in transfers.",
        POSITION,
        Query(m("position", equipment="~52-[GV]CB-.+"), "{{equipment}}"),
    ),
    states(
        "Transfer switches",
        "Which source each transfer switch is connected to.",
        (("open", RED), ("source 1", GREEN), ("source 2", BLUE), ("travelling", YELLOW)),
        Query(m("connected"), "{{equipment}}"),
    ),
    graph(
        "Power by kind of equipment",
        "Consumption is positive, so generation and discharging are negative.",
        "watt",
        Query(
            "sum by (nature) ("
            + m(
                "power_w",
                nature="~rack_row|it_rack|ess|generator|gas_turbine|smr|pv|chiller",
            )
            + ")",
            "{{nature}}",
        ),
    ),
    graph(
        "Autonomy by load",
        "How long storage carries each critical load on all its paths together. Below the time "
        "of its orderly shutdown it is too late.",
        "s",
        Query(m("autonomy_seconds", path="all"), "{{load}}"),
        steps=under(90, 60),
    ),
    graph(
        "Frequency of the sections",
        "As the relays measure it; 0 where a section is dead.",
        "hertz",
        Query(m("frequency_hz", nature="relay"), "{{equipment}}"),
    ),
)
