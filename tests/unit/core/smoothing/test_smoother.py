"""Smoothing of the site: set-points of storage, profiles of rows, and when neither is touched."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import Volatility
from daemon.core.step import initial
from daemon.model.commands import JobNotice, OperatorRequest, Proposal
from daemon.model.quantities import ns
from tests.main_lane import UTC_NS, Lane, commands, events, on_sets, supply

if TYPE_CHECKING:
    from daemon.core.step import Step
    from daemon.model.commands import Message

POINT = "power_setpoint_w"
RAMP, FLOOR = "ramp_limit_w_s", "smoothing_floor_pu"
EVERY_S = 0.5
IDLE_W = 0.96e6
"""All rows without a job."""
QUICK_W_S, SLOW_W_S = 20_000.0, 3_900.0
"""Of a row: three quarters of 0.8 MW in 5 s, nine tenths of four fifths of 2 MW in 60 s, by six."""


class Hall(Lane):
    """A hall whose storage follows its set-point and whose rows keep what they were told."""

    def __init__(
        self, load_w: float = 4e6, soc_pu: float = 0.9, rows_w: float | None = None
    ) -> None:
        super().__init__()
        if rows_w is not None:
            self.put_all("rack_row", "power_w", rows_w / 6.0)
        self.load_w, self.follows, self.lies = load_w, True, False
        self.imports_w: list[float] = []
        rows = self.site.of_nature("rack_row")
        self._ramps = [self.points.index(row.id, RAMP) for row in rows]
        self.put("ESS-1.soc_pu", soc_pu)
        self.put("ESS-1.power_w", 0.0)
        self.put("ESS-1.discharge_limit_w", 3e6)
        self.put("ESS-1.charge_limit_w", 3e6)
        self.show()
        self.scan(supply())

    @property
    def stored_w(self) -> float:
        return float(self.values[self.points.index("ESS-1", "power_w")])

    def show(self) -> None:
        """Let the meter show what load and storage come to."""
        import_w = self.load_w + (0.0 if self.lies else self.stored_w)
        self.put("M-UA.power_w", import_w)
        self.imports_w.append(import_w)

    def start(self, for_s: float, most_w: float) -> list[Step]:
        """Let the rows get a job: they rise by the ramp that they have, up to a power."""
        steps = []
        for _ in range(round(for_s / EVERY_S)):
            ramp_w_s = sum(float(self.values[k]) for k in self._ramps)
            left_w_s = (most_w - self.load_w) / EVERY_S
            self.put_all("rack_row", "power_w", (self.load_w - 1e6) / 6.0)
            steps += self.go_on(EVERY_S, ramp_w_s=min(ramp_w_s, left_w_s))
        return steps

    def go_on(self, for_s: float, *inbox: Message, ramp_w_s: float = 0.0) -> list[Step]:
        """Scan for a time, the load moving by a ramp, and let devices do what they are told."""
        steps = []
        for k in range(round(for_s / EVERY_S)):
            self.load_w += ramp_w_s * EVERY_S
            self.show()
            done = self.scan(*(inbox if k == 0 else ()), after_s=EVERY_S)
            steps.append(done)
            for command in (c for c in done.commands if c.action == "set"):
                self.put(f"{command.equipment}.{command.point}", command.value)
                if command.equipment == "ESS-1" and self.follows:
                    self.put("ESS-1.power_w", command.value)
        return steps

    def stage(self, name: str, kept_pu: float = 1.0) -> None:
        """Let the load be of a stage."""
        facts = replace(self.state.facts, volatility=Volatility(name, kept_pu))
        self.state = replace(self.state, facts=facts)

    def profile(self, name: str) -> set[float]:
        rows = self.site.of_nature("rack_row")
        return {float(self.values[self.points.index(row.id, name)]) for row in rows}

    def most_moved_w(self, within_s: float) -> float:
        """Return the largest change of the import within so long [W]."""
        n = round(within_s / EVERY_S)
        windows = [self.imports_w[k : k + n + 1] for k in range(len(self.imports_w))]
        return max(max(w) - min(w) for w in windows)


def asked_w(steps: list[Any]) -> list[float]:
    return [c.value for c in commands(steps, POINT) if c.equipment == "ESS-1"]


def test_rows_are_told_their_ramp_once_and_then_left_alone() -> None:
    hall = Hall()
    hall.put_all("rack_row", RAMP, 0.0)
    told = commands(hall.go_on(10.0), RAMP)
    assert len(told) == 6
    assert hall.profile(RAMP) == {QUICK_W_S}
    assert hall.profile(FLOOR) == {0.0}
    assert not commands(hall.go_on(60.0), RAMP)


@pytest.mark.fault("F42")
def test_after_a_loss_of_input_rows_come_back_at_once_and_have_their_ramp_again_later() -> None:
    hall = Hall()
    hall.go_on(10.0)
    hall.go_on(EVERY_S, supply(all_ac_lost=True))
    assert hall.profile(RAMP) == {0.0}
    hall.go_on(25.0, supply())
    assert hall.profile(RAMP) == {0.0}
    hall.go_on(10.0)
    assert hall.profile(RAMP) == {QUICK_W_S}


def test_a_load_within_the_limits_is_no_work_for_storage() -> None:
    hall = Hall()
    steps = hall.go_on(30.0)
    steps += hall.go_on(20.0, ramp_w_s=20e3)
    assert not any(asked_w(steps))
    assert not events(steps, "setpoint_owner")


def test_a_job_moves_the_connection_no_faster_than_the_contract() -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.go_on(20.0, ramp_w_s=0.12e6)
    steps = hall.go_on(120.0)
    assert hall.most_moved_w(5.0) <= 0.8e6
    assert hall.most_moved_w(60.0) <= 2e6
    assert min(asked_w(steps)) < -1e6
    assert hall.stored_w == 0.0, "all is over"
    assert hall.imports_w[-1] == pytest.approx(4.4e6)


def test_a_step_of_what_others_want_is_led_at_the_pace_of_the_contract() -> None:
    hall = Hall(3e6, soc_pu=0.6)
    steps = hall.go_on(60.0)
    assert max(asked_w(steps)) == 1e6, "dispatch refills"
    assert max(b - a for a, b in pairwise(asked_w(steps))) <= 60e3


def test_what_others_want_waits_while_it_would_go_against_smoothing() -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.go_on(15.0, ramp_w_s=0.12e6)
    hall.put("ESS-1.soc_pu", 0.6)
    hall.go_on(5.0)
    assert hall.state.smoothing.aims_w == (0.0,)
    hall.go_on(150.0)
    assert hall.stored_w == 1e6, "the refill comes when the load has been caught up with"
    assert hall.most_moved_w(60.0) <= 2e6


def test_a_person_has_the_say() -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.go_on(10.0, ramp_w_s=0.12e6)
    wish = Proposal("ESS-1", POINT, "set", 0.2e6, "kim", "a trial")
    steps = hall.go_on(5.0, OperatorRequest("1", "kim", wish))
    assert asked_w(steps)[-1] == 0.2e6
    ramp = Proposal("ROW-1", RAMP, "set", 9e3, "kim", "a trial")
    hall.go_on(5.0, OperatorRequest("2", "kim", ramp))
    assert 9e3 in hall.profile(RAMP)
    assert max(hall.profile(RAMP) - {9e3}) <= SLOW_W_S, "what a person holds is none to rely on"


@pytest.mark.parametrize("spoilt", ["M-UA", "ESS-1"])
def test_nothing_is_smoothed_on_values_that_are_not_good(spoilt: str) -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.go_on(10.0, ramp_w_s=0.12e6)
    assert hall.state.facts.smoothing.acting
    hall.spoil(spoilt)
    gives_w = hall.stored_w
    hall.scan(after_s=EVERY_S)
    wishes = [wish for wish in hall.state.smoothing.wishes if wish.point == POINT]
    assert all(gives_w <= wish.value <= 0.0 for wish in wishes), "no more than it does already"
    assert not hall.state.facts.smoothing.acting


@pytest.mark.parametrize("word", [on_sets(4), supply(stable=())])
def test_nothing_is_smoothed_but_on_a_stable_utility(word: Message) -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.go_on(10.0, word, ramp_w_s=0.12e6)
    assert hall.state.smoothing.wishes == ()


def test_the_way_back_begins_where_the_plant_stands() -> None:
    hall = Hall(4e6)
    hall.go_on(10.0)
    hall.go_on(20.0, supply(stable=()))
    hall.go_on(28.0, supply())
    assert hall.state.smoothing.limiter is None, "loads come back"
    hall.put("ESS-1.power_w", -1.5e6)
    hall.put(f"ESS-1.{POINT}", -1.5e6)
    hall.state = replace(hall.state, smoothing=hall.state.smoothing._replace(resume_ns=hall.now_ns))
    steps = hall.go_on(3.0)
    assert all(-1.5e6 <= value_w <= -1.2e6 for value_w in asked_w(steps)), "no bump"
    hall.go_on(120.0)
    assert hall.stored_w == 0.0


def test_the_reserve_is_left_alone() -> None:
    hall = Hall(2e6, soc_pu=0.2)
    hall.go_on(10.0)
    assert hall.profile(RAMP) == {SLOW_W_S}, "the rows keep the contract alone"
    steps = hall.go_on(20.0, ramp_w_s=0.12e6)
    assert min(asked_w(steps), default=0.0) >= 0.0
    assert max(hall.profile(RAMP)) < SLOW_W_S, "what moved in spite of them is made up for"


def test_rows_slow_down_when_storage_is_derated_and_not_before() -> None:
    hall = Hall(2e6)
    hall.go_on(10.0)
    hall.put("ESS-1.discharge_limit_w", 0.0)
    hall.go_on(3.0)
    assert hall.profile(RAMP) == {SLOW_W_S}
    assert hall.state.facts.smoothing.short
    hall.put("ESS-1.discharge_limit_w", 3e6)
    hall.go_on(3.0)
    assert hall.profile(RAMP) == {QUICK_W_S}


def test_a_store_that_does_not_follow_takes_no_part_for_a_while() -> None:
    hall = Hall(2e6)
    hall.go_on(30.0)
    hall.follows = False
    steps = hall.go_on(20.0, ramp_w_s=0.12e6)
    [told] = events(steps, "storage_not_trusted")
    assert told.source == "ESS-1"
    assert hall.state.facts.smoothing.distrusted == ("ESS-1",)
    assert max(hall.profile(RAMP)) < 0.5 * SLOW_W_S, "most of the minute is spent"
    hall.go_on(70.0)
    assert hall.profile(RAMP) == {SLOW_W_S}
    hall.follows = True
    hall.put("ESS-1.power_w", 0.0)
    hall.put(f"ESS-1.{POINT}", 0.0)
    hall.go_on(300.0)
    assert hall.profile(RAMP) == {QUICK_W_S}


@pytest.mark.parametrize(("soc_pu", "asked"), [(0.5, True), (0.19, False)])
def test_a_store_that_is_not_trusted_is_not_asked_for_its_reserve(
    soc_pu: float, asked: bool
) -> None:
    """It gives what nobody asked for and is led from there, but not below its reserve."""
    hall = Hall(4e6, soc_pu=soc_pu)
    hall.go_on(10.0)
    hall.follows = False
    hall.put("ESS-1.power_w", -1e6)
    steps = hall.go_on(20.0)
    assert events(steps, "storage_not_trusted")
    assert (min(asked_w(steps), default=0.0) < -0.8e6) is asked


@pytest.mark.fault("F12")
def test_storage_that_fails_in_the_midst_of_a_rise_costs_no_limit() -> None:
    hall = Hall(1e6)
    hall.go_on(30.0)
    hall.follows = False
    hall.start(100.0, 5.5e6)
    assert 1.3e6 < hall.most_moved_w(60.0) <= 0.85 * 2e6
    assert hall.profile(RAMP) == {SLOW_W_S}, "a minute later"


@pytest.mark.fault("F12")
def test_storage_that_lies_costs_no_limit() -> None:
    """It shows the power that it was asked for and gives none."""
    hall = Hall(1e6)
    hall.go_on(30.0)
    hall.lies = True
    hall.start(100.0, 5.5e6)
    assert 1.7e6 < hall.most_moved_w(60.0) <= 2e6


def test_an_aim_gets_there_though_the_load_swings() -> None:
    hall = Hall(4e6)
    hall.stage("intermediate")
    hall.go_on(20.0)
    hall.put("ESS-1.soc_pu", 0.6)
    first = len(hall.imports_w)
    for k in range(60):
        hall.go_on(1.0, ramp_w_s=0.25e6 if k % 2 else -0.25e6)
    assert hall.state.smoothing.aims_w[0] > 0.8e6, "24 kW/s less what the swings cost"
    assert hall.imports_w[-1] - hall.imports_w[first] > 0.7e6


def test_nothing_is_exported_when_the_load_is_gone() -> None:
    hall = Hall(1e6)
    hall.go_on(30.0)
    hall.load_w = -0.4e6
    hall.go_on(5.0)
    assert hall.imports_w[-1] >= 0.0
    assert hall.stored_w >= 0.4e6


def test_a_turbulent_load_gives_the_rows_a_floor_and_loses_it_with_the_stage() -> None:
    hall = Hall()
    hall.put(f"ROW-1.{FLOOR}", 0.7)
    hall.stage("turbulent")
    hall.go_on(5.0)
    assert hall.profile(FLOOR) == {0.6, 0.7}, "a higher one of its own stays"
    hall.stage("initial")
    hall.go_on(5.0)
    assert hall.profile(FLOOR) == {0.0, 0.7}


def test_a_turbulent_load_is_left_to_storage_within_the_dead_band() -> None:
    calm, wild = Hall(), Hall()
    for hall, stage in ((calm, "initial"), (wild, "turbulent")):
        hall.go_on(20.0)
        hall.stage(stage)
        for k in range(12):
            hall.go_on(5.0, ramp_w_s=0.1e6 if k % 2 else -0.1e6)
    assert max(calm.imports_w[-20:]) - min(calm.imports_w[-20:]) > 0.45e6
    assert max(wild.imports_w[-20:]) - min(wild.imports_w[-20:]) < 0.3e6


def notice(hall: Hall, action: str, in_s: float, power_w: float, id_: str = "j1") -> JobNotice:
    at_ns = UTC_NS + hall.now_ns + ns(in_s)
    return JobNotice(id_, "scheduler", action, at_ns, power_w)


def test_a_job_that_is_announced_is_gone_towards_before_it_comes() -> None:
    hall = Hall(2e6, rows_w=IDLE_W)
    hall.go_on(30.0)
    steps = hall.go_on(59.5, notice(hall, "start", 60.0, 3e6))
    [told] = events(steps, "job_notice_taken")
    assert told.fields["job"] == "j1"
    assert hall.stored_w > 0.8e6, "the connection is ahead of the load"
    hall.go_on(25.0, ramp_w_s=0.12e6)
    hall.go_on(120.0)
    assert hall.most_moved_w(5.0) <= 0.8e6
    assert hall.most_moved_w(60.0) <= 2e6
    assert hall.state.smoothing.jobs == ()


@pytest.mark.parametrize("rows_w", [6.0e6, None])
def test_nobody_goes_towards_a_job_for_which_the_rows_have_no_room(rows_w: float | None) -> None:
    """They draw nearly all they can already, or what they draw is not known."""
    hall = Hall(5.2e6, rows_w=rows_w or IDLE_W)
    if rows_w is None:
        hall.spoil("ROW-3")
    hall.go_on(30.0)
    hall.go_on(59.0, notice(hall, "start", 60.0, 3e6))
    assert hall.stored_w == 0.0


def test_a_job_that_does_not_come_breaks_nothing() -> None:
    hall = Hall(2e6, rows_w=IDLE_W)
    hall.go_on(30.0)
    hall.go_on(300.0, notice(hall, "start", 60.0, 3e6))
    assert hall.most_moved_w(60.0) <= 2e6
    assert hall.stored_w == 0.0


def test_a_job_is_taken_back() -> None:
    hall = Hall(2e6)
    hall.go_on(10.0, notice(hall, "start", 600.0, 3e6))
    assert [job.id for job in hall.state.smoothing.jobs] == ["j1"]
    hall.go_on(1.0, notice(hall, "start", 700.0, 2e6))
    assert [job.change_w for job in hall.state.smoothing.jobs] == [2e6], "said anew"
    hall.go_on(1.0, notice(hall, "cancel", 0.0, 0.0))
    assert hall.state.smoothing.jobs == ()


@pytest.mark.parametrize(
    ("action", "in_s", "power_w", "name"),
    [
        ("start", -1.0, 1e6, "past"),
        ("start", 1e6, 1e6, "too_far"),
        ("stop", 60.0, 0.0, "power"),
        ("stop", 60.0, -1e6, "power"),
        ("start", 60.0, 1e9, "power"),
        ("start", 60.0, float("nan"), "power"),
        ("cancel", 60.0, 1e6, "unknown_job"),
    ],
)
def test_a_notice_of_what_cannot_be_is_refused_by_name(
    action: str, in_s: float, power_w: float, name: str
) -> None:
    hall = Hall()
    steps = hall.go_on(EVERY_S, notice(hall, action, in_s, power_w))
    [told] = events(steps, "job_notice_refused")
    assert told.fields["interlock"] == name
    assert hall.state.smoothing.jobs == ()


def test_no_more_jobs_are_kept_than_a_schedule_has() -> None:
    hall = Hall()
    many = [notice(hall, "start", 60.0 + k, 1e5, f"j{k}") for k in range(65)]
    steps = hall.go_on(EVERY_S, *many)
    assert len(hall.state.smoothing.jobs) == 64
    assert events(steps, "job_notice_refused")[0].fields["interlock"] == "too_many"


def test_what_rows_and_storage_do_without_the_daemon_leaves_most_of_the_ramp_unspent() -> None:
    """What moved before it fell silent, and in the 3 s until that is noticed, is in the minute."""
    site = Hall().site
    falling = [e.device for e in (*site.of_nature("rack_row"), *site.of_nature("ess")) if e.device]
    pace_w_s = sum(device.fallback_ramp_w_s for device in falling)
    used_w, unnoticed_w = 0.8 * 2e6, 3.0 * 0.75 * 0.8e6 / 5.0
    spent_w = 0.75 * used_w + unnoticed_w  # three quarters of a minute's limit, then the silence
    assert spent_w + 30.0 * pace_w_s <= 60.0 * site.contract.ramp_limit_w_s
    assert all(device.fallback_ramp_w_s for device in falling if device.fallback == "hold")


def at_work(soc_pu: float = 0.6) -> Hall:
    """Return a hall in which a daemon begins anew while storage stands for a job."""
    hall = Hall(4e6, soc_pu=soc_pu)
    hall.go_on(EVERY_S)
    hall.state = initial(hall.params, hall.now_ns)
    hall.put("ESS-1.power_w", -1.5e6)
    hall.put(f"ESS-1.{POINT}", -1.5e6)
    hall.imports_w.clear()
    hall.show()
    return hall


@pytest.mark.fault("F62")
def test_a_daemon_that_starts_amid_a_job_moves_storage_slowly_and_rows_hardly() -> None:
    hall = at_work()
    hall.scan(after_s=0.1)
    hall.go_on(30.0, supply(stable=()))
    assert hall.stored_w <= -1.35e6, "a refill is no reason for a step"
    assert max(hall.profile(RAMP)) <= SLOW_W_S / 2.0
    hall.go_on(25.0, supply())
    assert hall.most_moved_w(60.0) <= 0.2e6, "the minute before is not known: it goes nowhere"
    hall.go_on(30.0)
    assert hall.most_moved_w(5.0) <= 0.8e6
    assert hall.imports_w[-1] > hall.imports_w[0] + 0.6e6, "then it goes on"


@pytest.mark.fault("F62")
@pytest.mark.parametrize("into_s", [2.5, 20.0])
def test_a_daemon_that_restarts_amid_a_start_keeps_the_minute(into_s: float) -> None:
    """Its predecessor has spent what it may, and rows rise on while nobody speaks to them.

    Early in a start no store stands for it yet: then it is told by the rows, which move.
    """
    hall = Hall(2e6, rows_w=IDLE_W)
    hall.go_on(20.0)
    hall.start(into_s, most_w=7e6)
    silent_w_s = 6.0 * QUICK_W_S
    for _ in range(6):  # as long as a device waits before it falls back
        hall.load_w += silent_w_s * EVERY_S
        hall.show()
    hall.state = initial(hall.params, hall.now_ns)
    for for_s, word in ((15.0, supply(stable=())), (75.0, supply())):
        hall.scan(word, after_s=0.0)
        hall.start(for_s, most_w=7e6)
    assert hall.most_moved_w(5.0) <= 0.8e6
    assert hall.most_moved_w(60.0) <= 1.8e6


def test_storage_that_is_led_back_leaves_its_reserve_alone() -> None:
    hall = at_work(soc_pu=0.05)
    hall.scan(after_s=0.1)
    hall.go_on(5.0, supply(stable=()))
    assert hall.stored_w >= 0.0


def test_a_store_whose_trip_may_pass_no_limit_gives_so_much_and_rows_wait() -> None:
    hall = Hall(2e6)
    secured = replace(hall.params.control.smoothing, trip_pu=0.5)
    hall.params = replace(hall.params, control=replace(hall.params.control, smoothing=secured))
    hall.go_on(30.0)
    steps = hall.start(260.0, most_w=6e6)
    assert min(asked_w(steps)) == -0.4e6
    assert hall.most_moved_w(5.0) <= 0.8e6
    assert hall.most_moved_w(60.0) <= 2e6
    assert hall.load_w == pytest.approx(6e6), "slowly, but all of it"


def test_a_store_whose_trip_may_pass_no_limit_does_no_more_for_others_either() -> None:
    hall = Hall(4e6, soc_pu=0.6)
    secured = replace(hall.params.control.smoothing, trip_pu=0.5)
    hall.params = replace(hall.params, control=replace(hall.params.control, smoothing=secured))
    hall.go_on(60.0)
    assert hall.stored_w == 0.4e6, "dispatch would refill with 1 MW"
