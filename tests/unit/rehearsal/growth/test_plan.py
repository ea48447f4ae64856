"""The plan of the shipped sites: lines against the balance, laws, and what an engineer knows."""

from __future__ import annotations

from functools import cache
from math import log

import numpy as np
import pytest

from daemon.rehearsal.growth.futures import Group
from daemon.rehearsal.growth.limits import KINDS, RESERVE, SETS
from daemon.rehearsal.growth.loads import Case, case, racks_of
from daemon.rehearsal.growth.plan import Answer, Plan, plan_of
from daemon.settings import SiteFile, load
from daemon.settings.checks.balance import carry
from daemon.settings.document import read
from daemon.settings.forms import BalanceForm
from daemon.settings.validate import fill

SITES = ("ai_hall", "traditional")
CERTAIN = (
    ("compute-growth", "2/yr:2-2"), ("efficiency-growth", "1/yr:1-1"),
    ("duration-growth", "1/yr:1-1"), ("server-growth", "2/yr:2-2"),
    ("storage-growth", "2/yr:2-2"), ("storage-efficiency-growth", "1/yr:1-1"),
    ("standing", "0"),
)  # fmt: skip


@cache
def loaded(site: str) -> SiteFile:
    return load(site)


@cache
def planned(site: str, *given: tuple[str, str]) -> Plan:
    return plan_of(loaded(site), dict(given))


def answer(plan: Plan, name: str) -> Answer:
    return next(one for one in plan.answers if one.limit.name == name)


def balance_of(site: str) -> BalanceForm:
    form: BalanceForm = fill(BalanceForm, read(loaded(site).path).data["balance"])[0]
    return form


@cache
def lines(site: str, *out: str) -> Case:
    plant, balance = loaded(site).site, balance_of(site)
    return case(plant, balance, racks_of(plant, balance, planned(site).assumed), out)


@pytest.mark.parametrize("out", [(), ("TX-P-A",), ("U-A", "U-B", "DG-1"), ("HVDC-A",)])
@pytest.mark.parametrize("part", [0.7, 1.0, 2.5])
def test_lines_are_the_balance(out: tuple[str, ...], part: float) -> None:
    site, balance = loaded("ai_hall").site, balance_of("ai_hall")
    racks = racks_of(site, balance, planned("ai_hall").assumed)
    drawn = np.array([part, 0.9, 1.2])
    cooling = float(racks.cooling.at(drawn))
    factors = {"ai_rack": part, "chiller": cooling, "pump": cooling}
    factors |= {
        item.id: 0.9 if item.variant == "server" else 1.2 for item in site.of_nature("it_rack")
    }
    form = balance.model_copy(update={"demand_factor": factors})
    exact = carry(site, form, out)
    said = lines("ai_hall", *out)
    assert said.carried.keys() == exact.loading.keys()
    for name, loading in exact.loading.items():
        # Losses of transformers grow with the square, and are small.
        assert said.carried[name].at(drawn) == pytest.approx(loading.carried_va, rel=0.01), name
    for name, switched_w in exact.switched_w.items():
        assert said.switched_w[name].at(drawn) == pytest.approx(switched_w, rel=0.01), name


@pytest.mark.parametrize("site", SITES)
def test_n_minus_1_is_never_later_than_n(site: str) -> None:
    for one in planned(site).answers:
        if one.normal is not None:
            for reduced, normal in zip(one.reduced.years, one.normal.years, strict=True):
                assert reduced <= normal, one.limit.name
            # The worst is told to a percent.
            assert one.reduced.today_pu >= one.normal.today_pu - 0.01


@pytest.mark.parametrize("site", SITES)
def test_dates_are_in_order_and_blocks_move_them_back(site: str) -> None:
    for one in planned(site).answers:
        low, middle, high = one.reduced.years
        assert low <= middle <= high
        for moved in (one.block_months, one.unit_months):
            assert moved is None or moved >= 0.0


def test_every_kind_of_the_ai_hall_has_a_date() -> None:
    plan = planned("ai_hall")
    assert {one.limit.kind for one in plan.answers} == set(KINDS)
    rated = {
        e.id for e in loaded("ai_hall").site.of_nature("transformer", "ups", "hvdc", "rectifier")
    }
    assert rated <= {one.limit.name for one in plan.answers}


