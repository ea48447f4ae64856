"""What a site may allow besides its ESS: batteries of UPS, and caps of the AI rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.balance.shaving.errand import PLAN
from daemon.model.quantities import ns
from tests.main_lane import Lane, commands, supply
from tests.sharing import sharing_hall

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [f"ROW-{n}" for n in range(1, 7)]
RATED_W = 1.04e6


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the reference hall with UPS-A that shares and rows that may be capped to 0.6."""
    file = tmp_path_factory.mktemp("site") / "hall.yaml"
    file.write_text(sharing_hall("  peaks: {ups_pu: 0.6, row_cap_pu: 0.6}\n"), encoding="utf-8")
    return file


class Hall(Lane):
    """A hall whose ESS is empty, 120 s before a window ends; rows and UPS do as they are told."""

    def __init__(self, name: str, load_w: float, ups_soc_pu: float) -> None:
        super().__init__(name)
        self.now_ns += ns(680.0)
        self.put("ESS-1.soc_pu", 0.2)
        for ups in ("UPS-A", "UPS-B"):
            self.put(f"{ups}.soc_pu", ups_soc_pu)
            self.put(f"{ups}.battery_power_w", 0.0)
            self.put(f"{ups}.output_power_w", 0.5e6)
        self.put("ESS-1.power_w", 0.0)
        for limit in ("charge_limit_w", "discharge_limit_w"):
            self.put(f"ESS-1.{limit}", 3e6)
        for row in ROWS:
            self.put(f"{row}.power_w", 0.8 * RATED_W)
        self.base_w = load_w - len(ROWS) * 0.8 * RATED_W
        self.put("M-UA.power_w", load_w)
        self.scan(supply())

    def obeyed(self, for_s: float) -> list[Any]:
        steps = []
        for _ in range(round(for_s)):
            steps.append(self.scan(after_s=1.0))
            for point in ("power_setpoint_w", "power_cap_pu"):
                for command in commands(steps[-1:], point):
                    self.put(f"{command.equipment}.{point}", command.value)
            rows_w = 0.0
            for row in ROWS:
                row_w = RATED_W * min(0.8, self.shown(row, "power_cap_pu"))
                self.put(f"{row}.power_w", row_w)
                rows_w += row_w
            battery_w = 0.0
            if self.points.find("UPS-A", "power_setpoint_w") is not None:
                battery_w = self.shown("UPS-A", "power_setpoint_w")
                self.put("UPS-A.battery_power_w", battery_w)
            self.put("M-UA.power_w", self.base_w + rows_w + battery_w)
        return steps

    def shown(self, name: str, point: str) -> float:
        return float(self.values[self.points.index(name, point)])


def sent(steps: list[Any], name: str, point: str) -> list[float]:
    return [c.value for c in commands(steps, point) if c.equipment == name]


def test_rows_give_what_storage_cannot_and_get_it_back(allowed: Path) -> None:
    """0.3 MW are missing: all that the first row has, a part of the second, nothing of the rest."""
    hall = Hall(str(allowed), 5.8e6, ups_soc_pu=0.5)
    steps = hall.obeyed(130.0)
    caps = {row: min(sent(steps, row, "power_cap_pu"), default=1.0) for row in ROWS}
    assert min(caps.values()) >= 0.6
    assert caps["ROW-4"] == 0.6 < caps["ROW-5"] < 0.8
    assert {caps[row] for row in ROWS if row not in {"ROW-4", "ROW-5"}} == {1.0}
    assert hall.state.facts.demand.highest_w <= 5.5e6 * 1.002
    assert not any(sent(steps, "UPS-A", "power_setpoint_w")), "below the charge that is allowed"
    hall.base_w -= 2e6
    hall.obeyed(40.0)
    assert [hall.shown(row, "power_cap_pu") for row in ROWS] == [1.0] * 6
    assert not hall.state.peaks.capped


def test_the_battery_of_a_ups_gives_before_rows_are_capped(allowed: Path) -> None:
    hall = Hall(str(allowed), 5.65e6, ups_soc_pu=0.9)
    steps = hall.obeyed(130.0)
    given = sent(steps, "UPS-A", "power_setpoint_w")
    assert -0.4e6 <= min(given) < -0.1e6, "four fifths of what it carries at most"
    assert not any(sent(steps, row, "power_cap_pu") for row in ROWS)
    assert hall.state.facts.demand.highest_w <= 5.5e6 * 1.002
    assert hall.state.facts.demand.reserve_wh["UPS-A"] == pytest.approx(0.6 * 240e3)


def test_neither_is_touched_where_the_site_does_not_allow_it() -> None:
    hall = Hall("ai_hall", 6.1e6, ups_soc_pu=0.9)
    steps = hall.obeyed(30.0)
    assert not any(sent(steps, row, "power_cap_pu") for row in ROWS)
    assert "UPS-A" not in hall.state.facts.demand.reserve_wh


def test_caps_settle_while_the_load_does_not_change(allowed: Path) -> None:
    """What is held down is what the rows were told, its grain included: nothing adds up."""
    hall = Hall(str(allowed), 5.8e6, ups_soc_pu=0.5)
    hall.obeyed(30.0)
    caps = sent(hall.obeyed(70.0), "ROW-5", "power_cap_pu")
    assert max(caps) - min(caps) <= 0.02
    assert hall.state.peaks.cut_w == pytest.approx(0.3e6, rel=0.1)


def test_a_plan_is_asked_for_with_what_the_rows_can_give(allowed: Path) -> None:
    hall = Hall(str(allowed), 5.8e6, ups_soc_pu=0.5)
    hall.obeyed(60.0)
    peaks = hall.state.peaks
    assert peaks.billed is not None
    known = peaks._replace(billed=peaks.billed._replace(samples_w=(5e6,) * 289))
    hall.state = type(hall.state)(**{**vars(hall.state), "peaks": known})
    steps = hall.obeyed(70.0)
    [request] = [r for done in steps for r in done.requests if r.function == PLAN]
    spare_w = len(ROWS) * (0.8 - 0.6) * RATED_W
    assert request.arguments["rows_w"] == pytest.approx(spare_w, rel=0.01), "capped or not"
    assert request.arguments["samples_w"][-1] == pytest.approx(5.8e6, rel=0.01), "as without caps"
