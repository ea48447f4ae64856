"""Power from what drives it: parameters, precision, utilisation, communication, batch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device_emulators.plant import computing
from device_emulators.plant.computing import H100_RACK, Model, Rack, Work

DENSE = Work()
SPARSE = replace(DENSE, model=Model(parameters_count=1.4e12, active_count=22e9))


def test_dense_training_is_the_measured_node() -> None:
    # 17 nodes: 7.2 kW computing, 5.8 communicating, 3.7 waiting, as the trace shows them
    found = computing.training(DENSE)
    assert found.compute_w / 17 == pytest.approx(7200.0, rel=0.02)
    assert found.communicate_w / 17 == pytest.approx(5800.0, rel=0.02)
    assert H100_RACK.waiting_w / 17 == pytest.approx(3700.0, rel=0.02)
    assert found.step_s == pytest.approx(10.76, rel=0.01)


def test_training_costs_six_operations_per_active_parameter_and_token() -> None:
    found = computing.training(DENSE)
    flop_s = found.tokens_s * 6.0 * 175e9 / H100_RACK.accelerators_count
    assert flop_s == pytest.approx(0.905 * 0.335 * 1979e12, rel=1e-9)


def test_the_same_tokens_cost_less_with_fewer_active_parameters() -> None:
    dense, sparse = computing.training(DENSE), computing.training(SPARSE)
    same = computing.at_rate(sparse, dense.tokens_s)
    assert same.tokens_s == dense.tokens_s
    assert same.power_w < 0.7 * dense.power_w
    # all that is above waiting scales with the operations
    above = (same.power_w - H100_RACK.waiting_w) / (dense.power_w - H100_RACK.waiting_w)
    assert above == pytest.approx(22.0 / 175.0, rel=1e-6)
    assert sparse.token_j == pytest.approx(dense.token_j * 22.0 / 175.0, rel=1e-6)


@pytest.mark.parametrize(("coarse", "fine"), [("fp8", "fp16"), ("fp4", "fp8")])
def test_coarser_numbers_cost_less_for_the_same_tokens(coarse: str, fine: str) -> None:
    for work in (computing.training, computing.answering):
        many = {"batch_count": 64.0, "accelerators_count": 8} if work is computing.answering else {}
        less, more = (
            work(replace(DENSE, model=Model(precision=precision), **many))  # type: ignore[arg-type]
            for precision in (coarse, fine)
        )
        assert less.token_j < more.token_j
        assert computing.at_rate(less, more.tokens_s).power_w < more.power_w


def test_a_larger_batch_shares_the_parameters_that_are_read() -> None:
    small, large = (
        computing.answering(Work(batch_count=batch, accelerators_count=8)) for batch in (4.0, 64.0)
    )
    assert large.token_j < 0.2 * small.token_j
    # without context the memory alone sets the time of a small batch: all parameters once
    bare = Work(batch_count=1.0, accelerators_count=8, context_count=0.0, communication_pu=0.0)
    assert computing.answering(bare).step_s == pytest.approx(175e9 / 8 / 3.35e12, rel=1e-9)


def test_a_sparse_model_reads_few_parameters_for_one_token_and_all_for_many() -> None:
    model = SPARSE.model
    assert model.touched_count(1.0) == pytest.approx(22e9)
    assert model.touched_count(2.0) == pytest.approx(22e9 + 22e9 * (1 - 22e9 / 1.4e12))
    assert model.touched_count(1e5) == pytest.approx(1.4e12)


def test_more_communication_is_less_power_and_fewer_tokens() -> None:
    much = computing.training(replace(DENSE, communication_pu=0.3))
    little = computing.training(replace(DENSE, communication_pu=0.1))
    assert much.power_w < little.power_w
    assert much.tokens_s == pytest.approx(little.tokens_s * 0.7 / 0.9)


def test_the_limit_of_the_accelerator_slows_the_work() -> None:
    hard = computing.training(replace(DENSE, utilisation_pu=0.6))
    assert hard.power_w < H100_RACK.limit_w
    assert hard.compute_w == pytest.approx(H100_RACK.limit_w)
    assert hard.tokens_s < 2.0 * computing.training(replace(DENSE, utilisation_pu=0.3)).tokens_s


def test_power_goes_by_the_accelerators_of_a_rack() -> None:
    half = Rack(accelerators_count=68)
    assert computing.training(DENSE, half).power_w == pytest.approx(
        computing.training(DENSE).power_w / 2
    )


def test_the_table_compares_at_the_rate_of_the_slowest() -> None:
    dense, sparse = computing.training(DENSE), computing.training(SPARSE)
    head, first, second = computing.compare([("dense", dense), ("sparse", sparse)]).splitlines()
    assert head.split()[:2] == ["work", "kW/rack"]
    assert float(first.split()[1]) == pytest.approx(dense.power_w / 1e3, abs=0.1)
    assert float(second.split()[1]) < 0.7 * float(first.split()[1])


@pytest.mark.parametrize(
    ("values", "said"),
    [({"precision": "fp2"}, "valid: fp16"), ({"active_count": 2e12}, "at most all")],
)
def test_a_model_that_cannot_be_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Model(**values)  # type: ignore[arg-type]


def test_no_rack_does_more_than_it_can() -> None:
    with pytest.raises(ValueError, match="at most"):
        computing.at_rate(computing.training(DENSE), 1e9)
