"""Maintenance tags: what people are at work on is neither closed, started, tested nor transferred.

A person hangs a tag on a piece of equipment, or on a scheme as a whole, at the desk: it is selected
and operated like anything else, and in the record like it (`daemon.core.operation`). Several people
may have theirs on the same thing; it is free when the last one is off. Who hung a tag takes it off;
where somebody else has to, a second person approves that, and then all of them are off. Tags
outlive a restart: a worker keeps every change, and the shell gives them to both lanes as the first
mail of the next daemon. A daemon that is killed in the few milliseconds in which the worker writes
leaves that change in the record alone.

A tag on a scheme is a tag on its panel, beside the one that can be set there: whoever reads the
flag `maintenance` of the panel finds it true, whoever asks whether a machine is `available` that it
is not (`daemon.core.view`). So automata look for something else, as they do around a machine that
is out of order. What a tag forbids, the interlocks say (`daemon.core.interlocks.held`). To open, to
stop, to shut down and to reset stays free, and so does whatever a device does by itself. A
set-point goes towards zero and no further (`daemon.core.arbitration`), and neither smoothing nor
peak shaving counts on storage that is tagged.

The switching lane has the tags; the main lane hears of every change (`TOPIC`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from daemon.core.topology import once_per_site
from daemon.model.commands import HANG, LaneMessage, Request
from daemon.model.natures import Role
from daemon.model.plant import IntakeScheme, MainTieMainScheme

if TYPE_CHECKING:
    from daemon.core.kept import Files
    from daemon.model.commands import Proposal
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

Tags = Mapping[str, Mapping[str, str]]
"""By equipment that has any: who hung a tag, and why."""

KEEP: Final = "tags_keep"
"""Name of the function that workers know `keep` by."""
NAME: Final = "tags.json"
TOPIC: Final = "tags"
MOST_BREAKERS: Final = 2
"""A bus with more of them is no terminal of one machine but a busbar."""


def keep(files: Files, tags: Tags) -> None:
    """Keep the tags in place of what was kept before; done by a worker."""
    files.replace(NAME, json.dumps(tags).encode())


def recalled(files: Files, sender: str) -> LaneMessage | None:
    """Return the tags that hang, as mail of `sender`; None where none were kept.

    Raises:
        ValueError: what was kept cannot be read: a person has to look what hangs, or remove it.
    """
    try:
        content = files.read(NAME)
        if not content:
            return None
        kept = json.loads(content)
        tags = {str(n): {str(u): str(why) for u, why in by.items()} for n, by in kept.items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        text = f"{NAME} in the state directory cannot be read, so nobody knows what hangs ({error})"
        raise ValueError(text) from error
    return LaneMessage(sender, TOPIC, tags)


def told(sender: str, tags: Tags) -> tuple[LaneMessage, Request]:
    """Return what the other lane and the worker are told of tags that have changed."""
    plain = {name: dict(by) for name, by in tags.items()}
    return LaneMessage(sender, TOPIC, plain), Request(-1, KEEP, {"tags": plain})


def changed(site: Site, tags: Tags, user: str, wish: Proposal) -> Tags:
    """Return the tags after a person has hung one or taken one off.

    Args:
        site: the plant as drawn.
        tags: what hangs.
        user: who does it; the own tag is taken off, or all where there is none of them.
        wish: hang it or take it off, where, and why.
    """
    place = placed(site, wish.equipment)
    there = dict(tags.get(place, {}))
    if wish.action == HANG:
        there[user] = wish.reason
    elif user in there:
        del there[user]
    else:
        there = {}
    left = {name: by for name, by in tags.items() if name != place}
    return {**left, place: there} if there else left


def placed(site: Site, name: str) -> str:
    """Return the equipment a tag hangs on: of a scheme its panel, or its switch."""
    scheme = site.schemes.get(name)
    if isinstance(scheme, MainTieMainScheme):
        return scheme.controller
    return scheme.switch if isinstance(scheme, IntakeScheme) else name


def may_hang(site: Site, points: PointTable, name: str) -> bool:
    """Return whether a tag on it would forbid anything."""
    place = placed(site, name)
    panels = {s.controller for s in site.schemes.values() if isinstance(s, MainTieMainScheme)}
    return (
        place in panels
        or points.find(place, "command") is not None
        or any(place in bound[1:] for bound in bound_by(site, points).values())
    )


@once_per_site
def bound_by(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return what a tag has to hang on to bind each piece of equipment, itself first.

    A breaker at the terminals of a machine, a transformer, a converter or a transfer switch is
    bound by a tag on that: it would bring voltage to where people are at work. A busbar, at which
    more hangs, is none's terminal: there every breaker needs a tag of its own.
    """
    at: dict[str, list[Equipment]] = {}
    for item in site.equipment.values():
        for bus in dict.fromkeys(item.buses):
            at.setdefault(bus, []).append(item)
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in site.equipment}
    for here in at.values():
        parts = [e for e in here if e.kind.role in _WORKED_ON]
        breakers = [e for e in here if e.nature == "breaker"]
        if len(parts) == 1 and len(breakers) <= MOST_BREAKERS:
            for breaker in breakers:
                found[breaker.id] = (*found[breaker.id], parts[0].id)
    return found


_WORKED_ON: Final = frozenset(
    {
        Role.SOURCE,
        Role.STORAGE,
        Role.TRANSFORMER,
        Role.CONVERTER,
        Role.TRANSFER,
        Role.COMPENSATOR,
        Role.LOAD,
    }
)
