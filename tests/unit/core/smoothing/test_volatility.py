"""The stage of the load: what makes one, what does not, and when it is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daemon.core.smoothing.volatility import Params
from daemon.core.step import Step
from daemon.model.quality import Quality
from tests.main_lane import Lane, alarms, events, on_sets, supply

LOOK_S = 40.0
EVERY_S = 0.5


class Rows(Lane):
    """Six rows whose power moves as a test says."""

    def __init__(self) -> None:
        super().__init__()
        control = replace(self.params.control, volatility=Params(look_back_s=LOOK_S))
        self.params = replace(self.params, control=control)
        self.steps = 0

    def draw(self, power_pu: Callable[[float], float], duration_s: float) -> list[Step]:
        """Let all rows draw a power by their rating for a time, and return the scans."""
        done = []
        for _ in range(round(duration_s / EVERY_S)):
            self.steps += 1
            part = power_pu(self.steps * EVERY_S)
            for row in self.site.of_nature("rack_row"):
                self.put(f"{row.id}.power_w", part * row.ratings["power_w"])
            done.append(self.scan(after_s=EVERY_S))
        return done

    @property
    def stage(self) -> str:
        return self.state.facts.volatility.stage


def swings(by: float) -> Callable[[float], float]:
    """Return a load that swings between 0.8 and a part `by` below, every other second."""
    return lambda t_s: 0.8 * (1.0 - by * (int(t_s) // 2 % 2))


def calm(t_s: float) -> float:
    return 0.8


def test_nothing_is_said_before_the_look_back_is_full_and_of_the_first_stage() -> None:
    rows = Rows()
    done = rows.draw(swings(0.1), LOOK_S)
    assert rows.stage == "unknown"
    done += rows.draw(swings(0.1), 10.0)
    assert rows.stage == "intermediate"
    assert events(done, "volatility_stage") == []


def test_stages_rise_with_the_swings_and_each_change_is_told() -> None:
    rows = Rows()
    rows.draw(calm, LOOK_S + 10.0)
    assert rows.stage == "initial"
    restless = rows.draw(swings(0.1), 30.0)
    assert rows.stage == "intermediate"
    wild = rows.draw(swings(0.3), 30.0)
    assert rows.stage == "turbulent"
    over = rows.draw(calm, LOOK_S + 10.0)
    assert rows.stage == "initial"
    told = [e for part in (restless, wild, over) for e in events(part, "volatility_stage")]
    assert [e.fields["stage"] for e in told] == ["intermediate", "turbulent", "initial"]
    assert "before: initial" in told[0].text


def test_a_stage_is_left_only_clearly_below_where_it_is_entered() -> None:
    rows = Rows()
    rows.draw(swings(0.21), LOOK_S + 10.0)
    assert rows.stage == "turbulent"
    rows.draw(swings(0.17), LOOK_S + 10.0)
    assert rows.stage == "turbulent"
    rows.draw(swings(0.15), LOOK_S + 10.0)
    assert rows.stage == "intermediate"
    rows.draw(swings(0.045), LOOK_S + 10.0)
    assert rows.stage == "intermediate"
    rows.draw(swings(0.03), LOOK_S + 10.0)
    assert rows.stage == "initial"


def test_below_turbulent_but_not_clearly_is_intermediate_from_below() -> None:
    rows = Rows()
    rows.draw(calm, LOOK_S + 10.0)
    rows.draw(swings(0.18), LOOK_S + 10.0)
    assert rows.stage == "intermediate"


def test_one_job_that_starts_makes_no_stage_and_idle_rows_none_either() -> None:
    rows = Rows()
    rows.params = replace(
        rows.params, control=replace(rows.params.control, volatility=Params(look_back_s=200.0))
    )
    done = rows.draw(lambda t_s: 0.1 * (1.0 + 0.1 * (int(t_s) % 2)), 210.0)
    assert rows.stage == "initial"
    done += rows.draw(calm, 210.0)
    assert rows.stage == "initial"
    assert events(done, "volatility_stage") == []


def test_what_is_seen_on_sets_or_while_a_row_is_silent_is_forgotten() -> None:
    rows = Rows()
    rows.draw(calm, LOOK_S + 10.0)
    rows.scan(on_sets(4))
    rows.draw(swings(0.5), LOOK_S + 10.0)
    assert rows.stage == "initial"
    rows.scan(supply())
    rows.draw(calm, LOOK_S / 2.0)
    row = rows.site.of_nature("rack_row")[0].id
    rows.spoil(row, code=Quality.BAD_TIMEOUT)
    rows.scan()
    rows.draw(swings(0.1), LOOK_S)
    assert rows.stage == "initial"
    rows.draw(swings(0.1), 10.0)
    assert rows.stage == "intermediate"


def test_a_site_without_rows_has_no_stage() -> None:
    lane = Lane("traditional")
    before = lane.state.volatility
    lane.run(2.0)
    assert lane.state.volatility is before


def test_a_turbulent_load_is_an_alarm_until_it_is_calmer() -> None:
    rows = Rows()
    done = rows.draw(calm, LOOK_S + 10.0)
    assert [a for a in alarms(done) if a.alarm_class == "load-turbulent"] == []
    done = rows.draw(swings(0.3), LOOK_S) + rows.draw(calm, LOOK_S + 20.0)
    states = [a.state for a in alarms(done) if a.alarm_class == "load-turbulent"]
    assert len(states) == 2
