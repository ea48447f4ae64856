from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.rehearsal.picture import About, file, refuse_unwritable, write
from daemon.rehearsal.picture.library import PictureError, script
from daemon.rehearsal.picture.recording import (
    Band,
    Disturbance,
    Entry,
    Line,
    Recording,
    Span,
)

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"
ABOUT = About(
    "hall", "The hall", "outage", "It goes.", 7, "image", "none", "0.1", "c0ffee", ok=True
)
RECORDING = Recording(
    for_s=10.0,
    began_utc_ns=1_800_000_000_000_000_000,
    lines=(
        Line("medium", "MVA", "6.6 kV", (0.0, 5.0, 5.042), (1.0, 0.3, 1.0)),
        Line("frequency", "MVA", "6.6 kV", (0.0, 5.0, 6.0), (60.0, 0.0, 59.9)),
    ),
    bands=(Band("source", "DG-1", (Span(0.0, 4.0, "stopped"), Span(4.0, 10.0, "loaded"))),),
    cuts=(),
    loads_count=3,
    disturbances=(Disturbance(5.0, 6.0, "U-A", "outage", ""),),
    entries=(
        Entry(5.1, "alarm", "outage:hall", "both feeds lost", 1),
        Entry(6.1, "alarm", "outage:hall", "both feeds lost: cleared", 1, active=False),
        Entry(5.2, "daemon", "CCTS-1", "parted"),
    ),
    dropped={},
    not_drawn={},
    efficiency={
        "pue_pu": 1.18,
        "saved_by_800_v_pu": 0.05,
        "chains": [
            {
                "name": "AC chain",
                "efficiency_pu": 0.9,
                "stages": [
                    {"name": "UPS", "efficiency_pu": 0.95, "loss_w": 52e3},
                    {"name": "power supply", "efficiency_pu": 0.96, "loss_w": None},
                ],
            }
        ],
    },
)
GOOD = {
    "name": "load is fed",
    "ok": True,
    "value": 0.0,
    "limit": 20.0,
    "unit": "ms",
    "at_s": None,
    "detail": "",
    "relation": "<=",
}
LATE = {**GOOD, "name": "starts", "ok": False, "value": 41.5, "limit": 40.0, "relation": "by"}
OPEN = {**GOOD, "name": "returns", "ok": None, "value": None, "detail": "not judged: too short"}
ORACLE = {"name": "parallel", "ok": True, "value": None, "limit": None, "unit": "", "at_s": None}


@pytest.fixture
def drawn(tmp_path: Path) -> Any:
    def draw(recording: Recording = RECORDING, about: About = ABOUT, *verdicts: Any) -> str:
        path = tmp_path / "out.html"
        write(path, recording, about, verdicts or (GOOD, LATE, OPEN), (ORACLE,))
        return path.read_text().replace(script(), "")

    return draw


