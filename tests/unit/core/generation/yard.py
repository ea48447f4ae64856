"""The hall with storage and a gas turbine that do as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hall import CLOSED, OPEN, Hall, settled

if TYPE_CHECKING:
    from collections.abc import Callable


class Yard:
    """A hall, its store, and what becomes of the orders that the main lane passes on.

    Attributes:
        hall: the plant on paper.
        form_s: time from the order to a store that forms, None where it does not obey [s].
        orders: what the store was told, in order.
    """

    def __init__(self, hall: Hall | None = None) -> None:
        self.hall = hall or settled()
        self.hall.stages["ESS-1"] = "grid_following"
        self.hall.said["ESS-1", "soc_pu"] = 0.8
        self.form_s: float | None = 0.3
        self.orders: list[str] = []

    def fail_sets(self) -> None:
        """Let no set be available."""
        names = [item.id for item in self.hall.site.of_nature("generator")]
        self.hall.said |= {(name, "available"): 0.0 for name in names}

    def run(self, duration_s: float, until: Callable[[], bool] | None = None) -> bool:
        """Scan for a time, or until something holds."""

        def obeyed() -> bool:
            self._obey()
            return until is not None and until()

        found = self.hall.run(duration_s, obeyed)
        return found or until is None

    def _obey(self) -> None:
        hall = self.hall
        order = hall.messages[-1].values["orders"].get("ESS-1", "") if hall.messages else ""
        if order and self.orders[-1:] != [order]:
            self.orders.append(order)
            if order == "grid_forming" and self.form_s is not None:
                hall.later(self.form_s, self._form)
            elif order == "grid_following":
                hall.later(0.05, lambda: hall.stages.update({"ESS-1": "standby"}))
        elif not order:
            self.orders += [""] * bool(self.orders and self.orders[-1])
        self._settle()

    def _form(self) -> None:
        if not (self._section() & self._others()):
            self.hall.stages["ESS-1"] = "grid_forming"

    def _settle(self) -> None:
        """Follow what leads, rest where nothing does."""
        stage, led = self.hall.stages["ESS-1"], bool(self._section() & self._others())
        if stage == "grid_forming" and led:
            self.hall.stages["ESS-1"] = "grid_following"
        elif stage in {"grid_following", "standby"}:
            self.hall.stages["ESS-1"] = "grid_following" if led else "standby"

    def _section(self) -> frozenset[str]:
        return self.hall.sources_of("ES1")

    def _others(self) -> frozenset[str]:
        return frozenset(self.hall.site.equipment) - {"ESS-1"}

    def stage(self, source: str) -> str:
        """Return the last stage that was told of an equipment."""
        return str(self.hall.happened("stage", source)[-1].fields["stage"])

    def shut_rows(self) -> bool:
        """Return whether no feeder of rows is closed."""
        return all(self.hall.positions[b] == OPEN for b in ("52-VCB-HA", "52-VCB-HB"))

    def closed(self, breaker: str) -> bool:
        """Return whether a breaker is closed."""
        return self.hall.positions[breaker] == CLOSED
