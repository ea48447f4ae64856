"""Alarms of the daemon, and alerts of Prometheus."""

from __future__ import annotations

from typing import Final

from grafana.panels import GREEN, RED, Query, graph, listing, m, number, over, sheet, states

ALERTS = 'ALERTS{job=~"$job", instance=~"$instance", alertstate="firing"}'
NONE = 'label_replace(vector(0), "{}", "none", "", "")'
"""What a panel shows where nothing fires: an empty one reads as one that is broken."""


SHEET: Final = sheet(
    "alarms",
    "Ridethrough: alarms",
    "Alarms by priority (their texts go over MQTT), what stands behind them, and alerts.",
    *(
        number(
            f"Priority {priority}",
            f"Active and not shelved alarms of priority {priority}.",
            "short",
            Query(f"sum({m('alarms_active', priority=str(priority))})", "active"),
            over(1, 1) if priority == 1 else over(1),
            span=6,
        )
        for priority in (1, 2, 3, 4)
    ),
    graph(
        "Alarms by priority",
        "Active and not shelved. More than ten in ten minutes is a flood (IEC 62682).",
        "short",
        Query(m("alarms_active"), "priority {{priority}}"),
        steps=over(10),
    ),
    graph(
        "Alerts by severity",
        "Alerts of Prometheus that fire.",
        "short",
        Query(f"count by (severity) ({ALERTS}) or on () {NONE.format('severity')}", "{{severity}}"),
        steps=over(1),
    ),
    listing(
        "Alerts",
        "Alerts of Prometheus that fire now.",
        "short",
        Query(f"{ALERTS} or on () {NONE.format('alertname')}", "alert"),
    ),
    listing(
        "If one element fails now",
        "Contingencies that lose critical loads or overload equipment.",
        "short",
        Query(
            f"{m('n_minus_1_lost_loads')} > 0 or {m('n_minus_1_overloaded')} > 0"
            f" or topk(5, {m('n_minus_1_lost_loads')})",
            "{{contingency}}",
        ),
        over(1),
    ),
    graph(
        "Critical loads lost if one element fails",
        "By element. Redundancy is gone where it is not zero.",
        "short",
        Query(m("n_minus_1_lost_loads"), "{{contingency}}"),
        steps=over(1),
    ),
    states(
        "Tripped",
        "Opened by protection.",
        (("not tripped", GREEN), ("tripped", RED)),
        Query(m("tripped"), "{{equipment}}"),
    ),
    states(
        "Lockout 86",
        "Protection saw a fault there; only a person resets it.",
        (("free", GREEN), ("locked out", RED)),
        Query(m("lockout_86"), "{{equipment}}"),
    ),
    graph(
        "Commands by result",
        "Commands of automata and people, how many in a short while.",
        "short",
        Query(f"increase({m('commands_total')}[$__rate_interval])", "{{result}}"),
    ),
)
