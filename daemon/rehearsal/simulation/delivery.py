"""What a scenario expects of the import, judged by the rules of grids on the plant's truth.

The power that the utilities truly give is noted whenever the plant has settled; the verdicts are
those of `daemon.core.compliance`, which judge a trace just so. Of all limits of an expectation the
one that was passed, or came nearest, is shown. Limits that a trace of power does not show stay open
and decide nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.core.compliance import Given, RuleSet, Samples, begin, contract_rules, take, verdicts
from daemon.model.quantities import ns
from daemon.rehearsal.simulation.observer import Observer
from daemon.settings.rules import load_rules
from device_emulators.judge import not_judged
from device_emulators.scenario_checks import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.model.compliance import Verdict
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.scenario import Comply, Expectation

STEP_S: Final = 0.1
"""Longest step of the plant [s]."""


class Import(Observer):
    """Notes what the site draws from its utilities.

    Attributes:
        t_ns: scenario times, rising [ns].
        power_w: import from each until the next [W].
    """

    def begin(self, scene: Scene) -> None:
        """Begin with nothing noted."""
        self.scene = scene
        self.t_ns: list[int] = []
        self.power_w: list[float] = []
        utilities = scene.plant.site.of_nature("utility")
        self._tell = scene.plant.teller([(e.id, "power_w") for e in utilities])
        self.look(scene.origin_ns)

    def look(self, now_ns: int) -> None:
        """Note the import; what settles in the same instant replaces what was there."""
        t_ns, power_w = now_ns - self.scene.origin_ns, -float(self._tell().sum())
        if self.t_ns and self.t_ns[-1] == t_ns:
            self.power_w[-1] = power_w
        elif not self.power_w or self.power_w[-1] != power_w:
            self.t_ns.append(t_ns)
            self.power_w.append(power_w)

    def verdicts_on(
        self, rules: Iterable[RuleSet], from_ns: int, to_ns: int, until_ns: int | None = None
    ) -> tuple[Verdict, ...]:
        """Return the verdicts on what was drawn in a window of scenario times [ns].

        What was drawn at its end goes on until `until_ns`, where that is given [ns].
        """
        contract, site = self.scene.plant.site.contract, self.scene.plant.site
        given = Given(
            ns(STEP_S), contract.import_limit_w, site.frequency_hz, frozenset({"power_w"})
        )
        t_ns = np.array(self.t_ns, dtype=np.int64)
        first = max(0, int(np.searchsorted(t_ns, from_ns, side="right")) - 1)
        end = int(np.searchsorted(t_ns, to_ns, side="right"))
        t_ns = np.maximum(t_ns[first:end], from_ns)
        power_w = np.array(self.power_w[first:end])
        if until_ns is not None and until_ns > to_ns:
            t_ns, power_w = np.append(t_ns, until_ns), np.append(power_w, power_w[-1])
        court = take(begin(list(rules), given), Samples(t_ns, {"power_w": power_w}))
        return verdicts(court, max(to_ns, until_ns or 0))


class Delivery(Import):
    """Judges the expectations of a scenario on its import."""

    def __init__(self, expected: Iterable[Expectation]) -> None:
        """Judge those of `expected` that are about rules; without any, note nothing."""
        self._wanted = [(one.name, one.comply) for one in expected if one.comply is not None]

    def begin(self, scene: Scene) -> None:
        """Begin if anything is to be judged."""
        if self._wanted:
            super().begin(scene)

    def look(self, now_ns: int) -> None:
        """Note the import if anything is to be judged."""
        if self._wanted:
            super().look(now_ns)

    def judged(self, played_s: float) -> Iterator[dict[str, Any]]:
        """Yield the verdict on each expectation as plain values."""
        for name, comply in self._wanted:
            yield {"name": name, "relation": "<=", **self._judge(comply, played_s)}

    def _judge(self, comply: Comply, played_s: float) -> dict[str, Any]:
        nothing = {"ok": None, "value": None, "limit": None, "unit": "", "at_s": None}
        if open_ := not_judged(played_s, begins_s=comply.from_s):
            return {**nothing, "detail": open_}
        to_s = played_s if comply.to_s is None else min(comply.to_s, played_s)
        contract = contract_rules(self.scene.plant.site.contract)
        rules = [contract if name == CONTRACT else load_rules(name) for name in comply.rules]
        window_ns, until_ns = ns(self.scene.plant.site.contract.demand_window_s), None
        if comply.goes_on and window_ns:
            until_ns = -(-ns(to_s) // window_ns) * window_ns
        said = self.verdicts_on(rules, ns(comply.from_s), ns(to_s), until_ns)
        judged = [one for one in said if one.ok is not None]
        if not judged:
            return {**nothing, "detail": "no limit that a trace of power shows"}
        worst = min(judged, key=_nearness)
        at_s = worst.first_s if worst.first_s is not None else worst.at_s
        return {
            "ok": all(one.ok for one in judged),
            "value": worst.value,
            "limit": worst.limit,
            "unit": "w" if worst.unit == "W" else worst.unit,
            "at_s": None if at_s is None else round(at_s, 3),
            "detail": f"{worst.rules}, {worst.name}; {len(judged)} limits judged",
        }


def _nearness(verdict: Verdict) -> tuple[bool, float]:
    """Return what puts limits that were passed first, then those that were nearest."""
    margin = verdict.margin
    if margin is None or not verdict.limit:
        return bool(verdict.ok), float("inf") if margin is None else margin
    return bool(verdict.ok), margin / abs(verdict.limit)
