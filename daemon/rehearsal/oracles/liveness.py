"""After everything has healed the site finds back to its normal state by itself.

Judged at the end of the run, when the last fault has been gone for the time the site's settings
ask for (stability of the utility, synchronising and blocks of every section, walk-in; after other
faults than the utility's the pause before a breaker is tried again; `STAYED_S` where no section
ever left its mains): every section is fed by its mains, every critical load that runs is fed, UPS,
rectifiers and converters carry it from their inputs, no store discharges, no cap remains, nothing
travels or seeks synchronism, no board acts by its own logic. Later still, when they have cooled
down, the sets are off the bus and at rest.

What waits for a person (86, 50BF, a failed set, emergency off, a row that was shut down) is left
out, with everything that depends on it: then only that the loads are fed is asked. An intake whose
feed tripped on a fault that may stand behind it waits as well (`oneline`): bringing the other feed
there would be closing onto the fault. The sections then have no way to their mains, and the sets
that carry them meanwhile need not come to rest. That a person is told what to reset, `alarms` asks.

Cannot see: whether it came back in the best order. Before the time has come, or while a fault stays
to the end, nothing is judged, and the verdict says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import seconds
from daemon.rehearsal.oracles.oneline import OneLine
from daemon.rehearsal.oracles.oracle import Oracle
from daemon.rehearsal.oracles.timeline import NEVER_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.rehearsal.simulation.observer import Scene, Verdict
    from device_emulators.plant.live import Live

STAYED_S: Final = 20.0
"""Walk-in of converters and lifting of caps, where the mains were never left [s]."""
AT_REST: Final = frozenset({"stopped", "cooling_down", "fault"})
SERVING: Final = {
    "ups": frozenset({"normal", "fault"}),
    "rectifier": frozenset({"normal", "fault"}),
    "hvdc": frozenset({"running", "fault"}),
}
CAP_PU: Final = 0.99


class Liveness(Oracle):
    """Everything is back to normal when its time has come."""

    name: ClassVar = "liveness"

    def begin(self, scene: Scene) -> None:
        """Work out when what is due."""
        super().begin(scene)
        self._oneline = OneLine(scene)
        control = scene.site_file.control
        board, start = control.main_tie_main, control.start
        schemes = self.site.schemes.values()
        self._boards = [s for s in schemes if isinstance(s, MainTieMainScheme)]
        sections = sum(len(s.sections) for s in self._boards)
        self._supply_s = (
            control.outage.return_stable_s
            + board.mains_settle_s
            + sections * (board.sync_s + board.between_blocks_s)
            + 1.0
        )
        if any(f.nature != "utility" for f in self.timeline.faults):
            self._supply_s += board.again_s  # a breaker may have to be tried again
        cool_s = max(
            (float(d.settings["cool_down_s"]) for d in self.devices("generator")), default=0.0
        )
        self._sets_s = self._supply_s + start.unload_s + start.open_s + start.cool_s + cool_s + 5.0

        self._left_mains = False
        self._topology: Live | None = None

    def look(self, now_ns: int) -> None:
        """Note whether any section has ever left its mains."""
        if self.grid.live_part is not self._topology:
            self._topology = self.grid.live_part
            self._left_mains |= any(True for _ in self._off_mains())

    def verdicts(self, now_ns: int) -> Iterable[Verdict]:
        """Judge the plant as it is at the end."""
        healed_ns = self.timeline.healed_ns
        rested_s = seconds(now_ns - healed_ns) if healed_ns < NEVER_NS else -1.0
        due_s = self._supply_s if self._left_mains else STAYED_S
        if healed_ns and rested_s < due_s:
            why = "a fault stays" if rested_s < 0.0 else f"healed for {rested_s:.0f} s"
            self.unjudged = f"not judged: {why}, due after {due_s:.0f} s"
            return super().verdicts(now_ns)
        wrong = [*self._loads(), *self._boards_wrong()]
        if not healed_ns or rested_s >= self._sets_s:
            wrong += self._sets()
        for text in wrong:
            self.blame(now_ns, text)
        return super().verdicts(now_ns)

    def _waits(self, scheme: MainTieMainScheme) -> bool:
        """Return whether something of a board waits for a person."""
        ids = [scheme.intake, scheme.tie, *scheme.sets.values()]
        for section in scheme.sections:
            ids += [section.main, section.generator_feeder, section.upstream]
        devices: list[Any] = [self.plant.devices[id_] for id_ in ids if id_]
        flags = ("lockout_86", "failure_50bf", "emergency_off")
        return any(d.flags[f] for d in devices for f in flags)

    def _loads(self) -> Iterator[str]:
        mains, _ = self._oneline.reach()
        for device in self.devices("ai_rack", "it_rack"):
            stage = device.item.kind.points["stage"].states[int(device.read("stage"))]
            loads = device.item.critical and stage in {"running", "starting"}
            possible = any(bus in mains for bus in device.buses)
            fed = any(self.grid.v_pu[bus] >= 0.85 for bus in device.buses)
            if loads and possible and not fed:
                yield f"{device.id} is not fed"

    def _off_mains(self) -> Iterator[str]:
        for scheme in self._boards:
            for section in scheme.sections:
                leader = self.grid.leader(self.grid.bus[section.bus])
                if leader is None or self.site.equipment[leader.id].nature != "utility":
                    yield f"{section.bus} is not fed by the utility"
                if not self._closed(section.main) or self._closed(section.generator_feeder):
                    yield f"{section.bus} is not on its main"

    def _boards_wrong(self) -> Iterator[str]:
        mains, _ = self._oneline.reach()
        sections = [section for scheme in self._boards for section in scheme.sections]
        if any(self._waits(scheme) for scheme in self._boards) or not all(
            self.grid.bus[section.bus] in mains for section in sections
        ):
            return
        yield from self._off_mains()
        for scheme in self._boards:
            controller: Any = self.plant.devices[scheme.controller]
            if scheme.authority == "daemon" and controller.stage != "inhibited":
                yield f"{scheme.controller} acts by its own logic"
        yield from self._converters()
        yield from self._stuck()

    def _closed(self, breaker: str) -> bool:
        device: Any = self.plant.devices[breaker]
        return bool(device.closed)

    def _converters(self) -> Iterator[str]:
        mains, _ = self._oneline.reach()
        for nature, stages in SERVING.items():
            for device in self.devices(nature):
                normal = device.item.normally != "out_of_service"
                if normal and device.buses[0] in mains and device.stage not in stages:
                    yield f"{device.id} is in {device.stage}"
        for row in self.devices("rack_row"):
            running = row.read("stage") == 0.0
            if running and row.setpoints["power_cap_pu"] < CAP_PU:
                yield f"{row.id} is still capped at {row.setpoints['power_cap_pu']:.2f}"
        if self.grid.racks is not None and self.grid.racks.giving:
            yield "racks still discharge"

    def _stuck(self) -> Iterator[str]:
        for breaker in self.devices("breaker"):
            pending = any(
                self.grid.timers.pending(breaker.id, name) for name in ("opened", "closed")
            )
            if breaker.waits_for_sync or (breaker.position.name == "TRAVELLING" and not pending):
                yield f"{breaker.id} has not arrived"
        for switch in self.devices("transfer_switch"):
            if switch.on is None and switch.item.normally != "open" and not switch.travelling:
                yield f"{switch.id} is on no source"

    def _sets(self) -> Iterator[str]:
        mains, _ = self._oneline.reach()
        for scheme in self._boards:
            offered = all(self.grid.bus[section.bus] in mains for section in scheme.sections)
            if self._waits(scheme) or not offered:
                continue
            for set_id, breaker in scheme.sets.items():
                device: Any = self.plant.devices[set_id]
                if device.stage not in AT_REST or self._closed(breaker):
                    yield f"{set_id} is still {device.stage}"
