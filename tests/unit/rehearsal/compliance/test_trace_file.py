"""Traces that are taken as they are meant, and traces that are refused by line."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.rehearsal.compliance.trace_faults import TraceError
from daemon.rehearsal.compliance.trace_file import Wish, read_trace
from tests.shared_data import shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.rehearsal.compliance.trace_file import TraceFile

ROWS = [f"{i},{5_000_000 + i}" for i in range(50)]


def taken(tmp_path: Path, text: str, wish: Wish | None = None) -> TraceFile:
    file = tmp_path / "trace.csv"
    file.write_text(text)
    return read_trace(file, wish or Wish())


def refused(tmp_path: Path, text: str, wish: Wish | None = None) -> list[str]:
    with pytest.raises(TraceError) as error:
        taken(tmp_path, text, wish)
    return [line.removeprefix(f"{tmp_path}/trace.csv") for line in str(error.value).split("\n")]


def rows(*changed: tuple[int, str | None], head: str = "t_s,load_w") -> str:
    """Return a good trace with some rows changed, or left out; row i stands on line i + 2."""
    lines = list(ROWS)
    for row, text in changed:
        lines[row] = "" if text is None else text
    return "\n".join([head, *(line for line in lines if line)]) + "\n"


def test_a_good_trace_is_taken(tmp_path: Path) -> None:
    trace = taken(tmp_path, rows())
    assert len(trace.samples) == 50
    assert trace.samples.t_ns[3] == 3_000_000_000
    assert trace.samples.values["power_w"][3] == 5_000_003.0
    assert (trace.parts, trace.step_ns, trace.notes) == ((0, 50), 1_000_000_000, ())


def test_a_gzipped_trace_with_other_line_ends_and_empty_lines_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv.gz"
    text = "\ufeff" + rows().replace("\n", "\r\n").replace("9,", "\r\n9,", 1)
    file.write_bytes(gzip.compress(text.encode()))
    trace = read_trace(file, Wish())
    assert trace.samples.values["power_w"].tolist() == [5_000_000.0 + i for i in range(50)]


def test_columns_in_w_are_added_up_or_chosen(tmp_path: Path) -> None:
    text = "t_s,temp_c,a_w,b_w,voltage_pu\n" + "".join(f"{i},21,3e6,4e6,1\n" for i in range(9))
    both = taken(tmp_path, text)
    assert both.samples.values["power_w"][0] == 7e6
    assert "power is the sum of 2 columns in W" in both.notes
    assert "columns that are not read: temp_c" in both.notes
    one = taken(tmp_path, text, Wish(columns=("b_w",)))
    assert one.samples.values["power_w"][0] == 4e6
    said = refused(tmp_path, text, Wish(columns=("c_w",)))
    assert said == [":1: there is no column c_w in W (valid: b_w, a_w)"]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("time,load_w", "there is no column t_s (valid: t_s, any *_w, voltage_pu, frequency_hz)"),
        ("t_s,load_mw", "column load_mw is in no unit that is read here"),
        ("t_s,load_kw", "column load_kw is in no unit that is read here"),
        ("t_s,voltage_v", "column voltage_v is in no unit that is read here"),
        ("t_s,frequency", "column frequency is in no unit that is read here"),
        ("t_s,load", "column load is in no unit that is read here"),
        ("t_s,celsius", "nothing to judge in t_s, celsius"),
        ("t_s,t_s", "column t_s stands twice"),
        ("t_s;load_w", "columns have to be parted by commas"),
    ],
)
def test_a_header_in_other_units_is_refused(tmp_path: Path, head: str, words: str) -> None:
    said = refused(tmp_path, rows(head=head))
    assert any(line.startswith(":1: ") and words in line for line in said), said


@pytest.mark.parametrize(
    ("row", "text", "words"),
    [
        (7, "3,5e6", ":9: time goes from 6 s to 3 s: it must rise"),
        (7, "6,5e6", ":9: time goes from 6 s to 6 s: it must rise"),
        (7, ",5e6", ":9: t_s is no number"),
        (7, "1.7e12,5e6", ":9: t_s: 1.7e+12 is no time in s: is it in ms, us or ns?"),
        (7, "7,-1", ":9: load_w: -1 is negative (--export if it flows back)"),
        (7, "7,9e12", ":9: load_w: 9e+12 is absurd: beyond 2e+10 W"),
        (7, "7,five", ":9: load_w: five is no number"),
        (7, "7,inf", ":9: load_w: inf is no number"),
        (7, "7", ":9: 1 values where the header has 2"),
        (7, "7,5,6", ":9: 3 values where the header has 2"),
        (7, "7,nan", ":9: a value is missing"),
        (7, "7,", ":9: a value is missing"),
        (7, None, ":9: a gap of 2 s where rows are 1 s apart"),
    ],
)
def test_what_is_wrong_in_a_row_is_named_by_line(
    tmp_path: Path, row: int, text: str | None, words: str
) -> None:
    said = refused(tmp_path, rows((row, text)))
    assert said[0] == words


def test_all_is_told_at_once_and_too_much_is_counted(tmp_path: Path) -> None:
    said = refused(tmp_path, rows((3, "3,-1"), (8, "8,-2"), (9, "9,1e15")))
    assert [line.split(":")[1] for line in said] == ["5", "10", "11"]
    said = refused(tmp_path, rows((3, "3,nan"), (8, "7,-2"), (9, "9,1e15")))
    assert [line.split(":")[1] for line in said[:-1]] == ["5", "10", "10", "11"]
    text = "t_s,load_w\n" + "".join(f"{i},{-1 if i % 3 else 5e6}\n" for i in range(300))
    said = refused(tmp_path, text)
    assert said == [":3: load_w: -1 is negative (--export if it flows back), and so 199 more rows"]
    text = "t_s,load_w\n" + "".join(f"{i},{5e6 if i % 3 else -1}\n" for i in range(300))
    said = refused(tmp_path, text)
    assert len(said) == 21
    assert said[-1] == "... and 80 more"


@pytest.mark.parametrize(
    ("head", "value", "words"),
    [
        ("voltage_pu", "231", "231 is no per unit: volts or per cent?, and so 29 more rows"),
        ("voltage_pu", "-0.1", "-0.1 is negative, and so 29 more rows"),
        ("frequency_hz", "60000", "60000 is no frequency of a network, and so 29 more rows"),
        ("frequency_hz", "1.0", "1 in the middle is far from 60 Hz: per unit, or another network"),
        ("frequency_hz", "50", "50 in the middle is far from 60 Hz"),
        ("load_w", "95.3", "the highest power is 95.3 W: is it in kW or MW?"),
        ("load_w", "0", "nothing is drawn: the highest is 0 W"),
    ],
)
def test_values_in_other_units_are_refused(
    tmp_path: Path, head: str, value: str, words: str
) -> None:
    text = f"t_s,{head}\n" + "".join(f"{i},{value}\n" for i in range(30))
    (said,) = refused(tmp_path, text)
    assert said.startswith(":2:")
    assert words in said


def test_who_knows_better_may_say_so(tmp_path: Path) -> None:
    fifty = "t_s,frequency_hz\n" + "".join(f"{i},50\n" for i in range(30))
    assert len(taken(tmp_path, fifty, Wish(nominal_hz=50.0)).samples) == 30
    assert taken(tmp_path, rows((7, "7,-1")), Wish(export=True)).samples.values["power_w"][7] == -1
    small = "t_s,load_w\n" + "".join(f"{i},{90 + i}\n" for i in range(11))
    scaled = taken(tmp_path, small, Wish(scale_to_w=100e6))
    assert scaled.samples.values["power_w"].max() == pytest.approx(100e6)
    assert "power scaled by 1e+06 to a highest of 1e+08 W" in scaled.notes


def test_ten_times_the_rated_power_is_absurd(tmp_path: Path) -> None:
    said = refused(tmp_path, rows((7, "7,2e8")), Wish(rated_w=1e7))
    assert said == [":9: load_w: 2e+08 is absurd: beyond 1e+08 W"]


MEGAWATTS = [f"{i},{80_000_000 + 1_000_000 * (i % 11)}" for i in range(2000)]


@pytest.mark.parametrize(
    "at",
    [(700,), (0,), (1999,), (700, 701, 702), (0, 1, 2), (5, 900, 1400), tuple(range(600, 615))],
)
def test_a_lone_row_far_above_all_others_is_refused_or_stated(
    tmp_path: Path, at: tuple[int, ...]
) -> None:
    lines = [f"{i},15e9" if i in at else line for i, line in enumerate(MEGAWATTS)]
    text = "\n".join(["t_s,load_w", *lines])
    assert refused(tmp_path, text) == [
        f":{i + 2}: load_w: 1.5e+10 W stands alone, far above the 9e+07 W that the load keeps to "
        "(--rated if it is so large)"
        for i in at
    ]
    assert taken(tmp_path, text, Wish(rated_w=15e9)).samples.values["power_w"].max() == 15e9
    assert refused(tmp_path, text, Wish(rated_w=90e6))
    assert "stands alone" in refused(tmp_path, text, Wish(scale_to_w=90e6))[0]


def test_a_lone_row_of_one_column_of_many_is_refused(tmp_path: Path) -> None:
    lines = [f"{i},{6e6 if i == 9 else 6e3},7e3" for i in range(300)]
    said = refused(tmp_path, "\n".join(["t_s,a_w,b_w", *lines]))
    assert len(said) == 1
    assert said[0].startswith(":11: a_w: 6e+06 W stands alone, far above the 13000 W that")


@pytest.mark.parametrize(
    "load_w",
    [
        pytest.param(lambda i: 90e6 if i == 500 else 9e6, id="all processors at once, for a row"),
        pytest.param(lambda i: 90e6 if i % 7 == 0 else 1e6, id="bursts that come again"),
        pytest.param(lambda i: 0.0 if 300 < i < 1990 else 90e6, id="an outage"),
        pytest.param(lambda i: 90e6 if 300 < i < 305 else 0.0, id="a feeder for four rows"),
        pytest.param(lambda i: 3e5 if i < 1990 else 50e6, id="the first job of a site"),
        pytest.param(lambda i: 9e7 * (i % 2), id="full swings"),
    ],
)
def test_loads_that_leap_are_loads(tmp_path: Path, load_w: Callable[[int], float]) -> None:
    lines = [f"{i},{load_w(i):g}" for i in range(2000)]
    assert len(taken(tmp_path, "\n".join(["t_s,load_w", *lines])).samples) == 2000


def test_a_feeder_that_takes_over_for_a_row_is_a_load(tmp_path: Path) -> None:
    lines = [f"{i},{1e3 if i == 9 else 9e6},{9e6 if i == 9 else 1e3}" for i in range(300)]
    assert len(taken(tmp_path, "\n".join(["t_s,a_w,b_w", *lines])).samples) == 300


@pytest.mark.parametrize("name", ["gpt3", "lora"])
def test_measured_training_is_taken(name: str) -> None:
    trace = read_trace(shared(f"mlperf_{name}_64x8h100_node_power_2s.csv.gz"), Wish())
    assert len(trace.parts) == 2


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(rated_w=5e9), "0.001 times the 5e+09 W of --rated"),
        (Wish(contract_w=4e5), "12.5 times the 400000 W of the contract"),
        (Wish(contract_w=1e9), "0.005 times the 1e+09 W of the contract"),
    ],
)
def test_a_trace_of_another_size_than_was_said_is_refused(
    tmp_path: Path, wish: Wish, words: str
) -> None:
    (said,) = refused(tmp_path, rows(), wish)
    assert said.startswith(":51: the highest power is 5.00005e+06 W, ")
    assert words in said


@pytest.mark.parametrize(("jitter_pu", "out"), [(0.0, 1), (0.03, 2), (0.03, 8), (0.2, 8)])
def test_a_hole_shows_through_the_jitter_of_a_clock(
    tmp_path: Path, jitter_pu: float, out: int
) -> None:
    steps = 1.0 + np.random.default_rng(4).uniform(-jitter_pu, jitter_pu, 300)
    steps[99] += out
    lines = [f"{t:.3f},5e6" for t in np.cumsum(steps)]
    said = refused(tmp_path, "\n".join(["t_s,load_w", *lines]))
    assert len(said) == 2
    assert said[0].startswith(":101: a gap of ")
    steps[99] = 1.0
    lines = [f"{t:.3f},5e6" for t in np.cumsum(steps)]
    assert taken(tmp_path, "\n".join(["t_s,load_w", *lines])).parts == (0, 300)


def test_a_hole_is_refused_with_what_could_be_done(tmp_path: Path) -> None:
    said = refused(tmp_path, rows((7, None), (20, "20,nan"), (21, "21,")))
    assert said == [
        ":9: a gap of 2 s where rows are 1 s apart",
        ":21: a value is missing to line 22",
        ": not judged; --gaps split takes holes for the ends of parts that are judged alone",
    ]


def test_holes_part_a_trace_where_that_was_asked_for(tmp_path: Path) -> None:
    text = rows((7, None), (20, "20,nan"), (21, "21,"))
    trace = taken(tmp_path, text, Wish(split=True))
    assert trace.parts == (0, 7, 19, 47)
    assert trace.samples.t_ns[19] == 22_000_000_000
    assert trace.notes[0].startswith("3 parts judged for themselves")
    assert np.isfinite(trace.samples.values["power_w"]).all()


def test_uneven_samples_are_no_holes(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.2, 2.0, 100))
    trace = taken(tmp_path, "t_s,load_w\n" + "".join(f"{t:.3f},5e6\n" for t in times))
    assert trace.parts == (0, 100)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file"):
        read_trace(tmp_path / "none.csv", Wish())
    for raw in (b"\x1f\x8bxx", b"t_s,load_w\n0,\xff\n"):
        (tmp_path / "trace.csv").write_bytes(raw)
        with pytest.raises(TraceError):
            read_trace(tmp_path / "trace.csv", Wish())
    for text in ("t_s,load_w", "t_s,load_w\n", "t_s,load_w\n0,5e6\n"):
        assert "two rows" in "".join(refused(tmp_path, text))
    assert "the file is empty" in "".join(refused(tmp_path, "\n"))
