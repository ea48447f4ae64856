"""What computing draws: power of a rack from the model it runs, its precision, batch and talking.

An accelerator that holds a job draws a little for being awake, and energy for every operation,
every byte of its memory and every byte on its links. A language model with `active` of its `total`
parameters used per token needs 6 operations per active parameter and token to train and 2 to
answer; precision sets how many of them a second allows, what each costs, and how many bytes a
parameter has. So the same tokens per second by a sparser or a coarser model cost less, and by how
much follows instead of being put in: `compare`.

The figures of `H100_RACK` are engineering defaults: peak operations and bandwidths are those that
are published for such accelerators, the energies per operation and byte are fitted so that dense
training at 8 bits reproduces the phases of the measured 64-node trace (7.2 kW a node while it
computes, 5.8 kW while it communicates, 3.7 kW while it waits; see `training`). Simplified: no
temperature or voltage dependence; a job that would exceed the limit of the accelerator is slowed
in proportion; all experts of a sparse model are equally likely.

Source: operations per parameter from Kaplan et al. 2020, "Scaling Laws for Neural Language Models",
section 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

PRECISIONS: Final = ("fp16", "fp8", "fp4")
"""Formats of numbers that a model may use."""
BYTES: Final = {"fp16": 2.0, "fp8": 1.0, "fp4": 0.5}
"""Size of a parameter by format [bytes]."""

LINKED_PU: Final = 0.25
"""Part of the bandwidth of the links in use while computing [pu]."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What one accelerator can do and draws.

    Attributes:
        idle_w: power without a job [W].
        awake_w: more power while a job holds it, whatever that does [W].
        limit_w: power limit [W].
        peak_flop_s: operations per second by format [1/s].
        flop_j: energy of an operation by format [J].
        memory_b_s: bandwidth of its memory [bytes/s].
        memory_j_b: energy of a byte of memory [J].
        link_b_s: bandwidth of its links [bytes/s].
        link_j_b: energy of a byte on a link [J].
    """

    idle_w: float = 70.0
    awake_w: float = 190.0
    limit_w: float = 700.0
    peak_flop_s: dict[str, float] = field(
        default_factory=lambda: {"fp16": 989e12, "fp8": 1979e12, "fp4": 3958e12}
    )
    flop_j: dict[str, float] = field(
        default_factory=lambda: {"fp16": 0.90e-12, "fp8": 0.45e-12, "fp4": 0.23e-12}
    )
    memory_b_s: float = 3.35e12
    memory_j_b: float = 50e-12
    link_b_s: float = 0.95e12
    link_j_b: float = 172e-12


@dataclass(frozen=True, slots=True)
class Rack:
    """Accelerators and what stands around them.

    Attributes:
        accelerators_count: how many there are.
        accelerator: each of them.
        around_idle_w: processors, network, pumps and conversion per accelerator without a job [W].
        around_w: the same with a job [W].
    """

    accelerators_count: int = 136
    accelerator: Accelerator = field(default_factory=Accelerator)
    around_idle_w: float = 75.0
    around_w: float = 205.0

    @property
    def idle_w(self) -> float:
        """Return the power of the rack without a job [W]."""
        return self.accelerators_count * (self.accelerator.idle_w + self.around_idle_w)

    @property
    def waiting_w(self) -> float:
        """Return the power while a job waits for something [W]."""
        one = self.accelerator
        return self.accelerators_count * (one.idle_w + one.awake_w + self.around_w)

    def power_w(self, format_: str, flop_s: float, memory_pu: float, link_pu: float) -> float:
        """Return the power of the rack at a rate of work, not limited [W].

        Args:
            format_: format of the numbers.
            flop_s: operations per second of each accelerator [1/s].
            memory_pu: part of the memory's bandwidth in use [pu].
            link_pu: part of the bandwidth of the links in use [pu].
        """
        one = self.accelerator
        work_w = flop_s * one.flop_j[format_]
        work_w += memory_pu * one.memory_b_s * one.memory_j_b
        work_w += link_pu * one.link_b_s * one.link_j_b
        return self.waiting_w + self.accelerators_count * work_w

    @property
    def limit_w(self) -> float:
        """Return the power at the limit of every accelerator [W]."""
        return self.accelerators_count * (self.accelerator.limit_w + self.around_w)


H100_RACK: Final = Rack()
"""17 nodes of 8 accelerators in 130 kW: the rack of the reference site."""


@dataclass(frozen=True, slots=True)
class Model:
    """A language model.

    Attributes:
        parameters_count: all parameters.
        active_count: parameters that one token uses; fewer than all in a mixture of experts.
        precision: format of the numbers.
        cache_b: what attention keeps and reads back per token of context [bytes].
    """

    parameters_count: float = 175e9
    active_count: float = 175e9
    precision: str = "fp8"
    cache_b: float = 100e3

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: an unknown precision, or more active parameters than there are.
        """
        if self.precision not in PRECISIONS:
            raise ValueError(f"no precision {self.precision!r} (valid: {', '.join(PRECISIONS)})")
        if not 0.0 < self.active_count <= self.parameters_count:
            raise ValueError("active parameters are more than none and at most all")

    def touched_count(self, batch_count: float) -> float:
        """Return how many parameters a batch of tokens uses between them, on average."""
        share = self.active_count / self.parameters_count
        return self.parameters_count * float(1.0 - (1.0 - share) ** max(batch_count, 1.0))


