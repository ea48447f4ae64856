from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.settings import SettingsError
from device_emulators.scenario import Expectation, load, prepared, problems, scenario_path, site_of
from device_emulators.scenario_checks import Vocabulary
from device_emulators.vocabulary import vocabulary
from tests.small_board import small_board

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Vocabulary(
    settings={"ess": ("soc_pu",)},
    events={
        "generator": {"no_start": (), "clear": ()},
        "breaker": {"trip": (), "clear": ()},
        "utility": {"sag": ("depth_pu",)},
        "gateway": {"hang": (), "answer": ()},
        "operator": {"ask": ("of", "action")},
        "scheduler": {"take_back": ("job",)},
    },
    quantities={
        "it_rack": ("shed", "stage"),
        "generator": ("stage",),
        "bus": ("live",),
    },
    happenings=frozenset({"stage", "unsynchronised_closing"}),
    alarms=frozenset({"on-battery", "outage"}),
)
GOOD = """\
scenario: good
description: All kinds once.
site: board
for_s: 60
initial:
  - {target: ESS-1, soc_pu: 0.5}
timeline:
  - {at_s: 5, target: [DG-1, 52-*], event: clear}
  - {at_s: 5.5, target: GW-B, event: hang}
  - {at_s: 6, target: operator, event: ask, of: 52-A, action: close}
  - {at_s: 7, target: scheduler, event: take_back, job: train-1}
  - {at_s: 8, target: operator, event: ask, of: 52-A, action: tag}
expect:
  - {name: a, fed: {loads: critical, except: [R-2], max_unfed_ms: 20}}
  - {name: b, reach: {quantity: generator.stage, is: loaded, at_least_count: 1, by_s: 40}}
  - {name: c, hold: {quantity: R-1.shed, at_most: 0, from_s: 1, to_s: 2}}
  - {name: c2, reach: {quantity: B.live, is: true, by_s: 2}}
  - {name: d, never: {event: unsynchronised_closing}}
  - {name: e, happens: {event: stage, of: DG-1, by_s: 60}}
  - {name: f, order: {quantity: stage, is: shutting_down, of: [R-2, R-1]}}
  - {name: g, alarm: {id: "on-battery:ESS-*", raised_by_s: 8, cleared_by_s: 50}}
  - {name: h, no_alarm: {priority_at_most: 2}}
  - {name: i, comply: {rules: [contract, ieso_v3], from_s: 5}}
"""


def found(tmp_path: Path, text: str) -> list[str]:
    """Return the problems of a scenario file, without the folder."""
    path = tmp_path / "s.yaml"
    path.write_text(text)
    return [str(each).replace(f"{tmp_path}/", "") for each in problems(path, small_board(), WORDS)]


def test_every_kind_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD)
    scenario = load(path, small_board(), WORDS)
    assert list(dict.fromkeys(each.kind for each in scenario.expect)) == list(Expectation.kinds())
    assert [each.name for each in scenario.expect if each.of_daemon] == ["g", "h"]
    assert [each.name for each in scenario.expect if not each.of_plant] == ["g", "h", "i"]
    assert scenario.initial[0].values == {"soc_pu": 0.5}
    assert scenario.timeline[1].at_s == 5.5
    assert site_of(path) == "board"
    assert prepared(small_board(), scenario).emulation == {"ESS-1": {"soc_pu": 0.5}}


