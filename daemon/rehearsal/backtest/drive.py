"""A controller over a load: the storage it is given, and what became of the demand.

What decides is what decides in the daemon: `shaving.shaver` sums up and aims, `shaving.giving` says
what storage is asked for, `shaving.stores` who gives it. `tests.unit.rehearsal.backtest` drives
`balance.peaks` over the same loads and finds the same set-points. What a site adds is not here: its
export guard is that of the device (the power of the period that runs bounds what is given, and
nothing else knows it), there is one control period for every look, set-points have no grain, no
other controller wants anything, and the contract knows no ramp and has nothing paid for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.balance.shaving import giving, shaver
from daemon.core.balance.shaving.learnt import BOTH
from daemon.core.balance.shaving.programme import Worth, optimum
from daemon.core.balance.shaving.stores import after_j, as_one, limits_w, shares_w
from daemon.model.quantities import ns
from daemon.rehearsal.backtest.policies import FORESIGHT, NONE, POLICIES, first_aim_w, params_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from daemon.core.balance.shaving.forecast import Foresee
    from daemon.core.balance.shaving.stores import Store
    from daemon.rehearsal.backtest.course import Course

    Floats = NDArray[np.float64]


USUAL: Final = giving.Params()
"""How soon storage gives: as shipped, with no ramp and no limit of what it takes again."""


class Run(NamedTuple):
    """What became of a load under one policy.

    Attributes:
        policy: its name.
        demands_w: of each window `(n_window,)` [W].
        energy_j: in all stores at the end of each window `(n_window,)` [J].
        spare_j: least that was above the floor of any store [J].
        lowest_w: lowest import, negative if power flowed back [W].
        given_j: what all stores gave at their terminals [J].
        pinball_w: mean loss of each forecast of the load, where plans were made [W].
        used: how many plans rest on each.
        asked_w: what all stores took in each control period `(n,)` [W].
    """

    policy: str
    demands_w: Floats
    energy_j: Floats
    spare_j: float
    lowest_w: float
    given_j: float
    pinball_w: Mapping[str, float] = {}
    used: Mapping[str, int] = {}
    asked_w: Floats = np.empty(0)

    @property
    def peak_w(self) -> float:
        """Return the demand that is billed [W]."""
        return float(self.demands_w.max())


def alone(course: Course) -> Run:
    """Return what becomes of a load without storage."""
    demands_w = course.windows_w
    lowest_w = float(course.load_w.min())
    return Run(NONE, demands_w, np.zeros_like(demands_w), 0.0, lowest_w, 0.0)


def foreseen(course: Course, stores: Sequence[Store]) -> Run:
    """Return the optimum of who knows the future.

    Raises:
        ValueError: there is none: the load flows back by more than the storage can take.
    """
    full_j = [store.top_j for store in stores]
    # So little that a watt of peak is always dearer: only what gains nothing is left undone.
    found = optimum(course.windows_w, course.window_s, stores, full_j, worth=Worth(1e-8))
    if found is None:
        raise ValueError("no optimum: more flows back than the storage can take")
    import_w = course.windows_w + found.power_w.sum(axis=0)
    spare_j = min(
        float(energy_j.min()) - store.floor_j
        for energy_j, store in zip(found.energy_j, stores, strict=True)
    )
    given_j = float(-np.minimum(found.power_w, 0.0).sum()) * course.window_s
    energy_j = found.energy_j.sum(axis=0)
    return Run(FORESIGHT, import_w, energy_j, spare_j, float(import_w.min()), given_j)


def driven(
    course: Course,
    stores: Sequence[Store],
    name: str,
    given: shaver.Params,
    *,
    blind: int = 1,
    ways: Mapping[str, Foresee] = BOTH,
    first_w: float | None = None,
    tick: Callable[[int], None] | None = None,
) -> Run:
    """Return what the controller makes of a load.

    Args:
        course: the load.
        stores: full at the begin.
        name: of the policy.
        given: parameters of the controller; lengths are those of the course.
        blind: control periods for which what is set holds, and after which it is looked again.
        ways: to foresee, by name.
        first_w: aim at the begin; None for the optimum of the days before [W].
        tick: called after each window with the number of windows so far.
    """
    if name == NONE:
        return alone(course)
    if name == FORESIGHT:
        return foreseen(course, stores)
    policy, params = POLICIES[name], params_for(course, given)
    one, for_s, step_ns = as_one(stores), course.period_s, ns(course.period_s)
    floor_j = sum(store.floor_j for store in stores)
    now_ns = course.begun_ns
    samples_w = tuple(course.before_w.tolist())
    # What the load may rise by is known from the days before, and nothing else of this plan.
    plan = shaver.planned(shaver.Request(now_ns, samples_w, one, 0.0, 0.0), params)
    if first_w is None:
        # Of a new billing period nothing is paid for: who plans may aim below all that was before.
        planned = policy.plans and plan.aim_w is not None
        first_w = 0.0 if planned else first_aim_w(course, stores)
    state = shaver.initial(now_ns, params, first_w=first_w)
    if samples_w:
        state = state._replace(samples_w=samples_w, plan=plan._replace(aim_w=None))
    each = round(course.window_s / for_s)
    energies_j = [store.top_j for store in stores]
    load_w = float(course.before_w[-1]) if len(course.before_w) else float(course.load_w[0])
    window_ns = ns(course.window_s)
    looked = giving.seen(giving.State(), load_w, 0, window_ns)
    asked_w, energy, imports = 0.0, [], []
    plans: list[shaver.Plan] = []
    spare_j, given_j = np.inf, 0.0
    for k, now_w in enumerate(course.load_w.tolist()):
        if policy.plans:
            free_j, left_s = sum(energies_j) - floor_j, (len(course.load_w) - k) * for_s
            state, request = shaver.asked(state, now_ns, one, free_j, params, left_s)
            if request:
                plans.append(shaver.planned(request, params, ways))
                state = state._replace(plan=plans[-1])
        if k % blind == 0:
            stored = giving.Stored(
                one, sum(energies_j) - floor_j, _most_w(stores, energies_j, for_s)
            )
            looked, wanted = giving.wanted(
                looked, state, now_ns, params, stored, blind * for_s, USUAL
            )
            asked_w = wanted.power_w
        # The device itself gives no more than is drawn: its own guard against export is that fast.
        asked_now_w = max(asked_w, min(0.0, -now_w - params.hold.export_w))
        shares = shares_w(stores, energies_j, asked_now_w, for_s)
        for i, (store, share_w) in enumerate(zip(stores, shares, strict=True)):
            energies_j[i] = after_j(store, energies_j[i], share_w, for_s)
            spare_j = min(spare_j, energies_j[i] - store.floor_j)
            given_j -= min(share_w, 0.0) * for_s
        now_ns += step_ns
        import_w = now_w + sum(shares)
        imports.append(import_w)
        state = shaver.measured(state, now_ns, now_w, import_w, params)
        if policy.fixed:
            state = state._replace(highest_w=0.0)
        looked = giving.seen(looked, now_w, step_ns, window_ns)
        if (k + 1) % each == 0:
            energy.append(sum(energies_j))
            if tick:
                tick((k + 1) // each)
    demands = np.array(imports).reshape(-1, each).mean(axis=1)
    return Run(
        name,
        demands,
        np.array(energy),
        float(spare_j),
        min(imports),
        given_j,
        _losses_w(plans),
        Counter(plan.forecast for plan in plans if plan.aim_w is not None),
        np.array(imports) - course.load_w,
    )


def _most_w(stores: Sequence[Store], energies_j: Sequence[float], for_s: float) -> float:
    """Return what all stores can give for a time, above zero [W]."""
    pairs = zip(stores, energies_j, strict=True)
    return -sum(limits_w(store, energy_j, for_s)[0] for store, energy_j in pairs)


def _losses_w(plans: Sequence[shaver.Plan]) -> dict[str, float]:
    """Return the mean loss of each forecast over all plans [W]."""
    scored = [plan.pinball_w for plan in plans if plan.pinball_w]
    names = dict.fromkeys(name for losses_w in scored for name in losses_w)
    return {n: float(np.mean([w[n] for w in scored if n in w])) for n in names}


def capture_pu(run: Run, none: Run, foresight: Run) -> float | None:
    """Return the part of the possible gain that was reached; None where nothing can be gained."""
    gain_w = none.peak_w - foresight.peak_w
    return (none.peak_w - run.peak_w) / gain_w if gain_w > 1.0 else None
