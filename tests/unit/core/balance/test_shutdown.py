"""Shedding and orderly shutdown: lowest priority first, in time, once begun to the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import step as core
from daemon.model.commands import Finished
from daemon.model.plant import Hook
from tests.main_lane import Lane, commands, dark, events, on_sets, supply

if TYPE_CHECKING:
    from collections.abc import Callable

HIGH, LOW = {"ROW-1", "ROW-2", "ROW-3"}, {"ROW-4", "ROW-5", "ROW-6"}


def told(steps: list[core.Step]) -> list[str]:
    """Return the loads told to shut down, in order."""
    done = (c for c in commands(steps, "command") if c.action == "shutdown")
    return list(dict.fromkeys(c.equipment for c in done))


def in_the_dark(hall: Lane) -> None:
    """Lose everything; rows obey their caps and live on their racks and ESS-2."""
    hall.put("ESS-2.discharge_limit_w", 1.5e6)
    hall.run(1.0)
    hall.lose_utility()
    for _ in range(50):
        hall.obey_rows(hall.scan(dark(outage=True, sets_pending=4)))


@pytest.mark.fault("F42")
def test_a_momentary_outage_shuts_nothing_down() -> None:
    hall = Lane()
    hall.run(1.0)
    healthy = hall.values.copy()
    hall.lose_utility()
    steps = hall.run(2.0)
    hall.values[:] = healthy
    steps += hall.run(20.0)
    assert not told(steps)


def test_rows_live_on_storage_while_sets_may_still_come() -> None:
    hall = Lane()
    in_the_dark(hall)
    assert not told(hall.run(60.0, 0.5))


@pytest.mark.fault("F44")
def test_when_no_set_comes_the_lowest_priority_goes_within_a_second() -> None:
    hall = Lane()
    in_the_dark(hall)
    steps = [hall.scan(dark(outage=True, sets_failed=4)), *hall.run(1.0)]
    assert set(told(steps)) == LOW
    shed = events(steps, "load_shed")
    assert len(shed) == 1
    assert set(shed[0].fields["loads"]) == LOW
    assert "no more sets" in shed[0].fields["reason"]


@pytest.mark.fault("F47", "F56")
def test_the_others_follow_in_time_and_the_shutdown_is_latched() -> None:
    hall = Lane()
    in_the_dark(hall)
    hall.scan(dark(outage=True, sets_failed=4))
    steps: list[core.Step] = []
    energy_wh = 26_000.0
    while energy_wh > 0.0 and not set(told(steps)) >= HIGH:
        energy_wh -= 0.47e6 / 3600  # of each row, a second at its cap; ESS-2 gives nothing more
        hall.put("ESS-2.soc_pu", 0.0)
        hall.put_all("rack_row", "energy_stored_wh", max(energy_wh, 0.0))
        steps.append(hall.scan(after_s=1.0))
    assert set(told(steps)[:3]) == LOW
    assert set(told(steps)) >= HIGH
    path = hall.state.facts.autonomy.paths["ROW-1"]
    assert path.autonomy_s >= path.shutdown_s
    hall.put_all("rack_row", "stage", "shutting_down")
    healthy = Lane()
    hall.values[:] = healthy.values
    hall.put_all("rack_row", "stage", "shutting_down")
    hall.scan(supply())
    hall.run(5.0)
    assert set(hall.state.facts.relief.shutdown) >= HIGH | LOW, "the utility's return ends it not"


def test_the_latch_ends_when_a_person_has_started_the_load_again() -> None:
    hall = Lane()
    in_the_dark(hall)
    hall.scan(dark(outage=True, sets_failed=4))
    hall.run(1.0)
    hall.put_all("rack_row", "stage", "off")
    hall.run(1.0)
    hall.values[:] = Lane().values
    steps = [hall.scan(supply()), *hall.run(1.0)]
    assert hall.state.facts.relief.shutdown == ()
    assert {e.source for e in events(steps, "shutdown_over")} == LOW


def test_a_load_that_does_not_obey_is_told_again_every_few_seconds() -> None:
    hall = Lane()
    in_the_dark(hall)
    hall.scan(dark(outage=True, sets_failed=4))
    steps = hall.run(20.0)
    to_one = [c for c in commands(steps, "command") if c.equipment == "ROW-6"]
    assert 3 <= len(to_one) <= 5
    assert all(c.action == "shutdown" and c.value == 1.0 for c in to_one)


def test_sets_that_cannot_give_every_row_the_least_shed_by_priority() -> None:
    hall = Lane()
    hall.run(1.0)
    steps = [hall.scan(on_sets(2)), *hall.run(1.0)]
    assert not events(steps, "load_shed")
    for name in ("UPS-A", "UPS-B"):
        hall.put(f"{name}.output_power_w", 1.44e6)
    steps = [hall.scan(on_sets(2)), *hall.run(2.0)]
    shed = events(steps, "load_shed")[0].fields["loads"]
    assert shed
    assert set(shed) <= LOW


@pytest.mark.fault("F56")
def test_a_ups_last_seen_on_battery_and_now_silent_counts_as_low() -> None:
    hall = Lane("traditional")
    ups = hall.site.of_nature("ups")[0].id
    racks = {e.id for e in hall.site.of_nature("it_rack") if e.variant == "server"}
    hall.run(1.0)
    hall.lose_utility()
    hall.put(f"{ups}.runtime_s", 700.0)
    assert not told(hall.run(10.0))
    hall.spoil(ups)
    assert not told(hall.run(3.0)), "a lost telegram is not enough"
    assert set(told(hall.run(5.0))) == racks


@pytest.mark.fault("F56")
def test_a_silent_ups_with_a_live_input_counts_as_fed() -> None:
    hall = Lane("traditional")
    hall.run(1.0)
    hall.spoil(hall.site.of_nature("ups")[0].id)
    assert not told(hall.run(30.0))


def test_without_generators_the_racks_shut_down_before_the_ups_ends() -> None:
    hall = Lane("traditional")
    ups = hall.site.of_nature("ups")[0].id
    racks = {e.id for e in hall.site.of_nature("it_rack") if e.variant == "server"}
    hall.run(1.0)
    hall.lose_utility()
    steps: list[core.Step] = []
    for left_s in range(700, 0, -1):
        hall.put(f"{ups}.runtime_s", float(left_s))
        steps.append(hall.scan(after_s=1.0))
        if racks <= set(told(steps)):
            break
    assert racks <= set(told(steps))
    assert left_s >= 60.0, "the time their shutdown takes"
    assert left_s <= 200.0, "and not far too early"


def test_rows_whose_coolant_stands_go_in_order_of_priority() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put_all("pump", "stage", "fault")
    steps = hall.run(5.0)
    assert not told(steps)
    capped = commands(steps, "power_cap_pu")
    assert {c.equipment for c in capped} == HIGH | LOW
    assert {c.value for c in capped} == {0.1}
    assert set(told(hall.run(7.0))) == LOW
    hall.put_all("rack_row", "stage", "shutting_down")
    assert not told(hall.run(5.0))


def test_the_higher_priorities_follow_when_the_coolant_still_stands() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put_all("pump", "stage", "fault")
    assert set(told(hall.run(25.0))) == LOW
    assert set(told(hall.run(10.0))) >= HIGH


@pytest.mark.parametrize("still", ["one", "for a moment", "silent"])
def test_rows_run_on_while_coolant_may_move(still: str) -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("CDU-A.stage", 0.0)
    if still != "one":
        hall.put("CDU-B.stage", 0.0)
    if still == "silent":
        hall.spoil("CDU-B")
    steps = hall.run(2.5)
    if still == "for a moment":
        hall.put_all("pump", "stage", "running")
    steps += hall.run(30.0)
    assert not told(steps)
    assert not commands(steps, "power_cap_pu")


@pytest.mark.parametrize(("limit_w", "shed"), [(-1.0, set()), (3e6, set()), (0.0, LOW)])
def test_rows_wait_for_their_feeders_when_the_sets_that_came_can_carry_them(
    limit_w: float, shed: set[str]
) -> None:
    hall = Lane()
    in_the_dark(hall)
    word = dark(outage=True, sets_failed=1, sets_on_bus=3, rows_limit_w=limit_w)
    assert set(told([hall.scan(word), *hall.run(5.0)])) == shed


def hooked() -> Lane:
    """Return a hall whose site names a program."""
    hall = Lane()
    north = replace(hall.site.north, hook=Hook(("/opt/tell", "--all"), 2.0))
    hall.take(replace(hall.site, north=north))
    return hall


def asked(steps: list[core.Step]) -> dict[str, dict[str, object]]:
    """Return what the program was asked to be told, by load."""
    return {str(r.arguments["load"]): r.arguments for done in steps for r in done.requests}


def test_the_program_of_the_site_is_told_once_of_each_load() -> None:
    hall = hooked()
    in_the_dark(hall)
    steps = [hall.scan(dark(outage=True, sets_failed=4)), *hall.run(10.0)]
    requests = [r for done in steps for r in done.requests]
    assert {str(r.arguments["load"]) for r in requests} == LOW
    assert len({r.id for r in requests}) == len(requests) == len(LOW), "though it is told again"
    row = asked(steps)["ROW-6"]
    assert row["program"] == ["/opt/tell", "--all"]
    assert row["limit_s"] == 2.0
    requested = {e.source: e for e in events(steps, "shutdown_requested")}
    assert row["reason"] == requested["ROW-6"].fields["reason"] == "it is shed"
    assert row["deadline_s"] == pytest.approx(requested["ROW-6"].fields["autonomy_s"], abs=0.1)


def test_a_load_that_is_still_fed_has_its_shutdown_and_the_margin() -> None:
    hall = hooked()
    hall.run(1.0)
    hall.put_all("pump", "stage", "fault")
    assert asked(hall.run(12.0))["ROW-5"]["deadline_s"] == 90.0


def test_without_a_program_nothing_is_asked() -> None:
    hall = Lane()
    in_the_dark(hall)
    assert not asked([hall.scan(dark(outage=True, sets_failed=4)), *hall.run(5.0)])


@pytest.mark.parametrize(
    ("result", "event", "said"),
    [
        ({"ok": True, "code": 0, "said": "it ended"}, "shutdown_hook_done", "it ended"),
        ({"ok": False, "code": 3, "said": "it failed"}, "shutdown_hook_failed", "it failed"),
        (None, "shutdown_hook_failed", "could not be run"),
    ],
)
def test_what_came_of_the_program_is_recorded(
    result: dict[str, object] | None, event: str, said: str
) -> None:
    hall = hooked()
    in_the_dark(hall)
    steps = [hall.scan(dark(outage=True, sets_failed=4)), *hall.run(2.0)]
    request = next(r for done in steps for r in done.requests)
    steps = [hall.scan(Finished(request.id, result)), *hall.run(1.0)]
    (told_of,) = events(steps, event)
    assert told_of.source == request.arguments["load"]
    assert said in told_of.text
    assert not events([hall.scan(Finished(request.id, result))], event), "once"


def test_behind_emergency_power_off_all_loads_on_storage_end_at_once() -> None:
    hall = Lane()
    in_the_dark(hall)
    assert not told(hall.run(5.0)), "storage would last"
    hall.put("CCTS-1.emergency_off", 1.0)
    steps = hall.run(6.0)
    racks = {e.id for e in hall.site.of_nature("it_rack")}
    servable = {name for name in racks if hall.points.find(name, "command") is not None}
    assert set(told(steps)) == HIGH | LOW | servable
    reasons = {e.fields["reason"] for e in events(steps, "shutdown_requested")}
    assert reasons == {"emergency power off or fire trip stands"}


STORES = {"ESS-1", "ESS-2", "HVDC-A", "HVDC-B"}


def stopped(steps: list[core.Step]) -> set[str]:
    return {c.equipment for c in commands(steps, "command") if c.action == "stop"}


def test_behind_emergency_power_off_storage_and_converters_are_stopped_at_once() -> None:
    hall = Lane()
    in_the_dark(hall)
    for name in STORES:
        hall.put(f"{name}.stage", "grid_following" if name.startswith("ESS") else "precharge")
    assert not stopped(hall.run(1.0))
    hall.put("CCTS-1.emergency_off", 1.0)
    assert stopped([hall.scan()]) == STORES
    for name in STORES:
        hall.put(f"{name}.stage", "standby" if name.startswith("ESS") else "off")
    hall.put("CCTS-1.emergency_off", 0.0)
    back = [c for c in commands(hall.run(5.0), "command") if c.equipment in STORES]
    assert not back, "they do not come back by themselves"


@pytest.mark.parametrize("held", [True, False])
def test_what_still_feeds_is_stopped_when_a_breaker_says_the_same(held: bool) -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("CCTS-1.emergency_off", 1.0)
    hall.put("52-VCB-GA.emergency_off", float(held))
    assert stopped(hall.run(2.0)) == (STORES if held else set())


def test_storage_that_holds_a_section_against_emergency_power_off_is_stopped() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.lose_utility()
    hall.put("CCTS-1.emergency_off", 1.0)
    for point in hall.points.points:
        buses, name = hall.site.equipment[point.equipment].buses, point.spec.name
        at = -1 if name.startswith(("output", "load")) else 0
        if "voltage" in name and buses and buses[at] in {"MVA", "ES1"}:
            hall.put(point.id, 6600.0)
    hall.put("ESS-1.stage", "grid_forming")
    for name in ("52-VCB-MA", "52-VCB-MB", "52-VCB-IN", "52-VCB-PA"):
        hall.put(f"{name}.position", 1.0)
    assert "ESS-1" in stopped([hall.scan()])


@pytest.mark.parametrize("fed", [True, False])
def test_a_flag_alone_ends_nothing(fed: bool) -> None:
    """It lies, or what it stands for does not reach these loads: they are fed."""
    hall = Lane()
    hall.run(1.0)
    if not fed:
        in_the_dark(hall)
        hall.spoil("CCTS-1")
    hall.put("CCTS-1.emergency_off", 1.0) if fed else None
    assert not told(hall.run(10.0))


def test_rows_that_converters_cannot_give_the_least_are_shed_by_priority() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("HVDC-A.stage", "fault")
    hall.put("HVDC-B.available_w", 1e6)
    assert not events(hall.run(60.0, 1.0), "load_shed"), "it may come back with its board"
    (shed,) = events(hall.run(60.0, 1.0), "load_shed")
    assert set(shed.fields["loads"]) >= LOW
    assert "ROW-1" not in shed.fields["loads"]
    for name in shed.fields["loads"]:
        hall.put(f"{name}.stage", "off")
    assert not events(hall.run(10.0), "shedding_over")
    hall.put("HVDC-B.available_w", 8e6)
    assert events(hall.run(10.0), "shedding_over")


@pytest.mark.parametrize("between", ["none lacks for a scan", "the sets lack too"])
def test_the_time_that_converters_lack_is_not_begun_anew(between: str) -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("HVDC-A.stage", "fault")
    hall.put("HVDC-B.available_w", 1e6)
    assert not events(hall.run(60.0, 1.0), "load_shed")
    if between == "none lacks for a scan":
        hall.put("HVDC-B.available_w", 8e6)
        hall.scan()
        hall.put("HVDC-B.available_w", 1e6)
        hall.run(0.3)
    else:
        hall.scan(on_sets(1))
        hall.scan(supply())
    assert events(hall.run(35.0, 1.0), "load_shed")


def test_converters_that_lack_nothing_for_a_second_have_their_time_again() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("HVDC-A.stage", "fault")
    hall.put("HVDC-B.available_w", 1e6)
    hall.run(60.0, 1.0)
    hall.put("HVDC-B.available_w", 8e6)
    hall.run(1.5)
    hall.put("HVDC-B.available_w", 1e6)
    assert not events(hall.run(60.0, 1.0), "load_shed")


def draining(
    hall: Lane,
    rate_w: float,
    *rows: str,
    held_wh: float = 10_000.0,
    shown_pu: float = 1.0,
    silent: Callable[[int], tuple[str, ...]] = lambda _: (),
) -> list[core.Step]:
    """Let the batteries of fed rows give so much each until it is plain what comes of it.

    Args:
        hall: the lane.
        rate_w: what the batteries of each row lose [W].
        rows: rows.
        held_wh: what they hold at first [Wh].
        shown_pu: part of the loss that their racks show that they give.
        silent: what does not tell, by second.
    """
    steps: list[core.Step] = []
    left_wh = dict.fromkeys(rows, held_wh)
    racks = [rack for rack in hall.site.of_nature("ai_rack") if rack.group in rows]
    while min(left_wh.values()) > 0.0 and len(steps) < 250:
        gives_w = (0.1 if told(steps) else 1.0) * rate_w
        for row in rows:
            left_wh[row] -= gives_w / 3600.0
            hall.put(f"{row}.energy_stored_wh", max(left_wh[row], 0.0))
        for rack in racks:
            hall.put(f"{rack.id}.battery_power_w", -shown_pu * gives_w * len(rows) / len(racks))
        hall.spoil(*silent(len(steps)))
        steps.append(hall.scan(after_s=1.0))
    return steps


def test_a_fed_row_whose_batteries_empty_is_shut_down_in_time_the_lowest_priority_first() -> None:
    """Nobody knows why its feeds give too little: what the batteries hold tells it."""
    hall = Lane()
    hall.run(1.0)
    steps = draining(hall, 170e3, "ROW-1", "ROW-6")
    assert told(steps) == ["ROW-6"], "and that is enough for the other"
    (asked,) = events(steps, "shutdown_requested")
    assert "fed too little" in asked.fields["reason"]
    first = next(n for n, done in enumerate(steps) if told([done]))
    assert 10_000.0 * 3600.0 / 170e3 - first > 60.0, "there is time to end in order"


def test_a_fed_row_whose_batteries_last_goes_on() -> None:
    hall = Lane()
    hall.run(1.0)
    assert not told(draining(hall, 50e3, "ROW-1"))


def test_a_row_is_not_shut_down_on_one_instrument() -> None:
    """What it tells of its energy falls, as when batteries are taken out, and no rack gives any."""
    hall = Lane()
    hall.run(1.0)
    assert not told(draining(hall, 170e3, "ROW-1", shown_pu=0.1))


def test_racks_that_tell_nothing_contradict_nothing() -> None:
    hall = Lane()
    hall.run(1.0)
    racks = tuple(rack.id for rack in hall.site.of_nature("ai_rack") if rack.group == "ROW-1")
    steps = draining(hall, 170e3, "ROW-1", shown_pu=0.0, silent=lambda _: racks[:2])
    assert told(steps) == ["ROW-1"]


def test_a_small_loss_of_batteries_that_are_nearly_empty_ends_no_row() -> None:
    hall = Lane()
    hall.run(1.0)
    assert not told(draining(hall, 10e3, "ROW-1", held_wh=200.0))


@pytest.mark.parametrize("every", [2, 3])
def test_a_row_that_misses_looks_is_shut_down_all_the_same(every: int) -> None:
    hall = Lane()
    hall.run(1.0)
    steps = draining(hall, 170e3, "ROW-1", silent=lambda at: () if at // 5 % every else ("ROW-1",))
    assert told(steps) == ["ROW-1"]
