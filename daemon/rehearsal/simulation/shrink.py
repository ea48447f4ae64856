"""From a seed that fails to the fewest faults that still fail.

Faults are left out by delta debugging (Zeller and Hildebrandt 2002, 10.1109/32.988498): halves
first, then ever smaller parts. What begins a fault and what ends it stay together. What remains is
made shorter, as long as it still fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.rehearsal.simulation.swarm import Act
    from device_emulators.scenario import Happening

    Fails = Callable[[Sequence[Act]], bool]

SHORTEST_S: Final = 0.2
"""Faults are not made shorter than this [s]."""


def shrink(acts: Sequence[Act], fails: Fails) -> tuple[Act, ...]:
    """Return the fewest and shortest of `acts` with which it still fails.

    Args:
        acts: faults with which it fails.
        fails: runs with some faults and returns whether the same thing is wrong.
    """
    return _shortened(_fewest(tuple(acts), fails), fails)


def _fewest(acts: tuple[Act, ...], fails: Fails) -> tuple[Act, ...]:
    """Return a part of `acts` of which nothing can be left out."""
    if acts and fails(()):
        return ()
    parts = 2
    while len(acts) > 1:
        step = -(-len(acts) // parts)
        without = [acts[:at] + acts[at + step :] for at in range(0, len(acts), step)]
        only = [acts[at : at + step] for at in range(0, len(acts), step)] if parts > 2 else []
        smaller = next((some for some in (*without, *only) if fails(some)), None)
        if smaller is not None:
            acts, parts = smaller, 2
        elif parts >= len(acts):
            break
        else:
            parts = min(2 * parts, len(acts))
    return acts


def _shortened(acts: tuple[Act, ...], fails: Fails) -> tuple[Act, ...]:
    """Return `acts`, each half as long as often as it still fails."""
    for place in range(len(acts)):
        while (shorter := _halved(acts[place])) is not None:
            some = (*acts[:place], shorter, *acts[place + 1 :])
            if not fails(some):
                break
            acts = some
    return acts


def _halved(act: Act) -> Act | None:
    """Return a fault of half its duration, None where it is short already."""
    begin_s, end_s = act[0].at_s, act[-1].at_s
    for_s = act[0].values.get("for_s")
    if len(act) == 1 and isinstance(for_s, float) and for_s > 2.0 * SHORTEST_S:
        return (_changed(act[0], for_s=round(0.5 * for_s, 3)),)
    if end_s - begin_s <= 2.0 * SHORTEST_S:
        return None
    return tuple(
        _changed(each, at_s=round(begin_s + 0.5 * (each.at_s - begin_s), 3)) for each in act
    )


def _changed(happening: Happening, **values: float) -> Happening:
    return type(happening).model_validate(happening.model_dump() | values)
