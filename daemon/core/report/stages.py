"""Stages of a transfer, read from what was said and from the stages that the sets showed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.transfer_report import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.model.events import Event


class Said(NamedTuple):
    """An event, and when it was said since the begin of the transfer [s]."""

    at_s: float
    event: Event


class Step(NamedTuple):
    """How a stage is known.

    Attributes:
        name: of the stage.
        tells: whether an event says that the stage has come.
        who: which field of the event names the device; "" for its source.
        contains: what the figure contains beside the plant itself.
    """

    name: str
    tells: Callable[[Event], bool]
    who: str
    contains: str


SCAN_S: Final = 0.01
"""Period of the lane that says it: what came since the last scan waits for the next [s]."""
_SEEN: Final = "reading of the device and the scan"
_OWN: Final = "the daemon's own decision: exact"


def _named(*names: str) -> Callable[[Event], bool]:
    return lambda event: event.name in names


def _staged(stage: str, *before: str) -> Callable[[Event], bool]:
    """Return whether an event says that something of a scheme or a set came to a stage."""
    return lambda event: (
        event.fields.get("stage") == stage
        and event.name in {"stage", "feed_stage", "set_starting", "set_ready", "set_on_bus"}
        and (not before or event.fields.get("before") in before)
    )


def _joint(stage: str) -> Callable[[Event], bool]:
    """Return whether an event tells a stage of the intake, which has none before it."""
    return lambda event: (
        event.name == "stage"
        and "section" in event.fields
        and "before" not in event.fields
        and event.fields.get("stage") == stage
    )


STEPS: Final = (
    Step(
        "detected",
        _named("outage_detected", "delivery_lost"),
        "",
        "voting of relays, breakers and meters; the measuring time of the relay lies before it",
    ),
    Step("ups_on_storage", _named("ups_on_battery"), "", "reading; the UPS itself needs < 4 ms"),
    Step("intake_opened", _joint("parted"), "section", _SEEN),
    Step("rows_capped", _named("caps"), "", _OWN),
    Step("outage_confirmed", _named("outage_confirmed"), "", "the waiting time confirm_s (TDES)"),
    Step("start_command", _named("set_starting"), "", _OWN),
    Step(
        "main_opened",
        _staged("awaiting", "isolating", "on_main"),
        "section",
        "travel of the breaker, reading and scan",
    ),
    Step("voltage_built", _named("set_ready"), "", "run-up and excitation; " + _SEEN),
    Step(
        "set_on_bus",
        _named("set_on_bus"),
        "",
        "search for synchronism and travel of the breaker, reading and scan",
    ),
    Step(
        "load_accepted",
        _staged("on_alternate", "feeding", "awaiting"),
        "section",
        "waiting for enough sets, travel of the breaker, reading and scan",
    ),
    Step("transferred", _named("transferred"), "", "reading only: the switch moves by itself"),
    Step("input_taken_up", _named("ups_walk_in"), "", "own delay of the UPS; reading"),
    Step("ups_on_input", _named("ups_on_input"), "", "walk-in of the UPS; reading"),
    Step("input_back", _named("sag_ended"), "", _SEEN),
    Step("utility_back", _staged("returning"), "", _SEEN),
    Step("utility_stable", _named("mains_returned"), "", "the waiting time return_stable_s"),
    Step("intake_closed", _joint("joined"), "section", _SEEN),
    Step("supply_restored", _named("supply_restored"), "", _SEEN),
    Step(
        "main_closed",
        _staged("parting"),
        "section",
        "search for synchronism and travel of the breaker, reading and scan",
    ),
    Step(
        "retransferred",
        _staged("on_main", "parting", "closing_main", "synchronising"),
        "section",
        "travel of the breaker, reading and scan",
    ),
    Step("set_off_bus", _staged("cooling", "unloading"), "", "unloading and travel of the breaker"),
    Step("set_at_rest", _staged("at_rest", "stopping"), "", "cool-down and standstill"),
)


def stages(
    said: Sequence[Said], cranked: Mapping[str, float], within_s: Mapping[str, float]
) -> tuple[Stage, ...]:
    """Return the stages in order of time.

    Args:
        said: all events.
        cranked: when each set was first seen to crank [s].
        within_s: how late the reading of each device can be [s].
    """
    found = [_loss(said, within_s)]
    found += [stage for step in STEPS if (stage := _stage(step, said, within_s))]
    if cranked:
        contains = "reading of the set, at its scan class"
        found.append(_made("cranking", cranked, contains, within_s))
    if restored := _restored(said, within_s):
        found.append(restored)
    if recovered := _recovered(found):
        found.append(recovered)
    return tuple(sorted(found, key=lambda stage: stage.at_s))


def _loss(said: Sequence[Said], within_s: Mapping[str, float]) -> Stage:
    contains = "zero of all times: the first scan that saw it; the loss itself came before that"
    late_s = max((s for n, s in within_s.items() if n.startswith("R-")), default=SCAN_S)
    who = (said[0].event.source,) if said else ()
    return Stage("loss", 0.0, 0.0, who, contains, round(late_s + SCAN_S, 3))


def _stage(step: Step, said: Sequence[Said], within_s: Mapping[str, float]) -> Stage | None:
    when: dict[str, float] = {}
    for at_s, event in said:
        # Other schemes have stages of these names too, but no such device.
        if at_s >= 0.0 and step.who in {"", *event.fields} and step.tells(event):
            who = str(event.fields[step.who]) if step.who else event.source
            when.setdefault(who, at_s)
    return _made(step.name, when, step.contains, within_s) if when else None


def _made(
    name: str, when: Mapping[str, float], contains: str, within_s: Mapping[str, float]
) -> Stage:
    late_s = SCAN_S + max((within_s.get(who, 0.0) for who in when), default=0.0)
    if contains == _OWN:
        late_s = 0.0
    times = when.values()
    return Stage(name, min(times), max(times), tuple(when), contains, round(late_s, 3))


def _restored(said: Sequence[Said], within_s: Mapping[str, float]) -> Stage | None:
    """Return when feeders were closed again that were held back while the sets were too few."""
    opened: set[str] = set()
    when: dict[str, float] = {}
    for at_s, event in said:
        if event.name == "mains_returned":
            break
        action = event.fields.get("action") if event.name == "command_verified" else ""
        if action == "open":
            opened.add(event.source)
        elif action == "close" and event.source in opened:
            when.setdefault(event.source, at_s)
    contains = "waiting for enough sets; travel of the breaker, reading and scan"
    return _made("feeder_restored", when, contains, within_s) if when else None


def _recovered(found: Sequence[Stage]) -> Stage | None:
    """Return when all that takes up the load again had done so."""
    parts = [s for s in found if s.name in {"load_accepted", "feeder_restored", "ups_on_input"}]
    if not parts:
        return None
    last = max(parts, key=lambda stage: stage.last_s)
    contains = "the last section and feeder fed and the last UPS on its input"
    return Stage("recovered", last.last_s, last.last_s, last.who[-1:], contains, last.within_s)


def by_section(said: Sequence[Said], stage: str) -> Iterator[tuple[float, str, str]]:
    """Yield when sections came to a stage [s], which, and from where."""
    for at_s, event in said:
        if event.name == "stage" and event.fields.get("stage") == stage:
            fields = event.fields
            if "section" in fields and "before" in fields:
                yield at_s, str(fields["section"]), str(fields["before"])
