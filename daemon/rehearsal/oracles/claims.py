"""Whether what an alarm says is so, by the plant's truth.

An alarm is a claim: its rule in config/alarms names a point and a condition, and the plant knows
the true value behind the point. For conclusions of the daemon (`told`) the truth behind the
conclusion is asked instead. Where the plant cannot know (what went over the wire), there is no
answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.model.plant import MainTieMainScheme
from daemon.rehearsal.oracles.delivery import Delivery
from device_emulators.plant.topology import merge
from device_emulators.selection import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.rehearsal.simulation.observer import Scene

NEAR: Final = 0.03
"""Instruments may see a value this much nearer to the limit than it is, as part of the limit."""


class Claims:
    """Judges alarms of one site against its plant."""

    def __init__(self, scene: Scene) -> None:
        """Know the rules of the site and what its conclusions are about."""
        self._plant, self._site = scene.plant, scene.plant.site
        self.rules: Final[Mapping[str, Any]] = scene.site_file.control.alarms.rules
        schemes = [s for s in self._site.schemes.values() if isinstance(s, MainTieMainScheme)]
        self._sections = [s.bus for scheme in schemes for s in scheme.sections]
        self._delivery = Delivery.of(scene)
        self._told: Final[Mapping[str, Callable[[str], bool | None]]] = {
            "supply.outage": lambda _: not all(self._on_mains(bus) for bus in self._sections),
            "supply.all_ac_lost": lambda _: not any(self._live(bus) for bus in self._sections),
            # What shows wrong holds a board back as well: then the plant cannot say.
            "supply.waits": lambda _: any(not self._on_mains(b) for b in self._sections) or None,
            "supply.joined": lambda board: self._joined(board) or None,
            "autonomy.on_storage": self._on_storage,
            "autonomy.short": lambda _: self._stored(),
            "compliance.broken": lambda _: self._delivery.passed(),
            # A set that tripped is missing until it is reset, long after its fault is over.
            "security.bad": lambda _: self._set_is_missing() or None,
        }

    def hold(self, alarm_class: str, source: str) -> bool | None:
        """Return whether an alarm is true now, None when the plant cannot say."""
        rule = self.rules.get(alarm_class)
        if rule is None:
            return None
        if rule.condition == "told":
            ask = self._told.get(rule.point)
            return ask(source) if ask else None
        item = self._site.equipment.get(source)
        if item is None or rule.condition in {"silent", "stale", "happened"}:
            return None
        value = self._plant.quantity(source, rule.point)
        if rule.condition in {"above", "below"}:
            return self._beyond(rule, item, value)
        words = words_of(item.nature, rule.point)
        found = words[int(value)] in rule.states if rule.states else bool(value)
        return found is (rule.condition == "is")

    def _beyond(self, rule: Any, item: Any, value: float) -> bool:  # noqa: ANN401 - a rule
        base = 1.0
        if rule.of == "nominal":
            bus = self._site.buses[item.buses[0]]
            base = self._site.frequency_hz if rule.point.endswith("_hz") else bus.voltage_v
        elif rule.of == "contract":
            base = self._site.contract.import_limit_w
        elif rule.of:
            base = item.ratings[rule.of]
        limit = rule.limit * base
        # A frequency is known better than a part of itself that would be more than its limits.
        slack = abs(limit) * (NEAR if not rule.point.endswith("_hz") else NEAR / 10.0)
        return bool(value > limit - slack if rule.condition == "above" else value < limit + slack)

    def _set_is_missing(self) -> bool:
        sets = self._site.of_nature("generator")
        return not all(self._plant.quantity(e.id, "available") for e in sets)

    def _live(self, bus: str) -> bool:
        return self._plant.grid.live(self._plant.grid.bus[bus])

    def _on_mains(self, bus: str) -> bool:
        leader = self._plant.grid.leader(self._plant.grid.bus[bus])
        return leader is not None and self._site.equipment[leader.id].nature == "utility"

    def _joined(self, board: str) -> bool:
        """Return whether the contacts of a board join two of its feeds."""
        scheme = self._site.schemes[board]
        assert isinstance(scheme, MainTieMainScheme)
        feeds = [
            [name for name in (s.main, s.generator_feeder) if self._closed(name)]
            for s in scheme.sections
        ]
        tied = bool(scheme.tie) and self._closed(scheme.tie)
        return any(len(of) > 1 for of in feeds) or (tied and sum(map(len, feeds)) > 1)

    def _closed(self, breaker: str) -> bool:
        return bool(self._plant.quantity(breaker, "closed"))

    def _on_storage(self, row: str) -> bool:
        """Return whether batteries of a row give, or storage carries its bus without a converter.

        While storage carries the bus the batteries of the racks may be idle. So may those of a row
        that was shut down: with all its buses dead they are still all that it has.
        """
        racks = self._plant.grid.racks
        if racks is None:
            return False
        members = racks.members(row)
        if (racks.battery_w[members] < 0.0).any() or not any(map(self._live, self._buses_of(row))):
            return True
        closed = [(s.source, s.load) for s in self._plant.grid.switches if s.closed]
        node = [int(n) for n in merge(len(self._plant.grid.bus_ids), closed)]
        here = {node[self._plant.grid.bus[bus]] for bus in self._buses_of(row)}
        return self._gives("ess", node, here) and not self._gives("hvdc", node, here)

    def _buses_of(self, row: str) -> set[str]:
        racks = self._site.of_nature("ai_rack")
        return {bus for rack in racks if rack.group == row for bus in rack.buses}

    def _gives(self, nature: str, node: Sequence[int], here: set[int]) -> bool:
        """Return whether a source of direct current of some nature gives to some nodes."""
        devices: list[Any] = [self._plant.devices[e.id] for e in self._site.of_nature(nature)]
        sources = [d.source for d in devices if d.source is not None]
        return any(s.given_w > 0.0 and node[s.bus] in here for s in sources)

    def _stored(self) -> bool:
        racks = self._plant.grid.racks
        ups = (self._plant.quantity(e.id, "on_battery") for e in self._site.of_nature("ups"))
        return bool(racks and racks.giving) or any(ups)
