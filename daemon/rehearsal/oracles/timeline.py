"""Which faults act when, by the scenario alone: what was done, and when it was undone.

A happening begins a fault unless its word ends one. A fault ends with the word that undoes it, with
`clear` on its target or on `any`, or after its own `for_s`. What it left behind (a lockout, a
failed start) may stay: that a person resets, and it is the plant's state that tells of it.

What an operator asks for is no fault and excuses nothing: a request that is granted is the daemon's
own command. It only explains that something happens, and the site's time to come to rest begins
anew with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import ns
from device_emulators.faults.words import ENDS, UNDONE_BY, targets
from device_emulators.selection import DAEMON, GATEWAY, OPERATOR, SCHEDULER, nature_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.rehearsal.simulation.observer import Scene

NEVER_NS: Final = 1 << 62
CLEAR: Final = "clear"
ANY: Final = "any"
WORK: Final = frozenset(
    {
        "load",
        "job_start",
        "inference_start",
        "job_stop",
        "checkpoint",
        "surge",
        "irradiance",
        "weather",
    }
)
"""What is done to equipment and is no fault: the work and the weather of the day."""
AT_ONCE_S: Final[Mapping[tuple[str, str], float]] = {
    ("breaker", "trip"): 0.0,
    ("utility", "phase_jump"): 1.0,
    (GATEWAY, "reset"): 5.0,
    (GATEWAY, "lose_session"): 5.0,
    (GATEWAY, "lose_subscriptions"): 5.0,
    (DAEMON, "clock_step"): 1.0,
}
"""What happens once and is over, with the time until its effect is [s]."""
_ENDS: Final = frozenset({CLEAR, *UNDONE_BY.values(), *ENDS})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one piece of equipment or gateway.

    Attributes:
        target: its id.
        nature: nature of the target, "gateway" or "daemon".
        event: what was done to it.
        values: how hard.
        from_ns: plant time at which it began [ns].
        to_ns: plant time at which it ended, `NEVER_NS` if it did not [ns].
    """

    target: str
    nature: str
    event: str
    values: Mapping[str, Any]
    from_ns: int
    to_ns: int = NEVER_NS


@dataclass(frozen=True, slots=True)
class Timeline:
    """All faults of a scenario, in order of their begin.

    Attributes:
        faults: they.
        asked_ns: when an operator asked for something [ns].
    """

    faults: tuple[Fault, ...]
    asked_ns: tuple[int, ...] = ()

    @classmethod
    def of(cls, scene: Scene) -> Timeline:
        """Return the faults that act in `scene`."""
        begun: list[Fault] = []
        asked_ns: list[int] = []
        for target, fault in _happenings(scene):
            if fault.nature == SCHEDULER:
                continue
            if fault.nature == OPERATOR:
                asked_ns.append(fault.from_ns)
            elif fault.event not in _ENDS:
                # The same word again replaces what it said before: a voltage, a frequency.
                begun = [_ended(f, fault.from_ns, target, fault.event) for f in begun]
                begun += [fault] if fault.event not in WORK else []
            else:
                begun = [_ended(f, fault.from_ns, target, fault.event) for f in begun]
        return cls(tuple(begun), tuple(asked_ns))

    def acting(self, from_ns: int, to_ns: int) -> Iterator[Fault]:
        """Yield the faults that acted at any moment of an interval [ns]."""
        return (f for f in self.faults if f.from_ns <= to_ns and f.to_ns >= from_ns)

    def on(self, targets: frozenset[str], from_ns: int, to_ns: int) -> bool:
        """Return whether any of `targets` had a fault in an interval [ns]."""
        return any(f.target in targets for f in self.acting(from_ns, to_ns))

    def begun(self, now_ns: int) -> bool:
        """Return whether anything has been done to the site, or asked for, by now."""
        return min((*(f.from_ns for f in self.faults), *self.asked_ns), default=NEVER_NS) <= now_ns

    @property
    def healed_ns(self) -> int:
        """Return when the last fault was gone and nobody asked for anything any more [ns].

        0 without any of both, `NEVER_NS` if a fault stays.
        """
        return max((*(f.to_ns for f in self.faults), *self.asked_ns), default=0)


def _happenings(scene: Scene) -> Iterator[tuple[str, Fault]]:
    site = scene.plant.site
    for happening in scene.scenario.timeline:
        at_ns = scene.origin_ns + ns(happening.at_s)
        if happening.at_s >= scene.for_s:
            return
        found = targets(site, happening.target, happening.event)
        words = (happening.target,) if isinstance(happening.target, str) else happening.target
        for target in found or words:
            nature = nature_of(site, target)
            for_s = AT_ONCE_S.get((nature, happening.event), math.inf)
            for_s = float(happening.values.get("for_s", for_s))
            to_ns = at_ns + ns(for_s) if math.isfinite(for_s) else NEVER_NS
            yield target, Fault(target, nature, happening.event, happening.values, at_ns, to_ns)


def _ended(fault: Fault, at_ns: int, target: str, word: str) -> Fault:
    if fault.to_ns <= at_ns or target not in {fault.target, ANY}:
        return fault
    # A process that is paused again stands still until the longer pause is over.
    replaced = word == fault.event and fault.nature != DAEMON
    ends = replaced or word == CLEAR or UNDONE_BY.get(fault.event) == word
    ends = ends or (fault.nature == GATEWAY and word in ENDS)
    return replace(fault, to_ns=at_ns) if ends else fault
