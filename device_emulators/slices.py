"""A large site in slices: each process plays some of its power blocks, with a plant of its own.

Blocks stand alone behind their feeds, so each is computed by itself; what all share (the feeds, and
what measures them) is in every slice, and served by the first. Simplified: the shared feeds of a
slice carry its own blocks and no others, and a fault in one slice is not felt in another.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from daemon.model.plant import IntakeScheme, MainTieMainScheme
from device_emulators.selection import select

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from daemon.model.plant import Equipment, Scheme, Site
    from device_emulators.scenario import Scenario, Targeted


def blocks_of(site: Site) -> tuple[str, ...]:
    """Return the power blocks of a site, in file order."""
    named = (gateway.block for gateway in site.gateways.values() if gateway.block)
    return tuple(dict.fromkeys(named))


def dealt(site: Site, count: int) -> list[tuple[str, ...]]:
    """Return the blocks of `count` processes, as even as can be; fewer where there are fewer.

    Raises:
        ValueError: the site has no blocks.
    """
    blocks = blocks_of(site)
    if not blocks:
        raise ValueError(f"{site.id} has no blocks to deal to processes (valid: 1 process)")
    count = min(count, len(blocks))
    bounds = [len(blocks) * i // count for i in range(count + 1)]
    return [blocks[a:b] for a, b in pairwise(bounds)]


def sliced(site: Site, blocks: Collection[str], *, shared: bool = True) -> Site:
    """Return the part of a site that is made of some blocks and of what all share.

    Args:
        site: the whole site.
        blocks: which of its blocks.
        shared: whether the gateways that all blocks share are served as well.

    Raises:
        ValueError: there is no such block; names those there are.
    """
    known = blocks_of(site)
    for block in blocks:
        if block not in known:
            valid = ", ".join(known) or "none: this site has no blocks"
            raise ValueError(f"{site.id} has no block {block} (valid: {valid})")
    kept = {"", *blocks}
    elsewhere = {
        bus
        for item in site.equipment.values()
        if _block(site, item) not in kept
        for bus in item.buses
    }
    here = {
        bus
        for item in site.equipment.values()
        if item.device and _block(site, item) in kept
        for bus in item.buses
    }
    buses = {id_: bus for id_, bus in site.buses.items() if id_ in here or id_ not in elsewhere}
    equipment = {
        id_: item
        for id_, item in site.equipment.items()
        if _block(site, item) in kept and buses.keys() >= set(item.buses)
    }
    gateways = {
        id_: g for id_, g in site.gateways.items() if g.block in blocks or (shared and not g.block)
    }
    schemes = {
        id_: scheme for id_, scheme in site.schemes.items() if equipment.keys() >= _of(scheme)
    }
    named = {item.nature for item in site.equipment.values()} | equipment.keys()
    emulation: Mapping[str, Mapping[str, float]] = {
        key: values for key, values in site.emulation.items() if key in named | {"site"}
    }
    return replace(
        site,
        buses=buses,
        equipment=equipment,
        gateways=gateways,
        schemes=schemes,
        emulation=emulation,
    )


def played(scenario: Scenario, site: Site) -> Scenario:
    """Return what of a scenario happens in a slice; what is expected is for the whole site."""

    def here(each: Targeted) -> bool:
        return bool(select(site, each.target, buses=True, beside=True))

    timeline = tuple(each for each in scenario.timeline if here(each))
    initial = tuple(each for each in scenario.initial if here(each))
    return scenario.model_copy(update={"timeline": timeline, "initial": initial, "expect": ()})


def _block(site: Site, item: Equipment) -> str:
    return site.gateways[item.device.gateway].block if item.device else ""


def _of(scheme: Scheme) -> set[str]:
    """Return the switch or controller that a scheme cannot be without."""
    match scheme:
        case IntakeScheme():
            return {scheme.switch}
        case MainTieMainScheme():
            return {scheme.controller}
        case _:
            return set(scheme.members)