def test_event_needs_its_values(tmp_path: Path) -> None:
    board = small_board()
    utility = replace(board.equipment["DG-1"], nature="utility")
    board = replace(board, equipment={**board.equipment, "DG-1": utility})
    path = tmp_path / "s.yaml"
    path.write_text(GOOD.replace("GW-B, event: hang", "DG-1, event: sag"))
    assert any("sag needs depth_pu" in str(each) for each in problems(path, board, WORDS))


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "target: ESS-1",
            "target: ESS-9",
            "s.yaml:6:14: initial.0.target: nothing here is called ESS-9 (valid: ESS-1",
        ),
        (
            "GW-B, event: hang",
            "GW-B, event: burn",
            (
                "s.yaml:9:38: timeline.1.event: nothing called burn can be done to a gateway that "
                "speaks modbus_tcp (valid: answer, hang)"
            ),
        ),
        (
            "of: 52-A",
            "of: GW-B",
            "s.yaml:10:49: timeline.2.of: nothing here that obeys is called GW-B (valid: 52-A,",
        ),
        (
            "action: close",
            "action: shut",
            "s.yaml:10:63: timeline.2.action: a breaker obeys no shut (valid: close, close_in_sync",
        ),
        ("action: close", "at: 3", "timeline.2.event: ask needs action"),
        ("job: train-1", "job: 7", "timeline.3.job: 7 is no id of a job"),
        ("on-battery:", "on-batery:", "no class of alarms is called on-batery (valid: on-battery"),
        ("battery:ESS-*", "battery:UPS-*", "expect.7.alarm.id: nothing here is called UPS-*"),
        ("on-battery:ESS-*", "on-battery", "on-battery lacks what it is about"),
        ("soc_pu: 0.5", "soc: 0.5", "initial.0.soc: nothing to be set of a ess (valid: soc_pu)"),
        ("soc_pu: 0.5", "soc_pu: half", "initial.0.soc_pu: half is no number"),
        ("soc_pu: 0.5", "soc_pu: 50", "initial.0.soc_pu: 50 pu cannot be (valid: from 0 to 1)"),
        ("scenario: good", "scenario: ../good", ":1:11: scenario: "),
        ("scenario: good", "scenario: not so good", ":1:11: scenario: "),
        ("event: clear}", "event: clear, for_s: 1}", "timeline.0.for_s: no value of clear"),
        ("event: hang", "event: sag", "nothing called sag can be done to a gateway"),
        (
            "at_s: 5.5",
            "at_s: 4",
            "s.yaml:9:12: timeline.1.at_s: 4 s is before the entry above it at 5 s",
        ),
        ("at_s: 5.5", "at_s: 60", "60 s is not before the end at 60 s"),
        (
            "by_s: 40",
            "by_s: 61",
            "expect.1.reach.by_s: cannot be judged: 61 s is after the end at 60 s",
        ),
        ("is: loaded", "is: load", "the stage of a generator is never load (valid: loaded"),
        ("count: 1", "count: 3", "only 2 are selected by generator"),
        ("R-1.shed", "R-1.stored", "a it_rack has no stored (valid: "),
        ("R-1.shed", "shed", "an equipment and a point are needed"),
        ("at_most: 0, ", "", "nothing is asked of the quantity"),
        ("from_s: 1, to_s: 2", "from_s: 3, to_s: 2", "2 s is not after from_s, 3 s"),
        (
            "never: {event: unsynchronised_closing}",
            "never: {event: unsync}",
            "no plant reports unsync (valid: stage, unsync",
        ),
        ("loads: critical", "loads: 52-A", "52-A is no critical load"),
        ("ieso_v3]", "iesu_v3]", "expect.9.comply.rules.1: no rule set is called iesu_v3"),
        ("except: [R-2]", "except: [R-3]", "expect.0.fed.except.0: nothing here is called R-3"),
        ("except: [R-2]", "excpt: [R-2]", "unknown key (valid: except"),
        ("name: b, reach", "name: a, reach", "this name stands for another expectation"),
        (
            "{name: d, never: {event: unsynchronised_closing}}",
            "{name: d}",
            "exactly one kind of expectation is needed (valid: alarm",
        ),
        ("for_s: 60", "for_s: -1", "for_s: -1 should be above 0"),
        ("for_s: 60", "for_s: 60\nfor_s: 61", "stands twice"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GOOD.count(old) >= 1
    said_all = found(tmp_path, GOOD.replace(old, new, 1))
    assert any(said in line for line in said_all), said_all


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("ESS-1", "ESS-9").replace("is: loaded", "is: load").replace("R-1.shed", "x")
    assert len(found(tmp_path, text)) == 3


def test_refused_file_raises_with_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD.replace("ESS-1", "ESS-9"))
    with pytest.raises(SettingsError, match="ESS-9"):
        load(path, small_board(), WORDS)


