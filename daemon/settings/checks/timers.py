"""Do the times of a site agree with one another and with the class of its equipment?

Each rule says that one time must not be shorter than another, and why. Both are named with their
values; the place is the one that the file sets, so that a person finds what to change. Rules that
belong to equipment or schemes are asked only where a site has them.

Source: travel times of vacuum and air breakers as in makers' data, own derivation; 0.25 s for 50BF:
upper end of what relays are set to; crank programme and start delay: NFPA 110, Type 10; sags that
a large load has to ride through: ERCOT NOGRR 282.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.settings.checks.limits import is_written
from daemon.settings.findings import Finding
from daemon.settings.forms import IntakeForm, MainTieMainForm, SupervisedForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.core.step import Control
    from daemon.settings.findings import Location
    from daemon.settings.forms import EquipmentForm, PlantForm

TRAVEL_S: Final[Mapping[str, tuple[float, float]]] = {
    "vcb": (0.050, 0.070),
    "gcb": (0.050, 0.070),
    "acb": (0.070, 0.080),
    "mccb": (0.020, 0.030),
    "dcb": (0.020, 0.030),
}
"""Opening and closing time by class of breaker [s]."""
BREAKER_FAILURE_S: Final = 0.25
"""50BF has tripped upstream this long after a breaker should have opened [s]."""
CRANK_PROGRAMME_S: Final = 75.0
"""Three cranks of 15 s and two rests of 15 s: only then a start has failed [s]."""
START_DELAY_S: Final = 1.0
"""A standby set waits at least this long before it starts [s]."""
SAG_S: Final = 0.5
"""A sag to half the voltage lasts up to this long, and starts nothing [s]."""
READINGS: Final = 3
"""A position is known after this many readings."""
_ROUNDING_S: Final = 1e-9
_DELAYS: Final = ("delay_50_s", "delay_50n_s", "delay_67_s")


class Time(NamedTuple):
    """A time that takes part in a rule: what it is called, how long, where a file may set it."""

    name: str
    seconds: float
    at: Location = ()


class Rule(NamedTuple):
    """`time` must not be shorter than `least`, because."""

    time: Time
    least: Time
    because: str


def check_timers(
    plant: PlantForm, control: Control, written: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield the times that contradict another time or the equipment.

    Args:
        plant: the entries that fit their forms.
        control: settings of the controllers, defaults included.
        written: the `control:` block as it stands in the file.
    """
    for time, least, because in _rules(plant, control):
        if time.seconds >= least.seconds - _ROUNDING_S:
            continue
        text = (
            f"{time.name} ({time.seconds:g} s) is shorter than "
            f"{least.name} ({least.seconds:g} s): {because}"
        )
        if _is_written(time.at, written) or not _is_written(least.at, written):
            yield Finding(time.at, text, f"from {least.seconds:g}")
        else:
            yield Finding(least.at, text, f"up to {time.seconds:g}")


def check_frequency(nominal_hz: float, control: Control) -> Iterator[Finding]:
    """Yield the limits of a feed between which the nominal frequency of the site does not lie."""
    outage = control.outage
    for key, wrong, valid in (
        ("frequency_low_hz", outage.frequency_low_hz >= nominal_hz, "below"),
        ("frequency_high_hz", outage.frequency_high_hz <= nominal_hz, "above"),
    ):
        if wrong:
            text = f"{getattr(outage, key):g} Hz calls a feed of {nominal_hz:g} Hz failed"
            yield Finding(("control", "outage", key), text, f"{valid} {nominal_hz:g}")


def _is_written(at: Location, written: Mapping[str, Any]) -> bool:
    """Return whether a time stands in the file and is no default."""
    if not at or at[0] != "control":
        return bool(at)
    return is_written(".".join(map(str, at[1:])), written)


def _rules(plant: PlantForm, control: Control) -> Iterator[Rule]:
    scan = plant.scan
    ordered = scan.fast_s <= scan.normal_s <= scan.slow_s
    yield from _of_all(plant, control)
    for scheme in plant.schemes.values():
        match scheme:
            case IntakeForm() if scheme.authority == "daemon":
                yield from _of_intake(plant, scheme, control)
            case MainTieMainForm() if scheme.authority == "daemon":
                yield from _of_board(plant, scheme, control)
            case SupervisedForm() if scheme.kind != "ups" and ordered:
                yield from _of_switches(plant, scheme, control)
            case _:
                pass


def _set(control: Control, name: str) -> Time:
    """Return a time of the `control:` block, `block.key`."""
    block, _, key = name.partition(".")
    return Time(f"{block}.{key}", getattr(getattr(control, block), key), ("control", block, key))


def _of_all(plant: PlantForm, control: Control) -> Iterator[Rule]:
    breakers = {i: e for i, e in plant.equipment.items() if e.nature == "breaker"}
    for way, key in enumerate(("open_s", "close_s")):
        if slow := _slowest(breakers, way):
            doing = ("opening", "closing")[way]
            because = f"no breaker is called failed while it still is {doing}"
            yield Rule(_set(control, f"operation.{key}"), slow, because)
    yield Rule(
        _set(control, "outage.confirm_s"),
        Time("a sag that has to be ridden through", SAG_S),
        "a sag starts nothing",
    )
    for name in ("confirm_s", "repeat_s"):
        yield Rule(
            _set(control, "shutdown.margin_s"),
            _set(control, f"shutdown.{name}"),
            "the margin pays for the wait before a load is told, and for telling it twice",
        )


