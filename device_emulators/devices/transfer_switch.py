"""Transfer switch: one load, two sources; both at once only for the overlap of a closed transition.

ATS: when its source is lost for `transfer_delay_s` and the other is fit it transfers, and goes back
to the preferred source after that has been fit for `return_s`. A source is lost below 85 % voltage
or off frequency, and fit again from 90 % on. STS: at once, within 4 ms. Both decide themselves,
always. ALTS: decides itself only while the daemon is silent (or the scheme leaves it to the
device), after its own delay, and does not come back by itself.

Open transition: the old source is left before the new one is taken, and not before the voltage that
running motors leave on the load side has fallen below a quarter (27R). Closed transition, if the
site sets `closed_transition`: between two fit sources in synchronism (5 %, 0.2 Hz, 5 degrees) the
new one is taken first and the old one left after `overlap_s`. Without synchronism in its window the
transition is open; a pole that does not open within 100 ms makes it leave the source it took last,
and bars further closed transitions until reset.

STS: a static switch between two live sources transfers in phase only, and refuses otherwise. When
the pole it leaves goes on conducting it does not fire the other, which would feed back into a dead
source, and stays where it is until it is reset.

Short circuits behind it: while it carries one it does not transfer, and if its source dies of that
it stays where it is until it is reset, so that the other source does not get the fault as well. An
STS stops firing within half a cycle and is open.

TEST on the selector: it transfers to the other source after its delay and stays, while that is fit.

Simplified: what motors leave on a bus is a time constant of the switch (`residual_s`), counted from
the moment of opening; it is gone when the source has been dead before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import IntakeScheme
from device_emulators.devices.device import Device
from device_emulators.plant.protection import SYNC_RAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

TRANSFER_S: Final[Mapping[str, float]] = {"ats": 0.15, "sts": 0.004, "alts": 0.3}
DELAY_S: Final[Mapping[str, float]] = {"ats": 3.0, "sts": 0.0, "alts": 1.0}
RETURN_S: Final[Mapping[str, float]] = {"ats": 10.0, "sts": 10.0}
RESIDUAL_S: Final[Mapping[str, float]] = {"ats": 0.3, "alts": 0.2}
RESIDUAL_PU: Final = 0.25
LOST_PU: Final = 0.85
FIT_PU: Final = 0.90
HIGH_PU: Final = 1.12
OVERLAP_LIMIT_S: Final = 0.1
SHORT_PU: Final = 3.0
"""Multiple of its rated current that it takes for a short circuit."""
EARTH_A: Final = 40.0
"""Residual current that it takes for an earth fault [A]."""
HALF_CYCLE_S: Final = 0.0083
SELECTOR: Final = ("auto", "manual", "test")
CODES: Final[Mapping[int | None, float]] = {None: 0.0, 0: 1.0, 1: 2.0}


class TransferSwitch(Device):
    """ATS, STS or ALTS."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "fail_to_transfer": (),
        "pole_shorted": (),
        "overlap_stuck": (),
        "local": (),
        "remote": (),
        "manual": (),
        "auto": (),
        "test": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "transfer_delay_s": math.nan,  # as its variant
        "return_s": math.nan,
        "residual_s": math.nan,
        "closed_transition": 0.0,
        "overlap_s": 0.07,
        "sync_window_s": 10.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        one, two, load = item.buses
        self.on: int | None = {"source_1": 0, "source_2": 1}.get(item.normally, 0)
        if item.normally == "open":
            self.on = None
        self.preferred = self.on
        self.poles = tuple(
            grid.add_switch(f"{item.id} source {n + 1}", source, load, closed=self.on == n)
            for n, source in enumerate((one, two))
        )
        self.travelling = self._armed = False
        self.target: int | None = None
        self.count = 0
        self.stuck = self.local = False
        self.pole_shorted = self.overlap_stuck = self.closed_barred = False
        self.locked = False
        self._waits: tuple[int, str] | None = None
        self._refused = ""
        self.selector = "auto"
        self.scheme = next(
            (
                s
                for s in grid.site.schemes.values()
                if isinstance(s, IntakeScheme) and s.switch == item.id
            ),
            None,
        )
        self._short = False
        a, b, c = self.buses
        self.points = {
            "connected": lambda: 3.0 if self.travelling else CODES[self.on],
            "source_1_voltage_ll_v": grid.volts_cell(a),
            "source_2_voltage_ll_v": grid.volts_cell(b),
            "load_voltage_ll_v": grid.volts_cell(c),
            "current_a": self._current_a,
            "source_1_healthy": lambda: float(self._healthy(0)),
            "source_2_healthy": lambda: float(self._healthy(1)),
            "in_sync": lambda: float(self._in_sync()),
            "local": lambda: float(self.local),
            "inhibited": lambda: float(not self._own_logic()),
            "transfer_count": lambda: float(self.count),
            "selector": lambda: float(SELECTOR.index(self.selector)),
        }

    def _current_a(self) -> float:
        found = self.grid.switch_current_a
        return max([found.item(pole) for pole in self.poles])

    def _setting(self, name: str, by_variant: Mapping[str, float]) -> float:
        value = float(self.settings[name])
        return by_variant.get(self.item.variant, 0.0) if math.isnan(value) else value

    def _own_logic(self) -> bool:
        if self.item.variant != "alts":
            return True
        if self.scheme is not None and self.scheme.authority == "device":
            return True
        return not self.daemon_present

    def _healthy(self, source: int, least_pu: float = LOST_PU) -> bool:
        bus, nominal_hz = self.buses[source], self.grid.nominal_hz
        near = abs(self.grid.f[bus] - nominal_hz) < 0.05 * nominal_hz
        return least_pu <= self.grid.v[bus] <= HIGH_PU and near

    def _fit(self, source: int) -> bool:
        return self._healthy(source, FIT_PU)

    def _in_sync(self) -> bool:
        gap = self.grid.gap(self.buses[0], self.buses[1])
        return gap is not None and abs(gap.angle_rad) <= 2 * SYNC_RAD and abs(gap.slip_hz) < 0.2

    # Transfers.

    def act(self, action: str) -> bool:
        """Transfer on command."""
        if self.local or self.selector != "auto":
            return False
        if action == "reset":
            self.closed_barred = self.locked = False
            return True
        if self.travelling or self.locked:
            return False
        target = {"to_source_1": 0, "to_source_2": 1, "open": None}[action]
        if target is not None and self.item.variant != "alts" and not self._healthy(target):
            return False
        return self._transfer(target, "command")

    def _transfer(self, target: int | None, cause: str) -> bool:
        """Begin a transfer; return whether that is possible."""
        if target == self.on or self.stuck:
            return True
        if self.item.variant == "sts" and self._out_of_phase(target):
            self._refuse("out of phase")
            return False
        closed = bool(self.settings["closed_transition"]) and not self.closed_barred
        if closed and target is not None and self.on is not None and self._fit(self.on):
            self._wait_for_sync(target, cause)
        else:
            self._open_transition(target, cause)
        return True

    def _out_of_phase(self, target: int | None) -> bool:
        """Return whether both sources are live and not in phase; a dead one has no phase."""
        alive = self.grid.gap(self.buses[0], self.buses[1]) is not None
        return target is not None and self.on is not None and alive and not self._in_sync()

    def _refuse(self, why: str) -> None:
        if why != self._refused:
            self._refused = why
            self.grid.say(self.id, "close_refused", f"{self.id} refused to transfer: {why}")

    def _open_transition(self, target: int | None, cause: str) -> None:
        self._disarm()
        left, wait_s = self.on, self._residual_wait_s()
        if left is not None and not self.pole_shorted:
            self.grid.move(self.poles[left], closed=False, cause=cause)
        self.travelling, self.target, self.on = True, target, None
        gap_s = max(self.ratings.get("transfer_s", TRANSFER_S[self.item.variant]), wait_s)
        self.grid.after(self.id, "arrive", gap_s, lambda: self._arrive(left, cause))

    def _residual_wait_s(self) -> float:
        """Return how long motors hold the load side above the limit of the 27R [s]."""
        volts = self.grid.v[self.buses[2]] if self.on is not None else 0.0
        tau_s = self._setting("residual_s", RESIDUAL_S)
        return tau_s * math.log(volts / RESIDUAL_PU) if volts > RESIDUAL_PU else 0.0

    def _arrive(self, left: int | None, cause: str) -> None:
        self.travelling = False
        if left is not None and self.grid.switches[self.poles[left]].closed:
            self.on, self.locked = left, True
            self._refuse("its pole still conducts")
            return
        self.on = self.target
        if self.on is not None:
            self.grid.move(self.poles[self.on], closed=True, cause=cause)
        self._tell(cause)

    def _tell(self, cause: str) -> None:
        self.count += 1
        self._refused = ""
        where = "open" if self.on is None else f"on source {self.on + 1}"
        self.grid.say(self.id, "transferred", f"{self.id} {where} ({cause})", cause=cause)

    # The closed transition.

    def _wait_for_sync(self, target: int, cause: str) -> None:
        self._disarm()
        self._waits = (target, cause)
        self.grid.after(self.id, "sync", float(self.settings["sync_window_s"]), self._give_up)
        self._try_sync()

    def _give_up(self) -> None:
        if self._waits is not None:
            (target, cause), self._waits = self._waits, None
            self.grid.say(self.id, "sync_expired", f"{self.id} found no synchronism")
            self._open_transition(target, cause)

    def _try_sync(self) -> None:
        assert self._waits is not None
        target, cause = self._waits
        gap = self.grid.gap(self.buses[0], self.buses[1])
        if self.on is None or not self._fit(self.on) or not self._fit(target):
            self._stop_waiting()
        elif gap is not None and gap.within():
            self._stop_waiting()
            left, self.on = self.on, target
            self.travelling = True
            self.grid.move(self.poles[target], closed=True, cause=cause)
            overlap_s = min(float(self.settings["overlap_s"]), OVERLAP_LIMIT_S)
            self.grid.after(self.id, "overlap", overlap_s, lambda: self._leave(left, cause))

    def _stop_waiting(self) -> None:
        self._waits = None
        self.grid.timers.cancel(self.id, "sync")

    def _leave(self, left: int, cause: str) -> None:
        if self.overlap_stuck:
            spent_s = min(float(self.settings["overlap_s"]), OVERLAP_LIMIT_S)
            left_s = OVERLAP_LIMIT_S - spent_s
            self.grid.after(self.id, "overlap", left_s, lambda: self._part(left))
            return
        self.travelling = False
        self.grid.move(self.poles[left], closed=False, cause=cause)
        self._tell(cause)

    def _part(self, kept: int) -> None:
        """Leave the source that was taken last: the other pole does not open."""
        self.travelling, self.closed_barred = False, True
        taken, self.on = 1 - kept, kept
        self.grid.move(self.poles[taken], closed=False, cause="overlap limit")
        self._refuse("overlap limit")

    # The own logic.

    def _disarm(self) -> None:
        self._armed = False
        for name in ("delay", "return"):
            self.grid.timers.cancel(self.id, name)

    def sense(self) -> bool:
        """Run the own logic."""
        if self._rests():
            return False
        if self._short_circuit():
            return False
        if self._waits is not None:
            self._try_sync()
            return False
        acting = self.selector == "test" or (self.selector == "auto" and self._own_logic())
        if self.travelling or self.on is None or self.locked or not acting:
            self._disarm()
            return False
        healthy = self._healthy(self.on)
        if healthy and self.on == self.preferred and self.selector != "test":
            if self._armed:
                self._disarm()
            return False
        return self._decide(self.on, healthy=healthy)

    def _rests(self) -> bool:
        """Return whether it stands where it should, and nothing is under way or to be judged."""
        if self.on is None or self.on != self.preferred or self.selector == "test":
            return False
        busy = self._armed or self._short or self.grid.faults or self._waits is not None
        return not busy and self._healthy(self.on)

    def _short_circuit(self) -> bool:
        """Return whether it carries a short circuit now; judge one that has just ended."""
        if self._carries_short():
            if not self._short:
                self._short = True
                self._disarm()
                if self.item.variant == "sts":
                    self.grid.after(self.id, "short", HALF_CYCLE_S, self._stop_firing)
            return True
        if self._short:
            self._short = False
            self.grid.timers.cancel(self.id, "short")
            if self.on is not None and not self.grid.live(self.buses[self.on]):
                self.locked = True
                self._refuse("short circuit behind it")
        return False

    def _carries_short(self) -> bool:
        grid = self.grid
        if not grid.faults or self.on is None:
            return False
        pole = self.poles[self.on]
        high = grid.switch_current_a[pole] > SHORT_PU * self.ratings["current_a"]
        return bool(high or grid.switch_residual_a[pole] > EARTH_A)

    def _stop_firing(self) -> None:
        if self.on is not None:
            self.grid.move(self.poles[self.on], closed=False, cause="short circuit")
        self.on, self.locked, self._short = None, True, False
        self._tell("short circuit")

    def _decide(self, on: int, *, healthy: bool) -> bool:
        other, delay = 1 - on, self._setting("transfer_delay_s", DELAY_S)
        tested = self.selector == "test" and on == self.preferred
        lost = self._fit(other) and (tested or not healthy)
        if lost and delay == 0.0:
            self._transfer(other, "own logic")
            return self.travelling
        self._arm("delay", delay, other, wanted=lost)
        back = self.selector == "auto" and on != self.preferred and self._fit(other) and healthy
        if self.item.variant == "sts":
            back = back and self._in_sync()
        if self.item.variant != "alts":
            self._arm("return", self._setting("return_s", RETURN_S), other, wanted=back)
        return False

    def _arm(self, name: str, delay_s: float, target: int, *, wanted: bool) -> None:
        if not wanted:
            self.grid.timers.cancel(self.id, name)
        elif not self.grid.timers.pending(self.id, name):
            self._armed = True
            self.grid.after(self.id, name, delay_s, lambda: self._transfer(target, "own logic"))

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Stick, or move a switch on the panel."""
        if event == "fail_to_transfer":
            self.stuck = True
        elif event == "pole_shorted":
            self.pole_shorted = True
        elif event == "overlap_stuck":
            self.overlap_stuck = True
        elif event in {"local", "remote"}:
            self.local = event == "local"
        else:
            self.selector = event

    def clear(self) -> None:
        """Free the mechanism and the panel."""
        self.stuck = self.local = self.pole_shorted = self.overlap_stuck = self.locked = False
        self.selector = "auto"
