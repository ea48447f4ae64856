from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from device_emulators.plant.inference import Inference
from device_emulators.plant.workload import Trace
from device_emulators.trace import TraceError, read_load, read_requests, read_trace

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "t_s,a_w,b_w\n2,10,20\n4,11,0\n6,12.5,1e1\n"


@pytest.mark.parametrize("packed", [False, True])
def test_columns_are_read_packed_or_not(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(gzip.compress(GOOD.encode()) if packed else GOOD.encode())
    trace = read_trace(path)
    assert trace.t_s.tolist() == [0.0, 2.0, 4.0]
    assert trace.columns_w.tolist() == [[10.0, 20.0], [11.0, 0.0], [12.5, 10.0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [":1: the header"]),
        ("time,a\n1,2\n2,3\n", [":1: the header"]),
        ("t_s\n1\n2\n", [":1: the header"]),
        ("t_s,a_w\n1,2\n", [":1: two rows"]),
        ("t_s,a_w\n1,2\n2,\n3,x\n4,nan\n", [":3: a_w: nothing", ":4: a_w: x", ":5: a_w: nan"]),
        ("t_s,a_w\n1,2\n2,-3\n", [":3: a_w: -3 is negative"]),
        ("t_s,a_w\n1,2\n2,5e15\n", [":3: a_w: 5e15 is more than any site has"]),
        ("t_s,a_w,b_kw\n1,2,3\n2,3,3\n", [":1: column b_kw: power is read in W"]),
        ("t_s,a_w\n1,2\n2,3,4\n", [":3: 3 values where the header has 2"]),
        ("t_s,a_w\n1,2\n3,2\n2,2\n", [":4: time goes from 3 s to 2 s"]),
        ("t_s,a_w\n1,2\n1,2\n", [":3: time goes"]),
        ("t_s,a_w\n1,0\n2,0\n", [": nothing in it consumes"]),
        ("t_s,a_w\n1,2\n\n3,2\n5,2\n7,2\n40,2\n", [":7: a gap of 33 s"]),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, text: str, said: list[str]) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(said)
    for line, part in zip(lines, said, strict=True):
        assert line.startswith(f"{path}{part}")


def test_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file"):
        read_trace(tmp_path / "none.csv")
    (tmp_path / "half.gz").write_bytes(gzip.compress(GOOD.encode())[:20])
    with pytest.raises(TraceError, match=r"half\.gz"):
        read_trace(tmp_path / "half.gz")


ASKED = "t_s,context_tokens,generated_tokens,kind\n0.5,100,20,code\n0.5,50,3,conv\n4,8,0,conv\n"


def test_requests_are_read_and_what_a_file_holds_is_seen_by_its_header(tmp_path: Path) -> None:
    asked, power = tmp_path / "asked.csv", tmp_path / "power.csv"
    asked.write_text(ASKED)
    power.write_text(GOOD)
    requests = read_requests(asked)
    assert requests.t_s.tolist() == [0.0, 0.0, 3.5]
    assert requests.prompt.tolist() == [100.0, 50.0, 8.0]
    assert requests.answer.tolist() == [20.0, 3.0, 0.0]
    assert isinstance(read_load(asked), Inference)
    assert isinstance(read_load(power), Trace)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ASKED.replace("generated_tokens", "tokens"), ":1: the header should begin t_s,context"),
        (ASKED + "3,1,1,conv\n", ":5: time goes back to 3 s"),
        (ASKED + "5,x,1,conv\n", ":5: context_tokens: x is no number"),
        (ASKED + "5,1,1\n", ":5: 3 values where the header has 4"),
        ("t_s,context_tokens,generated_tokens\n1,2,0\n2,1,0\n", ": nothing in it asks"),
    ],
)
def test_what_is_wrong_with_requests_is_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "asked.csv"
    path.write_text(text)
    with pytest.raises(TraceError) as caught:
        read_requests(path)
    assert str(caught.value).startswith(f"{path}{said}")
