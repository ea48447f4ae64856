"""Load blocks of a switchboard: its outgoing feeders, in the order in which they deserve power.

A block is what stands behind one outgoing breaker of a section. Its priority is the best one of the
loads it feeds (1 first, 0 for what has none, such as compensation), its size what it last carried
on the mains. What a section feeds without a breaker of its own belongs to no block and comes with
the section.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.plant import Equipment, MainTieMainScheme, Section, Site
    from device_emulators.devices.breaker import Breaker
    from device_emulators.plant.grid import Grid


@dataclass(slots=True, eq=False)
class Block:
    """One outgoing feeder.

    Attributes:
        section: the section it hangs on.
        breaker: what feeds it.
        priority: of its best load.
        carried_w: what it last carried on the mains [W].
        shed: opened by the board itself.
    """

    section: Section
    breaker: Breaker
    priority: int
    carried_w: float = 0.0
    shed: bool = False


class LoadBlocks:
    """All blocks of a board, the most deserving first.

    Attributes:
        blocks: by priority, then in file order.
    """

    def __init__(self, grid: Grid, scheme: MainTieMainScheme) -> None:
        """Find the outgoing feeders of every section."""
        self._grid = grid
        self._scheme = scheme
        self._base_w = {section.bus: 0.0 for section in scheme.sections}
        own = {scheme.tie, *scheme.storage_feeders, *scheme.sets.values()}
        for section in scheme.sections:
            own |= {section.main, section.generator_feeder}
        found = [
            Block(section, grid.devices[item.id], _priority(grid.site, item, section.bus))
            for section in scheme.sections
            for item in grid.site.of_nature("breaker")
            if section.bus in item.buses and item.id not in own
        ]
        self.blocks = sorted(found, key=lambda block: block.priority)

    def remember(self) -> None:
        """Note what every block carries while its section stands on the mains."""
        grid = self._grid
        for section in self._scheme.sections:
            main: Any = grid.devices[section.main]
            if not main.closed or not grid.live(grid.bus[section.bus]):
                continue
            total_w = abs(float(grid.switch_w[main.switch]))
            mine = [block for block in self.blocks if block.section is section]
            for block in mine:
                if block.breaker.closed:
                    block.carried_w = max(float(abs(grid.switch_w[block.breaker.switch])), 0.0)
            self._base_w[section.bus] = max(total_w - sum(b.carried_w for b in mine), 0.0)

    def fitting(self, capacity_w: float) -> set[str]:
        """Return the breakers of the blocks that together need no more than a power [W]."""
        left_w = capacity_w - sum(self._base_w.values())
        found = set()
        for block in self.blocks:
            if block.carried_w <= left_w or block.priority == 0:
                left_w -= block.carried_w
                found.add(block.breaker.id)
        return found

    def least(self) -> Block | None:
        """Return the least deserving block that is still on and carries anything."""
        on = [b for b in self.blocks if b.breaker.closed and b.priority > 0]
        return on[-1] if on else None


def _priority(site: Site, feeder: Equipment, section: str) -> int:
    """Return the best priority behind a feeder, 0 where there is no load."""
    behind = next(bus for bus in feeder.buses if bus != section)
    seen, frontier, found = {section, behind}, [behind], set()
    while frontier:
        bus = frontier.pop()
        for item in site.equipment.values():
            if bus not in item.buses or item.id == feeder.id:
                continue
            if item.kind.role is Role.LOAD and item.priority > 0:
                found.add(item.priority)
            for other in _onward(item, bus):
                if other not in seen:
                    seen.add(other)
                    frontier.append(other)
    return min(found, default=0)


def _onward(item: Equipment, bus: str) -> Iterator[str]:
    """Yield the buses that equipment feeds from `bus`."""
    role = item.kind.role
    if role in {Role.SWITCH, Role.TRANSFORMER} and item.normally != "open":
        yield from item.buses
    elif role is Role.CONVERTER and bus == item.buses[0]:
        yield item.buses[-1]
    elif role is Role.TRANSFER and bus != item.buses[-1]:
        on = 1 if item.normally == "source_2" else 0
        if item.buses[on] == bus:
            yield item.buses[-1]
