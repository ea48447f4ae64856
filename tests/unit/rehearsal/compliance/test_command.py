"""`ridethrough comply` as people and machines see it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from daemon.cli import main
from tests.shared_data import shared

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sag(tmp_path: Path) -> Path:
    """A trace of a sag of half a second and a millisecond to 0.7 pu, with its power."""
    t_s = np.arange(8000) / 1000
    voltage_pu = np.where((t_s >= 2.0) & (t_s < 2.501), 0.7, 1.0)
    power_w = np.where((t_s >= 2.0) & (t_s < 3.0), 0.0, 90e6)
    rows = "".join(
        f"{t:.3f},{v:g},{p:g}\n" for t, v, p in zip(t_s, voltage_pu, power_w, strict=True)
    )
    file = tmp_path / "sag.csv"
    file.write_text("t_s,voltage_pu,hall_w\n" + rows)
    return file


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["comply", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_answer_for_machines(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, str(sag), "--rules", "itic", "ercot_nogrr282")
    assert (code, said["ok"]) == (1, False)
    assert said["rules"] == ["itic", "ercot_nogrr282"]
    assert said["quantities"] == ["power_w", "voltage_pu"]
    by_name = {(v["rules"], v["name"]): v for v in said["verdicts"]}
    one = by_name["itic", "below 80 %"]
    assert (one["ok"], one["value"], one["limit"], one["unit"]) == (False, 0.501, 0.5, "s")
    assert one["at_s"] == 2.0
    assert one["margin"] == pytest.approx(-0.001)
    back = by_name["ercot_nogrr282", "back to 90 % after a dip"]
    assert (back["ok"], back["value"]) == (True, 0.499)


def test_exit_code_zero_exactly_when_ok(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, str(sag), "--rules", "nfpa110_type10")
    assert (code, said["ok"]) == (0, True)
    code, said = asked(capsys, str(sag), "--rules", "training_example")
    assert (code, said["ok"]) == (1, False), "nothing could be judged, so nothing is proven"


def test_what_people_read(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["comply", str(sag), "--rules", "itic", "aeso"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  below 80 %" in out
    assert "0.501 s (<= 0.5 s, margin -0.001 s) at 2 s; first passed at 2 s, once" in out
    assert re.search(r"FAIL  change in 1 min\s+90 MW \(<= 10 MW, margin -80 MW\)", out)
    assert "limits kept" in out


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, "--list")
    assert code == 0
    names = [rules["name"] for rules in said["rules"]]
    assert "ercot_nogrr282" in names
    assert main(["comply", "--list"]) == 0
    out = capsys.readouterr().out
    assert "ERCOT NOGRR282" in out
    marks = {rules["mark"] for rules in said["rules"]}
    assert marks <= {mark for mark in marks if f"\n  [{mark}]  " in out}, "each is explained"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sag.csv", "--rules", "itic", "--report", "no/such.html"), "no/such.html: cannot be"),
        (("--rules", "itic"), "TRACE is missing"),
        (("sag.csv",), "nothing to judge by: --rules NAME... (valid: aemc_draft, "),
        (("sag.csv", "--rules", "itec"), "no rule 'itec' (valid: itic, "),
        (("nowhere.csv", "--rules", "itic"), "nowhere.csv: No such file"),
        (("sag.csv", "--rules", "itic", "--contract", "moon"), "no site 'moon'"),
    ],
)
def test_a_refusal_is_one_json_line(
    sag: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(sag.parent)
    code, said = asked(capsys, *arguments)
    assert (code, said["ok"]) == (1, False)
    assert said["error"].startswith(words)


def test_the_contract_of_a_site(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, str(sag), "--contract", "ai_hall")
    assert code == 1
    words = (
        ":2: the highest power is 9e+07 W, 16.4 times the 5.5e+06 W of the contract: which of the"
    )
    assert said["error"].startswith(f"{sag}{words}")
    code, said = asked(capsys, str(sag), "--contract", "ai_hall", "--scale-to", "5MW")
    assert code == 1
    by_name = {v["name"]: v["ok"] for v in said["verdicts"]}
    assert by_name == {
        "demand": None, "least import": True, "swing in 5 s": False, "change in 60 s": True,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["0", "-3MW", "100XW", "MW"])
def test_a_power_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SystemExit):
        main(["comply", "trace.csv", f"--rated={text}"])


class _Page(HTMLParser):
    """Collects tags, and complains about what is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in {"meta", "rect", "line", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_shows_every_limit_and_its_trace(sag: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    rules = ("itic", "aeso", "ercot_swing", "en50160", "contract.yaml")
    own = tmp_path / "contract.yaml"
    own.write_text(
        "title: <b>Mill & Co</b>\nsource: own\nmark: own\nlimits:\n"
        "  - {name: '<script>', kind: swing, window_s: 1, limit_w: 1e6}\n"
    )
    named = [str(own) if name == own.name else name for name in rules]
    assert main(["comply", str(sag), "--rules", *named, "--report", str(file)]) == 1
    text = file.read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.count["svg"] == 7, "the trace twice, ITIC twice, change, swing, swing"
    assert page.count["section"] == 1 + len(rules)
    assert "<b>Mill" not in text
    assert "<script" not in text
    assert "first passed at 2 s" in text


def test_axes_have_round_values_units_and_time_as_people_read_it(tmp_path: Path) -> None:
    file, page = tmp_path / "day.csv", tmp_path / "page.html"
    rows = [(t, 6e6 + 3e6 * (t % 7200 < 3600)) for t in range(0, 36_000, 300)]
    file.write_text("t_s,import_w\n" + "".join(f"{t},{w}\n" for t, w in rows))
    main(["comply", str(file), "--contract", "ai_hall", "--report", str(page)])
    said = page.read_text()
    for text in ("power [MW]", "time [h:min]", ">2<", ">8<", ">0:00<", ">8:00<"):
        assert text in said, text
    assert re.search(r"<td>\d+ s \(\d+:\d\d\)</td>", said)


def test_the_same_trace_gives_the_same_page(sag: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a.html", tmp_path / "b.html"]
    for file in files:
        main(["comply", str(sag), "--rules", "itic", "--report", str(file)])
    assert files[0].read_text() == files[1].read_text()


def test_measured_training_in_absolute_megawatts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared("mlperf_gpt3_64x8h100_node_power_2s.csv.gz")
    arguments = (str(file), "--rules", "ercot_swing", "ieso_v3", "caiso_straw")
    code, said = asked(capsys, *arguments, "--scale-to", "100MW")
    assert code == 1
    by_name = {(v["rules"], v["name"]): v for v in said["verdicts"]}
    assert by_name["ercot_swing", "peak to peak in 5 s, 0.1-55 Hz"]["ok"] is False
    assert by_name["ieso_v3", "change in 15 s"]["ok"] is False
    assert by_name["caiso_straw", "average ramp over 10 min"]["ok"] is True
    assert by_name["ieso_v3", "sub-synchronous oscillation, peak to peak"]["ok"] is None
    code, said = asked(capsys, *arguments, "--rated", "459kW")
    assert code == 0, "512 GPUs alone disturb nobody"
    assert said["rated_w"] == pytest.approx(458.6e3, rel=1e-3)


@pytest.fixture
def swing(tmp_path: Path) -> Path:
    """A swing from 50 to 90 MW every 10 s, written in kW under a name in W."""
    file = tmp_path / "kw.csv"
    rows = "".join(f"{k},{90e3 if k % 20 < 10 else 50e3:g}\n" for k in range(600))
    file.write_text("t_s,load_w\n" + rows)
    return file


def test_kilowatts_are_no_pass_of_a_limit_in_megawatts(
    swing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (str(swing), "--rules", "ercot_swing", "southern", "ieso_v3")
    code, said = asked(capsys, *arguments)
    assert (code, said["ok"], said["judged"]) == (1, False, 0)
    by_name = {(v["rules"], v["name"]): v for v in said["verdicts"]}
    assert by_name["southern", "change in 6 s"]["detail"].startswith(
        "90 kW at most is far below the 20 MW this is for: is the unit W? Not judged while"
    )
    assert by_name["ieso_v3", "change in 15 s"]["detail"].startswith(
        "90 kW at most is far below the 20 MW this is for"
    )
    assert by_name["ieso_v3", "change in 15 s"]["binds"].endswith("the highest here is 90 kW")
    code, said = asked(capsys, *arguments, "--rated", "90kW")
    assert (code, said["judged"]) == (0, 5), "who says so has a small load, which passes no limit"
    code, said = asked(capsys, *arguments, "--rated", "100MW")
    assert code == 1
    assert ":2: the highest power is 90000 W, 0.0009 times the 1e+08 W of --rated" in said["error"]
    code, said = asked(capsys, str(swing), "--contract", "ai_hall")
    assert (code, said["judged"]) == (1, 0), "its contract is for 5.5 MW"
    swing.write_text(re.sub(r"(?<=,)(\d+)", r"\g<1>000", swing.read_text()))
    code, said = asked(capsys, *arguments)
    assert (code, said["judged"]) == (1, 5), "the same in W misses them"
    assert sum(v["ok"] is False for v in said["verdicts"]) == 5


def test_what_ok_covers(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sag.read_text().splitlines()[1:]
    rows = [",".join(row.split(",")[::2]) for row in rows]
    sag.write_text("t_s,hall_w\n" + "\n".join(rows[:1500]))
    asking = (str(sag), "--rules", "caiso_straw", "southern", "--rated", "90MW")
    code, said = asked(capsys, *asking)
    assert (code, said["ok"], said["judged"], said["not_judged"]) == (0, True, 2, 11)
    assert main(["comply", *asking]) == 0
    last = "2 limits kept, 0 missed, 11 not judged"
    out = capsys.readouterr().out.splitlines()[-1]
    assert out == f"{last}: ok for the 2 alone; --all takes what is not judged for missed"
    code, said = asked(capsys, *asking, "--all")
    assert (code, said["ok"], said["judged"]) == (1, False, 2)
    assert main(["comply", *asking, "--all"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{last}: not ok, for --all asks")
    code, _ = asked(capsys, str(sag), "--rules", "southern", "--all")
    assert code == 0


def test_what_lies_in_a_hole_is_not_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clock that jitters by 3 %, and 9 s of which nothing is known."""
    file, page = tmp_path / "hole.csv", tmp_path / "page.html"
    times = np.arange(600) + np.random.default_rng(3).uniform(-0.015, 0.015, 600)
    rows = [f"{t:.3f},{80e6 + 1e5 * (k % 9):g}" for k, t in enumerate(times)]
    del rows[100:108]
    file.write_text("t_s,load_w\n" + "\n".join(rows) + "\n")
    code, said = asked(capsys, str(file), "--rules", "southern")
    assert code == 1
    assert re.search(r":102: a gap of 9\.\d+ s where rows are \d", said["error"])
    asking = (str(file), "--rules", "southern", "--gaps", "split", "--report", str(page))
    code, said = asked(capsys, *asking)
    assert (code, said["judged"], said["judged_in_part"]) == (0, 2, 2)
    for one in said["verdicts"]:
        assert one["unseen_s"] == pytest.approx(9.0, abs=0.1)
        assert re.match(r"not judged before line 102 \([0-9.]+ to [0-9.]+ s\)", one["detail"])
    assert main(["comply", *asking]) == 0
    out = capsys.readouterr().out
    assert "  part  change in 6 s" in out
    assert "2 limits kept (2 of them in a part of the trace), 0 missed, 0 not judged: ok" in out
    assert "part</td>" in page.read_text()
    code, _ = asked(capsys, *asking, "--all")
    assert code == 1


def test_rows_further_apart_than_a_window_are_told_with_that_limit_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A meter that tells what changes: no step is a hole, but within 7 s one shows nothing in 6."""
    file = tmp_path / "uneven.csv"
    steps = np.random.default_rng(1).uniform(0.5, 5.0, 200)
    steps[150] = 7.0
    rows = "".join(f"{t:.2f},{80e6:g}\n" for t in np.cumsum(steps))
    file.write_text("t_s,load_w\n" + rows)
    code, said = asked(capsys, str(file), "--rules", "southern")
    assert (code, said["judged_in_part"]) == (0, 1)
    by_name = {v["name"]: v for v in said["verdicts"]}
    assert by_name["change in 6 s"]["detail"].startswith("not judged before line 152 (")
    assert by_name["change in 1 min"]["unseen_s"] == 0.0


def test_parts_of_a_trace_with_holes(sag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = sag.read_text().splitlines()
    del lines[2200:2300]  # in the middle of the sag
    sag.write_text("\n".join(lines))
    code, said = asked(capsys, str(sag), "--rules", "itic")
    assert code == 1
    assert ":2201: a gap of 0.101 s" in said["error"]
    page = sag.parent / "page.html"
    asking = (str(sag), "--rules", "itic", "--gaps", "split", "--report", str(page))
    code, said = asked(capsys, *asking)
    assert said["parts"] == 2
    curves = re.findall(r'class="line line0" d="([^"]*)"', page.read_text())
    assert curves
    assert {curve.count("M") for curve in curves} == {2}, "no line is drawn across a hole"
    by_name = {v["name"]: v for v in said["verdicts"]}
    assert by_name["below 80 %"]["ok"] is None, "neither part alone was too long, both may be"
    assert "in a hole" in by_name["below 80 %"]["detail"]


def test_whom_a_code_binds_is_said_once_and_what_is_open_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Samples 0.1 s apart show nothing of 5-55 Hz, though there is a figure."""
    file, page = tmp_path / "small.csv", tmp_path / "out.html"
    rows = "".join(f"{k / 10:.1f},{5e6 + 1e4 * (k % 7):g}\n" for k in range(900))
    file.write_text("t_s,hall_w\n" + rows)
    main(["comply", str(file), "--rules", "ieso_v3", "--report", str(page)])
    assert capsys.readouterr().out.count("the highest here is 5.06 MW") == 1
    html = page.read_text()
    assert html.count("the highest here is 5.06 MW") == 1
    assert "<h2>change in 15 s</h2>" in html
    assert "<h2>sub-synchronous oscillation, peak to peak</h2>" not in html
