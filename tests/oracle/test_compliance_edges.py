"""Every limit that came along lets pass what just keeps it, and nothing beyond."""

from __future__ import annotations

import dataclasses
import json

import pytest

from daemon.core import compliance
from daemon.model.compliance import Verdict
from daemon.settings.rules import load_rules, shipped_rules
from tests.oracle.compliance_edges import Edge, edges
from tests.shared_data import shared

# Limits whose edge is no step: their own tests are named.
ELSEWHERE = {
    ("ieso_v3", "sub-synchronous oscillation, peak to peak"),  # test_compliance_waves
    ("lipa", "0.1-5 Hz"),  # test_compliance_waves
    ("lipa", "5-55 Hz"),  # test_compliance_waves
    ("training_example", "energy in 0.1-20 Hz"),  # test_compliance_waves
}
EDGES = edges()


def judge(edge: Edge, samples: compliance.Samples) -> Verdict:
    rules = load_rules(edge.rules)
    only = tuple(limit for limit in rules.limits if limit.name == edge.limit)
    given = compliance.Given(edge.step_ns, edge.rated_w, 60.0, edge.measured)
    court = compliance.begin([dataclasses.replace(rules, limits=only)], given)
    (verdict,) = compliance.verdicts(compliance.take(court, samples))
    return verdict


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: f"{e.rules}: {e.limit}")
def test_both_sides_of_a_limit(edge: Edge) -> None:
    kept, passed = judge(edge, edge.kept), judge(edge, edge.passed)
    assert kept.limit == pytest.approx(edge.value, rel=1e-12)
    assert kept.ok is True, kept
    assert passed.ok is edge.ok, passed
    assert kept.margin is not None
    assert passed.margin is not None
    assert kept.margin >= -1e-6 * abs(edge.value) > passed.margin - 1.0
    assert passed.first_s is not None
    assert kept.first_s is None


def test_every_limit_has_its_edges() -> None:
    shipped = {(name, x.name) for name in shipped_rules() for x in load_rules(name).limits}
    assert {(edge.rules, edge.limit) for edge in EDGES} | ELSEWHERE == shipped


def test_the_limits_are_those_of_the_shared_list() -> None:
    listed = json.loads(shared("limits.json").read_text())
    by_key = {(edge.rules, edge.limit): edge for edge in EDGES}
    curve = listed["voltage_ride_through_pu"]
    for band in curve["ERCOT_NOGRR282_large_computational_load"]["bands"]:
        name = f"above {band['lo']:.2f} pu" if band["lo"] > 1 else f"below {band['hi']:.2f} pu"
        assert by_key["ercot_nogrr282", name].value == band["t_s"]
    for band in curve["CAISO_straw_2026_06_15"]["bands"]:
        side, level = next((k, v) for k, v in band.items() if k != "t_s")
        assert by_key["caiso_straw", f"{side} {level:.2f} pu"].value == band["t_s"]
    for name, _, time_s in listed["ieee1547_2018_catIII_defaults"]["trip"]:
        assert by_key["ieee1547_cat3_trip", name].value == time_s
    power = listed["power_variation"]
    mw = 1e6
    swing = by_key["ercot_swing", "peak to peak in 5 s, 0.1-55 Hz"]
    assert swing.value == power["ERCOT_2026_proposal"]["pp_mw"] * mw
    ieso = power["IESO_TRLCL_v3"]
    assert by_key["ieso_v3", "change in 1 min"].value == ieso["ramp_mw_min"] * mw
    assert by_key["ieso_v3", "change in 15 s"].value == ieso["max_mw_per_15s"] * mw
    caiso = by_key["caiso_straw", "average ramp over 10 min"]
    assert caiso.value == power["CAISO_straw"]["avg_ramp_mw_min"] * mw
    for key, rules in (("G1", "iso8528_g1"), ("G2", "iso8528_g2"), ("G3", "iso8528_g3")):
        row = listed["iso8528_5"][key]
        dip, rise = by_key[rules, "frequency dip"], by_key[rules, "frequency rise"]
        assert dip.value == pytest.approx(60 * (1 + row["f_dip"] / 100))
        assert rise.value == pytest.approx(60 * (1 + row["f_rise"] / 100))
        assert by_key[rules, "voltage dip"].value == pytest.approx(1 + row["v_dip"] / 100)
