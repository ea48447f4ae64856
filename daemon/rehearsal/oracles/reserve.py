"""What rides through is not spent on economy: no store gives of it while the utility feeds.

The reserve of a store is reckoned here from the words of the site and from the plant, by nothing of
what is judged: the charge that the site declares (`peaks.reserve_pu`; of a UPS that shares its load
`peaks.ups_pu`, and all of it where that is 1, for then it takes no part), and at least its rated
power for as long as it takes until it is known that no set comes and the longest orderly shutdown
after that. While a utility is there and no machine has been called, nothing is urgent: then a store
that follows the grid and is at or below its reserve is not told to give, and one that was told so
before is told to stop in time. What is left is what is truly in the battery, less `METER_PU` of its
capacity for a gauge that is wrong; who gives an order is held to what the gauge shows as well, less
`SHOWN_PU` for what is given while a word is on its way. `WITHDRAWN_S` is left to an order that
something urgent leaves behind.

Cannot see: who told it; a person who does is blamed like the daemon. Judges set-points of storage
on AC and of UPS, for DC storage gives by its own droop. A store that is out of reach goes on as it
was told: where it lasts for two hours, what is left to the gauge is a minute of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from daemon.model.quantities import ns
from daemon.rehearsal.oracles.oracle import Oracle

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.observer import Scene

POINT: Final = "power_setpoint_w"
FOLLOWS: Final = {"ess": "grid_following", "ups": "normal"}
"""Stage in which a set-point is followed, by nature."""
METER_PU: Final = 0.01
"""Charge that a gauge may be wrong by [pu]."""
SHOWN_PU: Final = 5e-4
"""Charge that may be given before what is shown is answered [pu]."""
WITHDRAWN_S: Final = 5.0
"""Time in which an order ends that stands when nothing is urgent any more [s]."""
_WH: Final = 3600.0


class _Store(NamedTuple):
    """A store that takes orders.

    Attributes:
        device: as it truly is.
        charge_j: what the site declares as reserve, by charge [J].
        needed_j: what rides through, by energy [J].
    """

    device: Any
    charge_j: float
    needed_j: float

    @property
    def capacity_j(self) -> float:
        """Return its energy when new and full [J]."""
        return float(self.device.ratings["energy_wh"]) * _WH

    @property
    def gives(self) -> bool:
        """Return whether an order to give stands at it, and it follows orders."""
        told_w = self.device.setpoints[POINT]
        return bool(told_w < 0.0 and self.device.stage == FOLLOWS[self.device.item.nature])

    def shown_short(self) -> tuple[float, float] | None:
        """Return what its gauge shows and what the site declares, if that is more [J, J]."""
        shown_j = self.device.points["soc_pu"]() * self.capacity_j
        short = shown_j < self.charge_j - SHOWN_PU * self.capacity_j
        return (shown_j, self.charge_j) if short else None

    def short(self) -> tuple[float, float] | None:
        """Return what is left and what must be, if that is more [J, J]."""
        held_j = self.device.quantity("soc_pu") * self.capacity_j
        energy_j = self.device.battery.energy_j
        energy_j += getattr(getattr(self.device, "flywheel", None), "energy_j", 0.0)
        meter_j = METER_PU * self.capacity_j
        for left_j, least_j in ((held_j, self.charge_j), (energy_j, self.needed_j)):
            if left_j < least_j - meter_j:
                return left_j, least_j
        return None


class Reserve(Oracle):
    """No store gives of its reserve for the sake of money."""

    name: ClassVar = "reserve"
    unit: ClassVar = "Wh"

    def begin(self, scene: Scene) -> None:
        """Find the stores, their reserves, and what may be more urgent than those."""
        super().begin(scene)
        self._utilities = self.devices("utility")
        self._machines = self.devices("generator", "gas_turbine")
        words = scene.site_file.control
        racks = self.devices("rack_row", "it_rack")
        shutdowns_s = [float(rack.settings["shutdown_s"]) for rack in racks]
        time_s = words.peaks.start_failure_s + max([words.autonomy.shutdown_s, *shutdowns_s])
        self._stores = {}
        for device in self.devices("ess", "ups"):
            of_ups = device.item.nature == "ups"
            if not (self._takes_orders(device.id) if of_ups else device.on_ac):
                continue
            ratings = device.ratings
            declared_pu = words.peaks.ups_pu if of_ups else words.peaks.reserve_pu
            charge_j = declared_pu * ratings["energy_wh"] * _WH
            needed_j = ratings["power_w"] * time_s / words.peaks.efficiency_pu
            self._stores[device.id] = _Store(device, charge_j, needed_j)
        self._wrong_since_ns: dict[str, int] = {}
        self._told = self._for_money = 0

    def _takes_orders(self, id_: str) -> bool:
        at = self.site.equipment[id_].device
        return at is not None and POINT in self.site.profiles[at.profile].points

    def _urgent(self) -> bool:
        called = any(machine.stage != "stopped" for machine in self._machines)
        return called or not any(utility.energised for utility in self._utilities)

    def judged(self, now_ns: int) -> str:
        """Return how often a store was told to give, and how often that was for money."""
        return f"{self._told} orders to give, {self._for_money} of them while nothing was urgent"

    def reserve_wh(self, store: str) -> float:
        """Return the reserve of a store, by whichever of its two reasons is more [Wh]."""
        return max(self._stores[store].charge_j, self._stores[store].needed_j) / _WH

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """Look at what is in a store that is told to give."""
        store = self._stores.get(equipment)
        if store is None or point != POINT or not taken or value >= 0.0:
            return
        self._told += 1
        if self._urgent():
            return
        self._for_money += 1
        if store.gives and (found := store.shown_short() or store.short()) is not None:
            self._blame(now_ns, f"{equipment} was told to give of its reserve", found)

    def look(self, now_ns: int) -> None:
        """Look at what is in every store at which an order to give stands."""
        for name, store in self._stores.items():
            if not store.gives or self._urgent() or (found := store.short()) is None:
                self._wrong_since_ns.pop(name, None)
            elif now_ns - self._wrong_since_ns.setdefault(name, now_ns) > ns(WITHDRAWN_S):
                self._blame(now_ns, f"{name} goes on giving of its reserve", found)
                self._wrong_since_ns[name] = now_ns

    def _blame(self, now_ns: int, text: str, found: tuple[float, float]) -> None:
        left_j, least_j = found
        self.blame(now_ns, text, left_j / _WH, least_j / _WH)
