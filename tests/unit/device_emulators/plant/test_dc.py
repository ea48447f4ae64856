"""DC nodes: droop, limits, sharing."""

from __future__ import annotations

import pytest

from device_emulators.plant.dc import DcLoad, DcSource, solve


def converter(bus: int, ceiling_w: float = 8e6) -> DcSource:
    return DcSource(bus, 8e6, 1.0, 0.02, ceiling_w=ceiling_w)


def store(bus: int) -> DcSource:
    return DcSource(bus, 1.5e6, 0.94, 0.02, floor_w=-1.5e6, ceiling_w=1.5e6)


def test_one_source_stands_on_its_droop() -> None:
    v, source, load = [1.0], converter(0), DcLoad(0, 0, 4e6)
    solve(v, [[source]], [load])
    assert v[0] == pytest.approx(1.0 - 0.02 * 0.5, abs=1e-9)
    assert source.given_w == pytest.approx(4e6, abs=1e-2)
    assert load.from_a_pu == 1.0


def test_equal_feeds_share_evenly_and_a_waiting_store_gives_nothing() -> None:
    v, a, b, waiting = [1.0, 1.0], converter(0), converter(1), store(0)
    load = DcLoad(0, 1, 6e6)
    solve(v, [[a, waiting], [b]], [load])
    assert v[0] == pytest.approx(v[1], abs=1e-8)
    assert load.from_a_pu == pytest.approx(0.5, abs=1e-6)
    assert waiting.given_w == 0.0


def test_without_converter_a_the_load_moves_to_b() -> None:
    v, a, b, waiting = [1.0, 1.0], converter(0, 0.0), converter(1), store(0)
    load = DcLoad(0, 1, 6e6)
    solve(v, [[a, waiting], [b]], [load])
    assert load.from_b_pu > 0.99
    assert v[0] <= 0.94
    assert waiting.given_w + b.given_w == pytest.approx(6e6, abs=1e-2)


def test_limited_sources_leave_the_deficit_to_the_load() -> None:
    v, waiting, load = [1.0, 0.0], store(0), DcLoad(0, 1, 6e6)
    solve(v, [[waiting], [converter(1, 0.0)]], [load])
    assert waiting.given_w == pytest.approx(1.5e6, abs=1e-2)
    assert 0.85 < v[0] < 0.90
    assert v[1] == 0.0
    assert (load.from_a_pu + load.from_b_pu) * 6e6 == pytest.approx(1.5e6, abs=1e-2)


def test_a_dead_node_feeds_nobody() -> None:
    v, load = [1.0], DcLoad(0, 0, 1e5)
    solve(v, [[converter(0, 0.0)]], [load])
    assert v == [0.0]
    assert load.from_a_pu == 0.0


def test_a_charging_store_takes_from_the_converter() -> None:
    v, a, charging = [1.0], converter(0), store(0)
    charging.offset_w = -1e6
    solve(v, [[a, charging]], [DcLoad(0, 0, 2e6)])
    assert charging.given_w == pytest.approx(-1e6)
    assert a.given_w == pytest.approx(3e6, abs=1e-2)


def test_the_answer_does_not_depend_on_the_first_guess() -> None:
    answers = []
    for guess in (0.0, 0.6, 0.9, 1.0):
        v = [guess, 1.0]
        solve(
            v,
            [[converter(0, 2e6), store(0)], [converter(1, 1e6)]],
            [DcLoad(0, 1, 5e6), DcLoad(0, 0, 3e5)],
        )
        answers.append(v)
    for answer in answers[1:]:
        assert answer == pytest.approx(answers[0], abs=1e-7)
