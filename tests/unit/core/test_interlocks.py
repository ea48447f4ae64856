"""Every row refuses for its cause, by its name, and lets pass what has no such cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from daemon.core.interlocks import INTERLOCKS, Case, barred, check
from daemon.core.topology import survey
from daemon.core.view import Facts, View
from daemon.model.commands import Proposal
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall

if TYPE_CHECKING:
    from collections.abc import Mapping


def case(
    hall: Hall,
    equipment: str,
    action: str,
    under_way: Mapping[str, str] | None = None,
    by_person: bool = False,
) -> Case:
    """Return a case in the plant as a hall shows it."""
    params, image = hall.params, hall.image()
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=params.site,
        points=params.points,
        topology=survey(image, params.site, params.points),
        facts=Facts(),
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    wish = Proposal(equipment, "command", action, 0.0, "test", "test")
    return Case(view, wish, under_way or {}, by_person)


def outage(hall: Hall) -> None:
    """Isolate both sections after an outage; one set runs up to its breaker."""
    hall.utilities = dict.fromkeys(hall.utilities, False)
    for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
        hall.positions[name] = OPEN
    hall.stages["DG-1"] = "ready"


def on_sets(hall: Hall) -> None:
    """Let one set carry the generator bus."""
    outage(hall)
    hall.positions["52-GCB-1"] = CLOSED


def back(hall: Hall) -> None:
    """Let section A live on sets, with the mains back before its main."""
    on_sets(hall)
    hall.positions |= {"52-VCB-GA": CLOSED, "52-VCB-IN": CLOSED}
    hall.utilities = dict.fromkeys(hall.utilities, True)


def normal(hall: Hall) -> None:
    """Leave everything as it is."""


class Row(NamedTuple):
    """A cause of a refusal: the plant before, the action, and what makes it forbidden."""

    name: str
    before: Callable[[Hall], None]
    equipment: str
    action: str
    cause: Callable[[Hall], None]
    under_way: tuple[tuple[str, str], ...] = ()
    by_person: bool = False


def say(equipment: str, point: str, value: float) -> Callable[[Hall], None]:
    """Return a cause: a device says something."""
    return lambda hall: hall.said.update({(equipment, point): value})


def hide(equipment: str, point: str) -> Callable[[Hall], None]:
    """Return a cause: a point is not good."""
    return lambda hall: hall.hidden.add((equipment, point))


def put(**positions: int) -> Callable[[Hall], None]:
    """Return a cause: breakers stand otherwise; names without their prefix and dashes."""
    names = {"IN": "52-VCB-IN", "GA": "52-VCB-GA", "EA": "52-VCB-EA", "MA": "52-VCB-MA"}
    names |= {"TIE": "52-VCB-TIE", "G2": "52-GCB-2", "G1": "52-GCB-1", "MB": "52-VCB-MB"}
    return lambda hall: hall.positions.update({names[k]: v for k, v in positions.items()})


def several(*causes: Callable[[Hall], None]) -> Callable[[Hall], None]:
    """Return a cause made of several."""

    def apply(hall: Hall) -> None:
        for cause in causes:
            cause(hall)

    return apply


def at_rest(machine: str) -> Callable[[Hall], None]:
    """Return a cause: a machine stands still."""
    return lambda hall: hall.stages.update({machine: "stopped"})


def alts_on_a_dead_feed(hall: Hall) -> None:
    """The feed under the switch fails; nothing lives behind it."""
    hall.utilities["U-A"] = False
    hall.positions |= {"52-VCB-IN": OPEN}


def dark(hall: Hall) -> None:
    """No feed at all."""
    hall.utilities = dict.fromkeys(hall.utilities, False)


def dark_behind_one_transformer(hall: Hall) -> None:
    """Side A has no feed, and one of its sections at low voltage is off its transformer."""
    hall.positions |= {"52-VCB-MA": OPEN, "52-VCB-EA": OPEN, "52-ACB-A2": OPEN}


GA, MA, IN, G1, G2 = "52-VCB-GA", "52-VCB-MA", "52-VCB-IN", "52-GCB-1", "52-GCB-2"
ROWS = [
    Row("local", on_sets, GA, "close", say(GA, "local", 1)),
    Row("local", on_sets, GA, "close", hide(GA, "local")),
    Row("local", back, GA, "open", say(GA, "local", 1)),
    Row("emergency_off", on_sets, GA, "close", say(GA, "emergency_off", 1)),
    Row("emergency_off", on_sets, GA, "close", say("CCTS-1", "emergency_off", 1)),
    Row("emergency_off", outage, "DG-2", "start", hide("CCTS-1", "emergency_off")),
    Row("maintenance", on_sets, GA, "close", say("CCTS-1", "maintenance", 1)),
    Row("position_unknown", on_sets, GA, "close", hide(GA, "position")),
    Row("position_unknown", on_sets, GA, "close", put(GA=TRAVELLING)),
    Row("position_unknown", on_sets, GA, "close", put(GA=3)),
    Row("racked_out", on_sets, GA, "close", say(GA, "racked_in", 0)),
    Row("spring_not_charged", on_sets, GA, "close", say(GA, "spring_charged", 0)),
    Row("protection_trip", on_sets, GA, "close", say(GA, "lockout_86", 1)),
    Row("protection_trip", on_sets, GA, "close", say(GA, "trip_51", 1)),
    Row("protection_trip", on_sets, GA, "close", hide(GA, "trip_50")),
    Row("faulted_bus", on_sets, GA, "close", say("R-MVA", "trip_87", 1)),
    Row("faulted_bus", on_sets, GA, "close", say(MA, "trip_50", 1)),
    Row("faulted_bus", on_sets, GA, "close", say("52-VCB-TIE", "trip_51", 1)),
    Row("voltage_unknown", on_sets, GA, "close", say(GA, "load_voltage_v", 3300)),
    Row("live_live", back, MA, "close", normal),
    Row("not_live_live", on_sets, GA, "close_in_sync", normal),
    Row("no_sync_check", back, MA, "close_in_sync", hide(MA, "sync_25")),
    Row(
        "backfeed",
        on_sets,
        GA,
        "close",
        several(put(IN=CLOSED), say(MA, "position", 3)),
    ),
    Row("closing_nearby", on_sets, GA, "close", normal, under_way=(("52-VCB-TIE", "close"),)),
    Row("machine_at_rest", outage, G1, "close", at_rest("DG-1")),
    Row("second_dead_bus_close", outage, G1, "close", hide(G2, "position")),
    Row("second_dead_bus_close", outage, G1, "close", normal, under_way=((G2, "close_in_sync"),)),
    Row(
        "third_of_three",
        lambda hall: hall.positions.update({MA: OPEN, "52-VCB-PA": OPEN}),
        "52-VCB-TIE",
        "close",
        hide(MA, "position"),
    ),
    Row("mains_and_generators", on_sets, GA, "close", hide(MA, "position")),
    Row(
        "second_storage_feeder",
        lambda hall: hall.positions.update({"52-VCB-EA": OPEN}),
        "52-VCB-EB",
        "close",
        put(EA=CLOSED),
    ),
    Row("low_voltage_parallel", normal, "52-ACB-TA", "close_in_sync", normal),
    Row(
        "low_voltage_parallel",
        dark_behind_one_transformer,
        "52-ACB-TA",
        "close",
        lambda hall: hall.positions.update({"52-ACB-A2": CLOSED}),
    ),
    Row(
        "low_voltage_parallel",
        dark_behind_one_transformer,
        "52-ACB-TA",
        "close",
        hide("52-ACB-A2", "position"),
    ),
    Row(
        "last_feed",
        normal,
        "72-A1",
        "open",
        lambda hall: hall.positions.update({"72-B1": OPEN}),
        by_person=True,
    ),
    Row("target_not_live", alts_on_a_dead_feed, "ALTS-1", "to_source_2", dark),
    Row("faulted_load", alts_on_a_dead_feed, "ALTS-1", "to_source_2", say(IN, "trip_50", 1)),
    Row(
        "faulted_load",
        alts_on_a_dead_feed,
        "ALTS-1",
        "to_source_2",
        several(
            lambda hall: hall.positions.update({"52-GCB-UA": OPEN}),
            say("52-GCB-UA", "lockout_86", 1),
        ),
    ),
    Row("onto_island", alts_on_a_dead_feed, "ALTS-1", "to_source_2", put(IN=CLOSED)),
    Row("set_not_auto", outage, "DG-2", "start", say("DG-2", "selector", 1)),
    Row("set_not_available", outage, "DG-2", "start", say("DG-2", "available", 0)),
    Row("set_on_bus", outage, "DG-1", "stop", put(G1=CLOSED)),
]

# What is forbidden by the shape of the plant has no cause to take away: another action passes.
INSTEAD = {
    "live_live": (MA, "close_in_sync", False),
    "not_live_live": (GA, "close", False),
    "low_voltage_parallel": ("52-ACB-TA", "open", False),
    "last_feed": ("72-A1", "open", False),
}


@pytest.mark.fault("F37", "F38", "F26", "F35")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_refuses_for_its_cause_and_only_then(row: Row) -> None:
    hall = Hall()
    row.before(hall)
    if row.cause is not normal or row.under_way:
        free = check(case(hall, row.equipment, row.action, by_person=row.by_person))
        assert free.refused_by == ""
    row.cause(hall)
    verdict = check(case(hall, row.equipment, row.action, dict(row.under_way), row.by_person))
    assert verdict.refused_by == row.name
    assert row.equipment in verdict.text
    if row.name in INSTEAD:
        equipment, action, by_person = INSTEAD[row.name]
        assert check(case(hall, equipment, action, by_person=by_person)).refused_by == ""


@pytest.mark.fault("F35")
def test_a_fault_in_a_transformer_is_none_of_the_bus_it_fed() -> None:
    hall = Hall()
    on_sets(hall)
    for flag in ("lockout_86", "trip_87"):
        say(MA, flag, 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == "faulted_bus"
    say("TX-P-A", "trip_87t", 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == ""
    say(MA, "trip_51", 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == "faulted_bus"


@pytest.mark.fault("F35")
def test_a_directional_trip_tells_of_the_side_the_current_flowed_to() -> None:
    # The intake trips on a fault at the reception side: the bus of the on-site sources is sound.
    hall = Hall()
    outage(hall)
    for flag in ("lockout_86", "trip_67"):
        say("52-VCB-IN", flag, 1)(hall)
    assert check(case(hall, "52-GCB-SMR", "close")).refused_by != "faulted_bus"
    say("52-VCB-IN", "trip_50", 1)(hall)
    assert check(case(hall, "52-GCB-SMR", "close")).refused_by == "faulted_bus"


@pytest.mark.fault("F38")
def test_an_earthed_feed_is_not_closed_onto() -> None:
    hall = Hall()
    hall.positions |= {"52-GCB-UA": OPEN, "52-VCB-IN": OPEN}
    assert check(case(hall, "52-GCB-UA", "close")).refused_by == ""
    hall.positions["ES-UA"] = CLOSED
    assert check(case(hall, "52-GCB-UA", "close")).refused_by == "earthed"
    hall.positions["ES-UA"] = OPEN
    hall.hidden.add(("ES-UA", "position"))
    assert check(case(hall, "52-GCB-UA", "close")).refused_by == "earthed"


def test_every_row_of_the_table_is_tried() -> None:
    assert {row.name for row in INTERLOCKS} == {row.name for row in ROWS} | {"earthed"}


def test_every_refusal_tells_a_person_what_to_do() -> None:
    for row in INTERLOCKS:
        assert ":" in row.because, row.name


def test_an_open_is_only_held_back_by_local_and_by_the_last_feed() -> None:
    opening = [row.name for row in INTERLOCKS if "open" in row.actions]
    assert opening == ["local", "last_feed"]


def test_only_what_a_person_has_to_lift_bars_a_breaker() -> None:
    assert {row.name for row in INTERLOCKS if row.person}
    hall = Hall()
    outage(hall)
    hall.said["52-VCB-GA", "spring_charged"] = 0.0
    waiting = case(hall, "52-VCB-GA", "close")
    assert check(waiting).refused_by == "spring_not_charged"
    assert not barred(waiting)
    hall.said["52-VCB-MA", "lockout_86"] = 1.0
    assert barred(case(hall, "52-VCB-GA", "close"))
    assert not barred(case(hall, "52-VCB-GB", "close"))