def embedded(text: str, name: str) -> Any:
    found = re.search(rf'id="{name}-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_every_verdict_and_every_alarm_is_in_the_page(drawn: Any) -> None:
    text = drawn()
    for name in ("load is fed", "starts", "returns", "parallel"):
        assert f"<td>{name}</td>" in text
    assert "<td>at 41.500 s</td><td>by 40.000 s</td>" in text
    assert "<td>0 ms</td><td>≤ 20 ms</td>" in text
    assert text.index("<td>starts</td>") < text.index("<td>returns</td>")  # failures first
    for said in ("both feeds lost", "both feeds lost: cleared", "parted"):
        assert f"<td>{said}</td>" in text
    assert "PASS: 2 of 4 verdicts hold, 1 do not, 1 are not judged" in text  # ok is not ours


def test_the_chains_are_in_the_page_stage_by_stage(drawn: Any) -> None:
    text = drawn()
    for said in ("PUE 1.180", "takes 5.0 % less", "95.0 %", "52 kW", "declared", "altogether"):
        assert said in text


def test_a_run_that_failed_says_so_first(drawn: Any) -> None:
    text = drawn(RECORDING, replace(ABOUT, ok=False), LATE)
    assert '<p id="banner" class="fail">FAIL: 1 of 2' in text


def test_names_from_files_stay_text(drawn: Any) -> None:
    entry = Entry(1.0, "plant", HOSTILE, HOSTILE)
    recording = replace(
        RECORDING,
        lines=(Line("power", HOSTILE, HOSTILE, (0.0,), (1.0,)),),
        bands=(Band("switch", HOSTILE, (Span(0.0, 10.0, HOSTILE),)),),
        cuts=(Band("cut", HOSTILE, (Span(1.0, 2.0, "cut"),)),),
        disturbances=(Disturbance(1.0, None, HOSTILE, HOSTILE, HOSTILE),),
        entries=(entry, replace(entry, kind=HOSTILE)),
        dropped={HOSTILE: 1},
    )
    about = replace(ABOUT, site=HOSTILE, site_name=HOSTILE, scenario=HOSTILE, description=HOSTILE)
    verdict = {**GOOD, "name": HOSTILE, "value": HOSTILE, "limit": HOSTILE, "detail": HOSTILE}
    text = drawn(recording, about, verdict)
    assert "<img" not in text
    assert "onerror=alert(1)&gt;" in text
    # plotly reads some HTML in texts: what reaches it is escaped once more.
    for name in ("states", "quantities"):
        assert "<img" not in json.dumps(embedded(text, name))


def test_nothing_is_asked_of_a_network(drawn: Any) -> None:
    text = drawn()
    assert not re.findall(r"(?:https?:)?//[a-z]", text.replace("// ", ""))
    assert not re.findall(r"<(?:link|img|iframe|script)[^>]*\s(?:src|href)=", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'")


def test_a_line_is_drawn_up_to_the_gap_where_a_bus_is_dead(drawn: Any) -> None:
    traces = embedded(drawn(), "quantities")["data"]
    line = next(one for one in traces if one.get("yaxis") == "y2")
    assert line["x"] == [0.0, 5.0, 5.0, 6.0, 10.0]
    assert line["y"] == [60.0, 60.0, None, 59.9, 59.9]


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, RECORDING, ABOUT, (GOOD,))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_long_run_stays_within_some_ten_megabytes(tmp_path: Path) -> None:
    times_s = tuple(round(n * 4.8, 3) for n in range(18_000))
    line = Line(
        "power", "DG-1", "generator", times_s, tuple(-1.2345 - n % 7 for n in range(18_000))
    )
    entries = tuple(Entry(n * 1.0, "daemon", "DG-1", "x" * 80) for n in range(4000))
    write(tmp_path / "out", replace(RECORDING, lines=(line,) * 18, entries=entries), ABOUT, ())
    assert (tmp_path / "out").stat().st_size < 14e6


def test_what_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "new.html")
    assert list(tmp_path.iterdir()) == []
    for path in (tmp_path, tmp_path / "no" / "out.html"):
        with pytest.raises(PictureError, match="cannot be written"):
            refuse_unwritable(path)


def test_a_report_needs_what_draws_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "plotly.offline", None)
    with pytest.raises(PictureError, match=r"install ridethrough\[picture\]"):
        refuse_unwritable(tmp_path / "new.html")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(PictureError, match="No space left"):
        file.replace(path, "new")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("out.html", "old")]


@pytest.mark.parametrize(("count", "said"), [(3, "<b>2</b> U-A: sag"), (30, "<b>2</b>")])
def test_disturbances_are_lines_with_numbers_that_never_lie_on_one_another(
    drawn: Any, count: int, said: str
) -> None:
    crowd = tuple(Disturbance(5.0 + n * 0.01, None, "U-A", "sag", "") for n in range(count))
    layout = embedded(drawn(replace(RECORDING, disturbances=crowd)), "states")["layout"]
    assert sum(shape["type"] == "line" for shape in layout["shapes"]) == count
    labels = [one for one in layout["annotations"] if one["xref"] == "x"]
    assert labels[1]["text"] == said
    places = [(one["yshift"], one["x"]) for one in labels]
    for shift in {place[0] for place in places}:
        at_s = sorted(x for place, x in places if place == shift)
        assert all(later - one >= 0.1 for one, later in itertools.pairwise(at_s))


def test_loads_that_were_cut_get_a_row_each_and_the_rest_one(drawn: Any) -> None:
    cuts = tuple(Band("cut", f"RACK-{n}", (Span(1.0, 2.0, "cut"),)) for n in range(40))
    figure = embedded(drawn(replace(RECORDING, cuts=cuts, loads_count=48)), "states")
    rows = figure["layout"]["yaxis3"]["ticktext"]
    assert (rows[0], rows[-1], len(rows)) == ("RACK-0", "29 more", 12)
    bars = [one for one in figure["data"] if one.get("yaxis") == "y3" and one["type"] == "bar"]
    assert sum(len(one["x"]) for one in bars) == 40
    titles = [one["text"] for one in figure["layout"]["annotations"]]
    assert "<b>Critical loads outside the ITIC curve: 40 of 48</b>" in titles