def _of_intake(plant: PlantForm, scheme: IntakeForm, control: Control) -> Iterator[Rule]:
    travel = _set(control, "intake.travel_s")
    switch = plant.equipment.get(scheme.switch)
    if rated := _rating(scheme.switch, switch, "transfer_s"):
        yield Rule(travel, rated, "it arrives by then, or is locked out")
    transfer = _set(control, "intake.transfer_s")
    both_s = transfer.seconds + travel.seconds
    yield Rule(
        _set(control, "outage.undelivered_s"),
        Time("intake.transfer_s and travel_s together", both_s, transfer.at),
        "sets start only after the other feed has been tried",
    )
    confirm = _set(control, "outage.confirm_s")
    for slow in _protection(plant, scheme.feeds):
        yield Rule(confirm, slow, "a fault that is being cleared is no outage yet")


def _of_board(plant: PlantForm, scheme: MainTieMainForm, control: Control) -> Iterator[Rule]:
    board = _breakers_of(plant, scheme)
    window = _set(control, "operation.sync_s")
    for name in ("main_tie_main.sync_s", "main_tie_main.join_s", "start.close_s"):
        because = "it ends after the window in which the device looks for synchronism"
        yield Rule(_set(control, name), window, because)
    operation = control.operation
    twice_s = 2 * operation.close_s + operation.retry_s + operation.recharge_s
    yield Rule(
        _set(control, "main_tie_main.close_s"),
        Time(
            "a close, its retry and the spring between them",
            twice_s,
            ("control", "operation", "recharge_s"),
        ),
        "the retry is part of it",
    )
    if slow := _slowest(board, 0):
        failed = Time(f"{slow.name} and 50BF", slow.seconds + BREAKER_FAILURE_S)
        for name in ("main_tie_main.isolate_s", "start.open_s"):
            yield Rule(_set(control, name), failed, "the breaker upstream has cleared by then")
        seen = Time(f"{slow.name} and its reading", slow.seconds + READINGS * plant.scan.fast_s)
        because = "else a main is opened again while its alternate is still opening"
        yield Rule(_set(control, "main_tie_main.overlap_s"), seen, because)
    yield Rule(
        _set(control, "outage.undelivered_s"),
        _set(control, "main_tie_main.reclose_s"),
        "the intake recloses before a momentary loss counts as an outage",
    )
    mains = [scheme.intake, *(n for s in scheme.sections for n in (s.upstream, s.main))]
    for name in ("outage.confirm_s", "main_tie_main.section_confirm_s"):
        for slow in _protection(plant, mains):
            yield Rule(_set(control, name), slow, "a fault that is being cleared is no outage yet")
    if scheme.sets:
        cranks = Time("the crank programme, 3 x 15 s and 2 x 15 s of rest", CRANK_PROGRAMME_S)
        yield Rule(_set(control, "start.ready_s"), cranks, "no set is given up while it cranks")
        delay = Time("the start delay of a standby set", START_DELAY_S)
        yield Rule(_set(control, "outage.confirm_s"), delay, "nothing starts on a short loss")
        because = "no set is known to have failed while it cranks"
        yield Rule(_set(control, "peaks.start_failure_s"), cranks, because)
        if control.exercise.sets_every_days:
            because = "a set that cranks has not yet failed its test"
            yield Rule(_set(control, "exercise.load_s"), cranks, because)


def _of_switches(plant: PlantForm, scheme: SupervisedForm, control: Control) -> Iterator[Rule]:
    slowest: Time | None = None
    for member in scheme.members:
        item = plant.equipment.get(member)
        rated = _rating(member, item, "transfer_s")
        if item and item.device and rated:
            seen_s = rated.seconds + READINGS * getattr(plant.scan, f"{item.device.scan}_s")
            if slowest is None or seen_s > slowest.seconds:
                slowest = Time(f"{rated.name} and {READINGS} readings of it", seen_s, rated.at)
    if slowest:
        limit = _set(control, f"supervision.{scheme.kind}_s")
        yield Rule(limit, slowest, "else it is called stuck before it can be seen")


def _rating(id_: str, item: EquipmentForm | None, name: str) -> Time | None:
    """Return a rated time of equipment, None without it."""
    if item is None or name not in item.ratings:
        return None
    return Time(f"{name} of {id_}", item.ratings[name], ("equipment", id_, "ratings", name))


def _slowest(breakers: Mapping[str, EquipmentForm], way: int) -> Time | None:
    """Return the longest opening (0) or closing (1) time among breakers, None without any."""
    times = {
        id_: TRAVEL_S[e.variant or "vcb"][way]
        for id_, e in breakers.items()
        if (e.variant or "vcb") in TRAVEL_S
    }
    if not times:
        return None
    worst = max(times, key=lambda id_: times[id_])
    variant = (breakers[worst].variant or "vcb").upper()
    return Time(f"the {('opening', 'closing')[way]} time of class {variant}", times[worst])


def _breakers_of(plant: PlantForm, scheme: MainTieMainForm) -> dict[str, EquipmentForm]:
    """Return the breakers of a board and its intake that exist."""
    names = [scheme.intake, scheme.tie, *scheme.sets.values(), *scheme.storage_feeders]
    for section in scheme.sections:
        names += [section.main, section.generator_feeder, section.upstream]
    return {name: plant.equipment[name] for name in names if name in plant.equipment}


def _protection(plant: PlantForm, breakers: list[str]) -> list[Time]:
    """Return the slowest definite-time protection among breakers with its opening, if any."""
    slowest: Time | None = None
    for id_ in breakers:
        item = plant.equipment.get(id_)
        for name in _DELAYS if item else ():
            rated = _rating(id_, item, name)
            if rated and (slowest is None or rated.seconds > slowest.seconds):
                slowest = rated
    if slowest is None:
        return []
    opened_s = slowest.seconds + TRAVEL_S["vcb"][0]
    return [Time(f"{slowest.name} with the opening", opened_s, slowest.at)]
