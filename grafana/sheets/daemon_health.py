"""Whether the daemon itself is well."""

from __future__ import annotations

from typing import Final

from grafana.panels import GREEN, RED, Query, graph, m, number, over, sheet, states, under


def _quantile(part: float, name: str, by: str = "lane") -> Query:
    rate = f"rate({m(f'{name}_seconds_bucket')}[$__rate_interval])"
    return Query(
        f"histogram_quantile({part}, sum by ({by}, le) ({rate}))",
        f"{{{{{by}}}}} p{part * 100:.0f}",
    )


def _rate(counter: str) -> str:
    return f"rate({m(counter)}[$__rate_interval])"


def _of_process(name: str) -> str:
    return m(name).replace("ridethrough_", "process_", 1)


SHEET: Final = sheet(
    "daemon",
    "Ridethrough: daemon health",
    "Lanes, links, values, record.",
    number(
        "Ready",
        "1 when every device has been read once, or was silent for ten seconds.",
        "short",
        Query(f"min({m('ready')})", "ready"),
        under(1, 1),
    ),
    number(
        "Lanes",
        "Lanes that are not in their fail-safe.",
        "short",
        Query(f"sum({m('lane_up')})", "up"),
        under(2, 1),
    ),
    number(
        "Gateways",
        "Part of the gateways that is connected.",
        "percentunit",
        Query(f"avg({m('gateway_up')})", "up"),
        under(1, 0.9),
    ),
    number(
        "Bad values",
        "Part of all values that is bad.",
        "percentunit",
        Query(f"avg({m('point_quality')} == bool 2)", "bad"),
        over(0.01, 0.1),
    ),
    number(
        "Record failures",
        "Records that could not be written since the start.",
        "short",
        Query(f"sum(increase({m('journal_failures_total')}[$__range]))", "failures"),
        over(1, 1),
    ),
    number(
        "Parts that died",
        "Parts of the daemon that died and were started again, in the time shown.",
        "short",
        Query(f"sum(increase({m('task_restarts_total')}[$__range]))", "died"),
        over(1, 1),
    ),
    graph(
        "Duration of a scan",
        "From begin to end. The switching lane has 10 ms, the main lane 100 ms.",
        "s",
        _quantile(0.5, "scan_duration"),
        _quantile(0.99, "scan_duration"),
        steps=over(0.01, 0.1),
    ),
    graph(
        "Lateness of a scan",
        "From its slot to its begin. Grows when the machine is busy.",
        "s",
        _quantile(0.5, "scan_jitter"),
        _quantile(0.99, "scan_jitter"),
        steps=over(0.005, 0.01),
    ),
    graph(
        "Stages of the way",
        "Age of what was polled, estimating, deciding, and writing until the device answers.",
        "s",
        _quantile(0.5, "stage_duration", "stage"),
        _quantile(0.99, "stage_duration", "stage"),
        steps=over(0.1, 0.25),
    ),
    graph(
        "Scans",
        "By lane; 100 and 10 a second at the shipped periods.",
        "ops",
        Query(_rate("scans_total"), "{{lane}}"),
    ),
    graph(
        "Slots missed",
        "Slots of the grid without a scan.",
        "ops",
        Query(_rate("scan_overruns_total"), "{{lane}}"),
        steps=over(0.1, 1),
    ),
    states(
        "Gateways",
        "Connected or not.",
        (("down", RED), ("up", GREEN)),
        Query(m("gateway_up"), "{{gateway}}"),
    ),
    graph(
        "Latency of the gateways",
        "Last request to reply.",
        "s",
        Query(m("gateway_latency_seconds"), "{{gateway}}"),
        steps=over(0.1, 0.5),
    ),
    graph(
        "Polls",
        "Answered in full, by gateway.",
        "reqps",
        Query(_rate("gateway_polls_total"), "{{gateway}}"),
    ),
    graph(
        "Polls that failed, were missed or not believed",
        "All gateways together.",
        "reqps",
        Query(f"sum({_rate('gateway_polls_failed_total')})", "failed"),
        Query(f"sum({_rate('gateway_polls_missed_total')})", "missed"),
        Query(f"sum({_rate('gateway_rejected_total')})", "not believed"),
        Query(f"sum({_rate('gateway_reconnects_total')})", "reconnects"),
        steps=over(1),
    ),
    graph(
        "Oldest values",
        "The age of the oldest value of the ten stalest devices.",
        "s",
        Query(f"topk(10, max by (equipment) ({m('point_age_seconds')}))", "{{equipment}}"),
        steps=over(10, 60),
    ),
    graph(
        "Instruments of the estimate",
        "How many are fresh, aged, absent.",
        "short",
        Query(m("estimate_instruments_count"), "{{class}}"),
    ),
    graph(
        "Record on the disk",
        "Files of the record, and the limit beyond which the oldest go; incidents go last.",
        "bytes",
        Query(m("journal_size_bytes"), "record"),
        Query(m("journal_limit_bytes"), "limit"),
    ),
    graph(
        "Memory",
        "Resident memory of the daemon.",
        "bytes",
        Query(_of_process("resident_memory_bytes"), "resident"),
        steps=over(400e6, 500e6),
    ),
    graph(
        "Processor",
        "Of one core, all threads together.",
        "percentunit",
        Query(f"rate({_of_process('cpu_seconds_total')}[$__rate_interval])", "used"),
        steps=over(0.5, 0.9),
    ),
)