@dataclass(frozen=True, slots=True)
class Work:
    """What accelerators are asked to do with a model.

    Attributes:
        model: the model.
        utilisation_pu: operations while computing, by what the format allows at most [pu].
        communication_pu: part of the time that nothing but communication happens in [pu].
        memory_pu: part of the memory's bandwidth that training uses while it computes [pu].
        batch_count: tokens worked on together: by all of `accelerators_count` in training, by
            those of one copy of the model in answering.
        accelerators_count: accelerators of one training job, or of one copy of the model.
        context_count: tokens of context that an answer looks back on.
    """

    model: Model = field(default_factory=Model)
    utilisation_pu: float = 0.335
    communication_pu: float = 0.095
    memory_pu: float = 0.55
    batch_count: float = 1536.0 * 2048.0
    accelerators_count: int = 512
    context_count: float = 2000.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What work comes to on a rack.

    Attributes:
        tokens_s: tokens per second of the rack [1/s].
        power_w: power of the rack on average [W].
        compute_w: power while it computes [W].
        communicate_w: power while it communicates [W].
        step_s: time of one training step, or of one token of all answers of a batch [s].
    """

    tokens_s: float
    power_w: float
    compute_w: float
    communicate_w: float
    step_s: float

    @property
    def token_j(self) -> float:
        """Return the energy of one token [J]."""
        return self.power_w / self.tokens_s


def communicating_w(rack: Rack) -> float:
    """Return the power of a rack whose links are full and whose memory is half used [W]."""
    return min(rack.power_w("fp16", 0.0, 0.55, 1.0), rack.limit_w)


def training(work: Work, rack: Rack = H100_RACK) -> Figures:
    """Return what training comes to on `rack`, one of those that the job runs on."""
    format_, one = work.model.precision, rack.accelerator
    flop_s = work.utilisation_pu * one.peak_flop_s[format_]
    compute_w = rack.power_w(format_, flop_s, work.memory_pu, LINKED_PU)
    slowed = min(1.0, (rack.limit_w - rack.waiting_w) / (compute_w - rack.waiting_w))
    compute_w = min(compute_w, rack.limit_w)
    talking = work.communication_pu
    tokens_s = slowed * (1.0 - talking) * flop_s / (6.0 * work.model.active_count)
    quiet_w = communicating_w(rack)
    return Figures(
        tokens_s * rack.accelerators_count,
        (1.0 - talking) * compute_w + talking * quiet_w,
        compute_w,
        quiet_w,
        work.batch_count / (tokens_s * work.accelerators_count),
    )


def answering(work: Work, rack: Rack = H100_RACK) -> Figures:
    """Return what writing answers comes to on `rack`, its copies of the model all busy.

    A step makes one token for every answer of the batch: it reads the parameters that the batch
    touches and the context of each answer, computes, and exchanges the results.
    """
    model, one = work.model, rack.accelerator
    flop = 2.0 * model.active_count * work.batch_count / work.accelerators_count
    read_b = model.touched_count(work.batch_count) * BYTES[model.precision]
    read_b += work.batch_count * work.context_count * model.cache_b
    read_b /= work.accelerators_count
    flop_s = work.utilisation_pu * one.peak_flop_s[model.precision]
    busy_s = max(flop / flop_s, read_b / one.memory_b_s)
    computes_w = rack.power_w(
        model.precision, flop / busy_s, min(read_b / busy_s / one.memory_b_s, 1.0), LINKED_PU
    )
    busy_s /= min(1.0, (rack.limit_w - rack.waiting_w) / (computes_w - rack.waiting_w))
    compute_w, quiet_w = min(computes_w, rack.limit_w), communicating_w(rack)
    talking = work.communication_pu
    step_s = busy_s / (1.0 - talking)
    copies = rack.accelerators_count / work.accelerators_count
    return Figures(
        copies * work.batch_count / step_s,
        (1.0 - talking) * compute_w + talking * quiet_w,
        compute_w,
        quiet_w,
        step_s,
    )


def at_rate(figures: Figures, tokens_s: float, rack: Rack = H100_RACK) -> Figures:
    """Return the same work at a lower rate, the rack waiting in between.

    Raises:
        ValueError: the rack cannot do so much.
    """
    share = tokens_s / figures.tokens_s
    if not 0.0 < share <= 1.0 + 1e-9:
        raise ValueError(f"a rack does at most {figures.tokens_s:.0f} tokens/s of this work")
    power_w = share * figures.power_w + (1.0 - share) * rack.waiting_w
    return Figures(
        tokens_s, power_w, figures.compute_w, figures.communicate_w, figures.step_s / share
    )


def compare(of: Iterable[tuple[str, Figures]], rack: Rack = H100_RACK) -> str:
    """Return a table of work side by side, the same tokens per second of a rack by all of them.

    Each line has the power per rack and the energy per token at the rate that the slowest can
    reach, and what the rack could do at most and what a token costs then.
    """
    named = list(of)
    common = min(figures.tokens_s for _, figures in named)
    lines = [f"{'work':28} {'kW/rack':>8} {'J/token':>9} {'most tokens/s':>14} {'J/token':>9}"]
    for name, figures in named:
        same = at_rate(figures, common, rack)
        lines.append(
            f"{name:28} {same.power_w / 1e3:8.1f} {same.token_j:9.4f} "
            f"{figures.tokens_s:14.0f} {figures.token_j:9.4f}"
        )
    return "\n".join(lines)