def test_when_all_doubles_in_a_year_a_block_buys_a_year() -> None:
    plan = planned("ai_hall", *CERTAIN)
    racks = answer(plan, "AI racks")
    assert racks.reduced.years == pytest.approx([-log(0.85) / log(2.0)] * 3)
    assert racks.block_months == pytest.approx(12.0)
    chillers = answer(plan, "CH-1 to CH-3")
    # Two of three are left, then three of four: half as much again.
    assert chillers.unit_months == pytest.approx(12.0 * log(1.5) / log(2.0))
    assert chillers.normal is not None
    apart = chillers.normal.years[1] - chillers.reduced.years[1]
    assert apart == pytest.approx(log(1.5) / log(2.0))


def test_today_is_what_the_plant_of_reference_draws() -> None:
    plan = planned("ai_hall")
    low, middle, high = plan.site_w(0.0)
    assert low == middle == high == pytest.approx(7.5e6, rel=0.02)  # on an average day
    full = planned("ai_hall", ("utilisation", "1"))
    assert full.site_w(0.0)[1] == pytest.approx(8.85e6, rel=0.02)  # at full load
    # Of a transformer that is left alone: 78 % at full load.
    assert answer(full, "TX-P-A").reduced.today_pu == pytest.approx(0.78, abs=0.01)
    assert answer(full, "HVDC-B").reduced.today_pu == pytest.approx(0.79, abs=0.01)


def test_sets_are_judged_with_all_and_with_those_of_the_declared_case() -> None:
    sets = [one for one in planned("ai_hall").answers if one.limit.kind == SETS]
    assert [one.limit.name for one in sets] == ["DG-1 to DG-4"]
    assert sets[0].normal is not None
    assert sets[0].normal.bound.capacity == pytest.approx(4 * 3.2e6 / 0.95)
    assert sets[0].reduced.bound.capacity == pytest.approx(3 * 3.2e6 / 0.95)
    assert sets[0].reduced.bound.case == "without U-A and U-B and DG-1"


def test_the_contract_counts_what_runs_day_and_night() -> None:
    plan = planned("ai_hall")
    contract = answer(plan, "import")
    carried_w = contract.reduced.today_pu * 5.5e6
    assert carried_w == pytest.approx(plan.site_w(0.0)[1] - 2e6, rel=0.01)
    assert contract.block_months is None  # a block brings no grid


def test_the_reserve_holds_at_rating_as_check_says() -> None:
    full = planned("ai_hall", ("utilisation", "1"))
    reserve = [one for one in full.answers if one.limit.kind == RESERVE]
    names = {one.limit.name for one in reserve}
    assert {"UPS-A battery", "ESS-2 for rows", "ESS-1 for a section"} <= names
    assert all(one.reduced.today_pu <= 1.0 for one in reserve)
    # Rows are capped by their rating: loaded less, they need as much.
    part = answer(planned("ai_hall", ("utilisation", "0.3")), "ESS-2 for rows")
    assert part.reduced.today_pu == pytest.approx(answer(full, "ESS-2 for rows").reduced.today_pu)


def test_faster_computing_runs_out_earlier_and_efficiency_later() -> None:
    usual = planned("ai_hall")
    fast = planned("ai_hall", ("compute-growth", "5/yr"))
    frugal = planned("ai_hall", ("efficiency-growth", "2/yr"))
    for one in usual.answers:
        years = one.reduced.years[1]
        assert answer(fast, one.limit.name).reduced.years[1] <= years
        assert answer(frugal, one.limit.name).reduced.years[1] >= years


def test_a_demand_that_falls_never_runs_out() -> None:
    plan = planned("traditional", ("compute-growth", "0.5/yr"), ("storage-growth", "0.5/yr"))
    assert all(one.reduced.years == (np.inf,) * 3 for one in plan.answers)
    assert plan.blocks_needed(5.0) == 1


def test_blocks_needed_double_with_the_demand() -> None:
    plan = planned("ai_hall", *CERTAIN)
    needed = [plan.blocks_needed(year) for year in range(5)]
    assert needed[0] == 1
    assert needed[4] / needed[3] == pytest.approx(2.0, rel=0.15)


def test_where_there_are_no_ai_racks_the_servers_compute() -> None:
    plan = planned("traditional", ("compute-growth", "4/yr"))
    assert plan.world == "traditional"
    growth = np.exp(plan.median_log_rates[0])
    assert growth[Group.SERVERS] == pytest.approx(4.0 / 1.3)
