"""What the daemon counts and concludes, as families of prometheus_client.

A few hundred lines, whatever the size of the plant, so the library may render them; the values of
the plant are `daemon.publishers.plant_lines`. prometheus_client is imported in this file alone.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.openmetrics import exposition as open_text
from prometheus_client.registry import Collector

from daemon.model.events import Event
from daemon.model.quantities import seconds
from daemon.publishers.family import Family
from daemon.publishers.publisher import DURATION_BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client import Metric

    from daemon.journal.keeping import Held
    from daemon.model.events import AlarmTransition
    from daemon.publishers.publisher import LaneFigures, North, Snapshot, Spread


class Transfers(NamedTuple):
    """Transfers by kind and outcome, and the stages of the last one, from the loss [s]."""

    counts: Mapping[tuple[str, str], int] = MappingProxyType({})
    stages_s: Mapping[str, float] = MappingProxyType({})


class Figures(Collector):
    """What the daemon knows of itself and of the plant as a whole.

    Attributes:
        events: how often each event happened since the start.
        transfers: what came of transfers since the start.
    """

    def __init__(self, north: North) -> None:
        """Begin with nothing told."""
        self._north = north
        self._snapshot: Snapshot | None = None
        self.events: Final[Counter[str]] = Counter()
        self.transfers = Transfers()
        self._process = ProcessCollector(registry=None)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Count what happened, and keep what came of transfers."""
        for item in news:
            if not isinstance(item, Event):
                continue
            self.events[item.name] += 1
            if item.name == "transfer_report":
                outcome = item.fields["kind"], "pass" if item.fields["ok"] else "fail"
                # One reference is replaced as a whole: a scrape reads from another thread.
                count = self.transfers.counts.get(outcome, 0) + 1
                stages = {each["name"]: each["at_s"] for each in item.fields["stages"]}
                self.transfers = Transfers({**self.transfers.counts, outcome: count}, stages)

    def render(self, snapshot: Snapshot | None, *, openmetrics: bool) -> bytes:
        """Return the lines of a snapshot, or of what is known before there is one."""
        self._snapshot = snapshot
        text: bytes
        if openmetrics:
            text = open_text.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return text.removesuffix(b"# EOF\n")
        text = generate_latest(self._registry)
        return text

    def families(self, snapshot: Snapshot) -> Iterator[Family]:
        """Yield what is rendered, by the names under which it is found."""
        self._snapshot = snapshot
        for metric in self.collect():
            name = metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")
            labels = tuple(getattr(metric, "_labelnames", ()))
            yield Family(name, metric.documentation, labels, metric.type)

    def collect(self) -> Iterator[Metric]:
        """Yield every family, from the last snapshot."""
        yield InfoMetricFamily(
            "ridethrough_build",
            "Version, site and boot.",
            value={
                "version": self._north.version,
                "site": self._north.site.id,
                "node": self._north.node,
                "epoch": str(self._north.epoch),
            },
        )
        yield from self._process.collect()
        snapshot = self._snapshot
        if snapshot is not None:
            yield from _lanes(snapshot)
            yield _spent(snapshot)
            yield from _gateways(snapshot)
            yield from _security(snapshot)
            yield _endurance(snapshot)
            yield from _stores(snapshot)
            yield _substitutes(snapshot)
            yield from _transfers(self.transfers)
            yield _schemes(snapshot)
            yield _tags(snapshot)
            yield _volatility(snapshot)
            yield from _compliance(snapshot)
            yield from _demand(snapshot)
            yield from _alarms(snapshot)
            yield from _rest(snapshot)
            yield _events(self.events)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: what there is depends on the snapshot."""
        return iter(())


def _lanes(snapshot: Snapshot) -> Iterator[Metric]:
    def histogram(name: str, text: str) -> HistogramMetricFamily:
        return HistogramMetricFamily(f"ridethrough_scan_{name}_seconds", text, labels=["lane"])

    duration = histogram("duration", "Time from begin to end of a scan.")
    jitter = histogram("jitter", "Time from the slot of a scan to its begin.")
    scans = CounterMetricFamily("ridethrough_scans", "Scans done.", labels=["lane"])
    missed = CounterMetricFamily("ridethrough_scan_overruns", "Scans missed.", labels=["lane"])
    up = GaugeMetricFamily("ridethrough_lane_up", "The lane is not in fail-safe.", labels=["lane"])
    for name, figures in snapshot.lanes.items():
        duration.add_metric([name], *_buckets(figures.duration))
        jitter.add_metric([name], *_buckets(figures.jitter))
        scans.add_metric([name], figures.scans)
        missed.add_metric([name], figures.overruns)
        up.add_metric([name], _up(figures))
    yield from (duration, jitter, scans, missed, up)


def _spent(snapshot: Snapshot) -> Metric:
    spent = HistogramMetricFamily(
        "ridethrough_stage_duration_seconds",
        "Where time goes: poll (age of the oldest fast value at a main scan), estimate, decide "
        "(a step of either lane), write (from decision to answer of the device).",
        labels=["stage"],
    )
    for stage, spread in snapshot.spent.items():
        spent.add_metric([stage], *_buckets(spread))
    return spent


def _schemes(snapshot: Snapshot) -> Metric:
    schemes = GaugeMetricFamily(
        "ridethrough_scheme_stage",
        "1 for the stage in which a transfer scheme or a section of it is.",
        labels=["scheme", "stage"],
    )
    for scheme, stage in dict(snapshot.schemes).items():
        schemes.add_metric([scheme, stage], 1.0)
    return schemes


def _tags(snapshot: Snapshot) -> Metric:
    hung = GaugeMetricFamily(
        "ridethrough_maintenance_tags",
        "Maintenance tags that hang on a piece of equipment: it is not put into service.",
        labels=["equipment"],
    )
    for name, by in dict(snapshot.tags).items():
        hung.add_metric([name], float(len(by)))
    return hung


def _volatility(snapshot: Snapshot) -> Metric:
    volatility = GaugeMetricFamily(
        "ridethrough_load_volatility_stage",
        "1 for the stage of the load's volatility: unknown, initial, intermediate, turbulent.",
        labels=["stage"],
    )
    volatility.add_metric([snapshot.volatility], 1.0)
    return volatility


def _compliance(snapshot: Snapshot) -> Iterator[Metric]:
    margin = GaugeMetricFamily(
        "ridethrough_compliance_margin_pu",
        "How far the worst figure at the point of delivery has stayed within a limit of the "
        "contract or a rule set, as a part of the limit; negative beyond it.",
        labels=["rules", "limit"],
    )
    passed = CounterMetricFamily(
        "ridethrough_compliance_violations",
        "How often a limit at the point of delivery was passed.",
        labels=["rules", "limit"],
    )
    for kept in snapshot.compliance:
        if kept.margin_pu is not None:
            margin.add_metric([kept.rules, kept.limit], kept.margin_pu)
        if kept.ok is not None:
            passed.add_metric([kept.rules, kept.limit], kept.times)
    yield margin
    yield passed


def _demand(snapshot: Snapshot) -> Iterator[Metric]:
    name, aim_w, mean_w, room_w, highest_w, reserves_wh, losses_w = snapshot.demand
    watts = GaugeMetricFamily(
        "ridethrough_demand_watts",
        "Of the window that is billed: the aim, the mean until now, what may be drawn until its "
        "end to close at the aim (room), and the highest window of the billing period.",
        labels=["what"],
    )
    figures = {"aim": aim_w, "mean": mean_w, "room": room_w, "highest": highest_w}
    for what, value_w in figures.items():
        watts.add_metric([what], value_w)
    policy = GaugeMetricFamily(
        "ridethrough_demand_policy",
        "1 for what the aim is from: ratchet, or the forecast of a plan (rules, learnt); "
        "none while the import is not known.",
        labels=["policy"],
    )
    policy.add_metric([name], 1.0)
    reserve = GaugeMetricFamily(
        "ridethrough_shaving_reserve_wh",
        "Energy of a store that is never given to lower the demand.",
        labels=["store"],
    )
    for store, reserve_wh in reserves_wh.items():
        reserve.add_metric([store], reserve_wh)
    loss = GaugeMetricFamily(
        "ridethrough_forecast_pinball_watts",
        "Pinball loss of each forecast of the load over the last days; the lowest is used.",
        labels=["forecast"],
    )
    for forecast, loss_w in losses_w.items():
        loss.add_metric([forecast], loss_w)
    yield from (watts, policy, reserve, loss)


def _events(events: Counter[str]) -> Metric:
    family = CounterMetricFamily("ridethrough_events", "What happened, by name.", labels=["event"])
    for name, count in sorted(events.copy().items()):
        family.add_metric([name], count)
    return family


def _up(figures: LaneFigures) -> float:
    return 0.0 if figures.stopped else 1.0


def _buckets(spread: Spread) -> tuple[list[tuple[str, float]], float]:
    names = [*(repr(bound) for bound in DURATION_BOUNDS_S), "+Inf"]
    total = 0
    buckets = []
    for name, count in zip(names, list(spread.counts), strict=True):
        total += count
        buckets.append((name, float(total)))
    return buckets, spread.sum_s


_GATEWAY: Final = (
    ("polls", "Requests for values answered in full."),
    ("polls_failed", "Requests for values that failed."),
    ("polls_missed", "Slots of the poll grid that passed unused."),
    ("rejected", "Replies that were not believed."),
    ("reconnects", "Connections made again."),
)


def _gateways(snapshot: Snapshot) -> Iterator[Metric]:
    for counter, text in _GATEWAY:
        family = CounterMetricFamily(f"ridethrough_gateway_{counter}", text, labels=["gateway"])
        for name, statistics in snapshot.gateways.items():
            family.add_metric([name], getattr(statistics, counter))
        yield family
    up = GaugeMetricFamily(
        "ridethrough_gateway_up", "The gateway is connected.", labels=["gateway"]
    )
    latency = GaugeMetricFamily(
        "ridethrough_gateway_latency_seconds", "Last request to reply.", labels=["gateway"]
    )
    for name, statistics in snapshot.gateways.items():
        up.add_metric([name], float(statistics.connected))
        latency.add_metric([name], seconds(statistics.latency_ns))
    yield from (up, latency)


def _transfers(transfers: Transfers) -> Iterator[Metric]:
    counts = CounterMetricFamily(
        "ridethrough_transfers", "Transfers by kind and outcome.", labels=["kind", "outcome"]
    )
    for outcome, count in transfers.counts.items():
        counts.add_metric(outcome, count)
    stages = GaugeMetricFamily(
        "ridethrough_transfer_stage_seconds",
        "Stages of the last reported transfer, since the loss was seen.",
        labels=["stage"],
    )
    for stage, at_s in transfers.stages_s.items():
        stages.add_metric([stage], at_s)
    yield from (counts, stages)


def _alarms(snapshot: Snapshot) -> Iterator[Metric]:
    by_priority = GaugeMetricFamily(
        "ridethrough_alarms_active", "Active alarms by priority.", labels=["priority"]
    )
    by_class = GaugeMetricFamily(
        "ridethrough_alarm_class_active", "Active alarms by class.", labels=["alarm_class"]
    )
    active = [a for a in list(snapshot.alarms.values()) if a.active and a.state in "BC"]
    priorities = Counter(a.priority for a in active)
    for priority in (1, 2, 3, 4):
        by_priority.add_metric([str(priority)], priorities[priority])
    for name, count in sorted(Counter(a.alarm_class for a in active).items()):
        by_class.add_metric([name], count)
    yield from (by_priority, by_class)


def _rest(snapshot: Snapshot) -> Iterator[Metric]:
    commands = CounterMetricFamily("ridethrough_commands", "Commands by result.", labels=["result"])
    for result, count in snapshot.commands.items():
        commands.add_metric([result], count)
    ready = GaugeMetricFamily(
        "ridethrough_ready", "Everything was read once, or waited for long enough."
    )
    ready.add_metric([], float(snapshot.ready))
    failures = CounterMetricFamily(
        "ridethrough_journal_failures", "Records that could not be written."
    )
    failures.add_metric([], snapshot.journal_failures)
    yield from _record(snapshot.record)
    restarts = CounterMetricFamily(
        "ridethrough_task_restarts", "Tasks of the daemon that died and were started again."
    )
    restarts.add_metric([], snapshot.tasks_restarted)
    yield from (commands, ready, failures, restarts)


def _record(held: Held) -> Iterator[Metric]:
    size = GaugeMetricFamily(
        "ridethrough_journal_size_bytes", "What the record takes, all files but the last packed."
    )
    size.add_metric([], held.size)
    limit = GaugeMetricFamily(
        "ridethrough_journal_limit_bytes", "What the record may take before its oldest files go."
    )
    limit.add_metric([], held.limit)
    oldest = GaugeMetricFamily(
        "ridethrough_journal_oldest_timestamp_seconds",
        "When the oldest file of the record was last written, since 1970.",
    )
    oldest.add_metric([], held.oldest_s)
    removed = CounterMetricFamily(
        "ridethrough_journal_files_removed", "Files of the record that went for its limit."
    )
    removed.add_metric([], held.removed)
    yield from (size, limit, oldest, removed)


ALL_PATHS: Final = "all"
"""Path of a load on which all that stands behind it counts together."""
ALL_SETS: Final = "all"
"""The sets of the site with their fuel taken together."""


def _endurance(snapshot: Snapshot) -> Metric:
    endurance = GaugeMetricFamily(
        "ridethrough_fuel_endurance_seconds",
        "How long fuel lasts at what is burnt now, or would have to be.",
        labels=["set"],
    )
    for name, lasts_s in snapshot.endurance_s.items():
        if lasts_s >= 0.0:
            endurance.add_metric([name or ALL_SETS], lasts_s)
    return endurance


_STORE: Final = (
    ("charge", "Charge as counted and corrected."),
    ("charge_sigma", "Standard deviation of that charge."),
    ("charge_usable", "The least of what is reported, counted and told by the voltage."),
    ("health", "Capacity by nominal."),
    ("power_bias", "What the power sensor shows at rest, by rated power."),
)


def _stores(snapshot: Snapshot) -> Iterator[Metric]:
    for place, (name, text) in enumerate(_STORE):
        family = GaugeMetricFamily(f"ridethrough_storage_{name}_pu", text, labels=["store"])
        for store, values in snapshot.charge.items():
            family.add_metric([store], values[place])
        yield family


def _substitutes(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "ridethrough_estimate_used",
        "A controller acts on the estimate in place of this point.",
        labels=["controller", "point"],
    )
    for controller, points in snapshot.substitutes.items():
        for point in points:
            family.add_metric([controller, point], 1.0)
    return family


def _security(snapshot: Snapshot) -> Iterator[Metric]:
    autonomy = GaugeMetricFamily(
        "ridethrough_autonomy_seconds",
        "How long storage carries a load, on each feed alone and on all paths together.",
        labels=["load", "path"],
    )
    reserve = GaugeMetricFamily(
        "ridethrough_reserve_wh", "Reserve behind each feed of a load.", labels=["load", "path"]
    )
    for load, lasts_s in snapshot.autonomy_s.items():
        autonomy.add_metric([load, ALL_PATHS], lasts_s)
        for bus, on_feed_s, reserve_wh in snapshot.feeds.get(load, ()):
            autonomy.add_metric([load, bus], on_feed_s)
            reserve.add_metric([load, bus], reserve_wh)
    lost = GaugeMetricFamily(
        "ridethrough_n_minus_1_lost_loads",
        "Critical loads lost if this element dies now.",
        labels=["contingency"],
    )
    after = GaugeMetricFamily(
        "ridethrough_n_minus_1_seconds",
        "How long until the first of them is lost; infinite when none is.",
        labels=["contingency"],
    )
    overloaded = GaugeMetricFamily(
        "ridethrough_n_minus_1_overloaded",
        "Equipment that would carry more than its rating if this element died now.",
        labels=["contingency"],
    )
    known = GaugeMetricFamily(
        "ridethrough_n_minus_1_known",
        "0 when missing values leave open whether it is so: then the worst case is shown.",
        labels=["contingency"],
    )
    for case in snapshot.contingencies:
        name = [case.element or "none"]
        known.add_metric(name, case.known)
        lost.add_metric(name, len(case.lost))
        after.add_metric(name, case.first_lost_s)
        overloaded.add_metric(name, len(case.overloaded))
    yield from (autonomy, reserve, lost, after, overloaded, known)
