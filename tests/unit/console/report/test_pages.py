"""The report for people: what stands on the terminal and in the page, whatever is in it."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from daemon.console.report import document, lines, listed, parts
from daemon.console.report.words import STAGES
from daemon.core.report.stages import STEPS
from daemon.core.report.subjects import Subject
from daemon.model.transfer_report import Curve, Remark, TransferReport
from tests.unit.core.report.story import Looks, event, outage, reported, sag

WORDS = ("stopped", "cranking", "ready", "fault")
LOOKS: Looks = {
    Subject("DG-1", "stage", "set", words=WORDS): [(-1.0, 0), (1.7, 1), (9.0, 2), (80.0, 3)],
    Subject("52-VCB-GA", "position", "breaker", words=("travelling", "open", "closed")): [
        (-1.0, 1),
        (1.7, 1),
        (9.0, 9),
        (80.0, 2),
    ],
    Subject("R-MVA", "voltage_ll_v", "voltage", "pu"): [
        (-1.0, 1.0),
        (1.7, 0.0),
        (9.0, float("nan")),
        (80.0, 1.0),
    ],
    Subject("DG-1", "power_w", "generation", "W"): [(-1.0, 0), (1.7, 0), (9.0, 2e6), (80.0, -1e5)],
}
EVIL = '<script>alert("x")</script>&'


def report() -> TransferReport:
    return reported(outage(), LOOKS)


def svgs(text: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def test_every_stage_has_words() -> None:
    assert {step.name for step in STEPS} <= set(STAGES)
    assert {stage.name for stage in report().stages} <= set(STAGES)


def test_the_terminal_says_stages_limits_and_deeds() -> None:
    said = "\n".join(lines(report()))
    assert "Outage on hall, 1970-01-01 00:00:00.000 UTC: PASS" in said
    assert "10.00 to 13.00 s" in said
    assert "load accepted: MVA, MVB" in said
    assert re.search(
        r"pass  parted from the dead utility +390 ms  \(<= 500 ms; loss of mains\)", said
    )
    assert "1.50 s  52-VCB-MA open             verified after 60 ms  (CCTS-1: wanted)" in said
    (line,) = listed([report()])
    assert "PASS" in line


def test_what_no_limit_applies_to_is_not_passed() -> None:
    made = report()
    idle = replace(made, verdicts=tuple(replace(each, ok=None) for each in made.verdicts))
    (line,) = listed([idle])
    said = [line, *lines(idle), re.sub("<[^>]*>", "", "".join(parts(idle)))]
    assert not any("PASS" in each for each in said)
    assert "no limit applies" in line
    assert "no limit applies, nothing was judged" in said[-1]


def test_what_was_refused_says_why_and_missed_scans_stand_beside_it() -> None:
    refused = event(
        3.0, "DG-1", "command_refused", "DG-1 start refused: its selector is on manual",
        action="start", owner="CCTS-1", interlock="not_auto",
    )  # fmt: skip
    late = event(4.0, "daemon", "scan_overrun", "the switching lane missed 943 of its scans")
    made = reported([*outage(), refused, late])
    said = "\n".join(lines(made))
    assert re.search(r"DG-1 start +refused  \(CCTS-1: its selector is on manual\)", said)
    assert "4.00 s  the switching lane missed 943 of its scans" in said
    assert "<td>its selector is on manual</td>" in document([made], "1.0")


def test_a_failed_limit_is_said_first_on_the_page() -> None:
    page = document([reported(outage(accepted_s=31.0, second_s=31.0, on_input_s=40.0))], "1.0")
    banner = re.search(r'<p class="banner fail">(.*?)</p>', page)
    assert banner is not None
    assert "missed: first load block on the sets" in banner.group(1)
    assert page.index("FAIL</td>") < page.index("pass</td>")


def test_the_page_stands_alone_and_is_well_formed() -> None:
    page = document([report(), reported(sag(), lasted_s=1.09)], "1.0", ["a note"])
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "url(" not in page
    assert 'href="#t0"' in page
    drawn = svgs(page)
    assert len(drawn) == 3  # begin and whole of the outage, the sag
    for each in drawn:
        assert "NaN" not in ElementTree.tostring(each, encoding="unicode")


def test_the_figure_shows_bands_curves_and_numbered_stages() -> None:
    begin, whole = svgs("".join(parts(report())))
    texts = {each.text for each in whole.iter("text")}
    assert {"DG-1", "52-VCB-GA", "bus voltages [%]", "given by the standby sets [MW]"} <= texts
    assert {str(number) for number in range(1, len(report().stages) + 1)} <= texts
    tints = {each.get("class") for each in whole.iter("rect")}
    assert {"band moving", "band bad", "band blind"} <= tints
    (path,) = [p for p in whole.iter("path") if p.get("class") == "line line0"][:1]
    assert path.get("d", "").count("M") == 2  # a gap where nothing was known
    assert len(list(begin.iter("rect"))) < len(list(whole.iter("rect")))


def test_what_people_and_devices_said_is_text_and_never_markup() -> None:
    bad = Remark(1.0, EVIL, "command_failed", EVIL)
    curve = Curve(EVIL, "voltage", "pu", (0.0,), (1.0,))
    evil = replace(report(), cause=EVIL, troubles=(bad,), curves=(curve,), missing=(EVIL,))
    page = document([evil], EVIL, [EVIL])
    assert "<script" not in page
    svgs(page)


@pytest.mark.parametrize("lasted_s", [0.0, 0.5, 1e5])
def test_a_report_of_any_length_is_drawn(lasted_s: float) -> None:
    assert svgs("".join(parts(replace(report(), lasted_s=lasted_s))))
    assert svgs("".join(parts(replace(report(), bands=(), curves=(), stages=()))))
