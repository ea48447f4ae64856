"""What a failing seed comes to: the fewest faults with which the same oracles still object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.run import run
from daemon.rehearsal.simulation.shrink import shrink
from daemon.rehearsal.simulation.swarm import drawn_acts, with_acts, with_charges, with_tail_s
from device_emulators.scenario import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.rehearsal.simulation.observer import Observer
    from daemon.rehearsal.simulation.run import Case
    from daemon.rehearsal.simulation.swarm import Act

RUN: Final = "the run itself"
"""What objects when a run comes to no end."""
BEGIN: Final = "# Seed "
"""How a file begins that is written here."""


def objections(case: Case, observers: Sequence[Observer] = ()) -> dict[str, str]:
    """Run a case and return which oracles object, and to what; or why it came to no end.

    Args:
        case: what is run.
        observers: that see it beside the oracles.
    """
    try:
        verdicts = run(case, [*oracles(), *observers]).oracles
    except RuntimeError as error:
        return {RUN: str(error)}
    return {verdict.name: verdict.detail for verdict in verdicts if verdict.ok is False}


def smallest(case: Case, command: str) -> str:
    """Return the file of the smallest scenario with which the faults of a seed still fail.

    Args:
        case: what is run without drawn faults, with the seed; faults are drawn in its `for_s`.
        command: what reproduces the whole of it, for the comment.

    Raises:
        ValueError: nothing fails with this seed.
    """
    base = with_charges(case.site_file.site, case.scenario, case.seed)
    drawn_s = base.for_s if case.for_s is None else case.for_s
    for_s = with_tail_s(drawn_s)

    def with_faults(acts: Sequence[Act]) -> Case:
        return replace(case, scenario=with_acts(base, acts, for_s), for_s=for_s)

    acts = drawn_acts(case.site_file.site, case.seed, drawn_s)
    wrong = objections(with_faults(acts))
    if not wrong:
        raise ValueError(f"nothing fails with seed {case.seed}")
    few = shrink(acts, lambda some: not wrong.keys().isdisjoint(objections(with_faults(some))))
    why = [
        f"{BEGIN[2:]}{case.seed} of {base.scenario}, {len(few)} of {len(acts)} faults. Found by:"
    ]
    why += [f"  {name}: {detail}"[:98] for name, detail in wrong.items()]
    why += [f"The whole seed: {command}", f"Needs --seed {case.seed} --depth {case.depth}."]
    title = {
        "scenario": f"{base.scenario}_seed_{case.seed}",
        "description": f"Smallest part of drawn faults that fails: {', '.join(wrong)}.",
    }
    return written(with_acts(base, few, for_s).model_copy(update=title), "\n".join(why))