def test_shipped_scenario_is_found_by_name() -> None:
    assert scenario_path("normal").is_file()


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    ("where", "happening", "said"),
    [
        (
            "desk",
            "daemon, event: pause, for_s: 5",
            "s.yaml:9:40: timeline.1.event: pause can be done to daemon in virtual time only",
        ),
        (
            "image",
            "GW-B, event: wrong_unit",
            "wrong_unit can be done to GW-B where there are frames only (valid: play it with",
        ),
        ("image", "OPC-B, event: dribble, pause_s: 1", "where there are frames only"),
        ("image", "OPC-B, event: renumber", "where there are frames only"),
    ],
)
def test_not_everything_can_be_done_everywhere(
    tmp_path: Path, where: str, happening: str, said: str
) -> None:
    path, words = tmp_path / "s.yaml", vocabulary()
    small = "\n".join(GOOD.splitlines()[:9]) + "\n"
    path.write_text(small.replace("GW-B, event: hang", happening))
    load(path, small_board(), words)
    load(path, small_board(), words, where="wire")
    with pytest.raises(SettingsError) as caught:
        load(path, small_board(), words, where=where)
    assert said in str(caught.value)
    for possible in ("GW-B, event: hang", "OPC-B, event: flap, period_s: 1"):
        path.write_text(small.replace("GW-B, event: hang", possible))
        load(path, small_board(), words, where=where)


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    ("happening", "said"),
    [
        ("DG-1, event: freeze", "freeze needs point"),
        ("DG-1, event: freeze, point: soc_pu", "a generator shows no soc_pu (valid: "),
        ("DG-1, event: freeze, point: heartbeat", "a generator shows no heartbeat"),
        ("DG-1, event: scale, point: power_w, factor: x", "x is no number"),
        ("DG-1, event: scale, point: power_w, factor: .nan", "nan is no number"),
        ("daemon, event: pause, for_s: 0", "0 s is no span of time"),
        ("daemon, event: pause, for_s: -1", "-1 s cannot be (valid: from 0 to 86400)"),
        ("daemon, event: pause, for_s: 1.0e12", "1e+12 s cannot be (valid: from 0 to 86400)"),
        ("daemon, event: clock_step, by_s: 1.0e5", "(valid: from -86400 to 86400)"),
        ("daemon, event: hang", "nothing called hang can be done to a daemon"),
        ("GW-B, event: slow, latency_s: true", "True is no number"),
        ("GW-B, event: flap, period_s: 0", "0 s is no span of time"),
        ("GW-B, event: lose, share_pu: 2", "2 pu cannot be (valid: from 0 to 1)"),
        ("GW-B, event: renumber", "nothing called renumber can be done to a gateway that speaks"),
        ("OPC-B, event: wrong_unit", "to a gateway that speaks opcua"),
        ("DG-1, event: swap, with: DG-1", "DG-1 cannot be taken for DG-1: another generator"),
        ("DG-1, event: swap, with: 52-A", "DG-1 cannot be taken for 52-A"),
        (
            "52-A, event: stick, point: position, value: ajar",
            "the position of a breaker is never ajar (valid: bad, closed",
        ),
        ("DG-1, event: stick, point: power_w, value: high", "is never high (valid: a number)"),
        ("ESS-1, event: swap_words", "ESS-1 has no value of two registers in its map"),
        ("B, event: fault, kind: burnt, ohm: 0", "no fault is called burnt (valid: earth"),
        ("52-A, event: fault, kind: earth, ohm: -1", "-1 ohm cannot be (valid: from 0)"),
        ("DG-1, event: fault, kind: earth, ohm: 1", "nothing called fault can be done to a gen"),
        ("S, event: trip", "nothing called trip can be done to a bus (valid: clear, fault)"),
    ],
)
def test_what_is_done_beside_the_plant_is_checked(
    tmp_path: Path, happening: str, said: str
) -> None:
    path = tmp_path / "s.yaml"
    small = "\n".join(GOOD.splitlines()[:9]) + "\n"
    path.write_text(small.replace("GW-B, event: hang", happening))
    found = [str(each) for each in problems(path, small_board(), vocabulary())]
    assert any(said in each for each in found), found
