"""A plant that is moved by hand, without any daemon, in front of an oracle."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from daemon.model.events import AlarmTransition
from daemon.model.quantities import ns
from daemon.rehearsal.simulation.observer import Scene, Verdict
from daemon.settings import SiteFile, load
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from device_emulators.play import Play
from device_emulators.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.rehearsal.oracles.oracle import Oracle


site_file = cache(lambda: load("ai_hall"))


class Course:
    """Scenario time of a plant, seen by one oracle."""

    def __init__(
        self,
        oracle: Oracle,
        *happenings: Mapping[str, Any],
        for_s: float = 300.0,
        found: SiteFile | None = None,
    ) -> None:
        """Begin with everything normal; `happenings` are those of the scenario format."""
        found = found or site_file()
        text = {"scenario": "t", "description": "t", "for_s": for_s, "timeline": list(happenings)}
        scenario = Scenario.model_validate(text)
        self.plant = Plant(found.site)
        self.oracle = oracle
        self.origin_ns = self.plant.now_ns
        self._play = Play(found.site, Instruments(self.plant), scenario, out=lambda _: None)
        self._play.listeners.append(oracle.happened)
        self._play.begin(0)
        oracle.begin(Scene(found, scenario, self.plant, self.origin_ns, for_s))
        self.plant.watchers.append(lambda: oracle.look(self.plant.now_ns))

    def at(self, at_s: float) -> Course:
        """Play up to a scenario time [s]."""
        self._play.advance(self.origin_ns + ns(at_s))
        return self

    def device(self, id_: str) -> Any:
        """Return a device."""
        return self.plant.devices[id_]

    def operate(self, breaker: str, action: str, cause: str = "command") -> None:
        """Move a breaker; the cause says who did."""
        assert self.device(breaker).operate(action, cause), breaker

    def alarm(self, alarm_id: str, at_s: float, *, active: bool = True, state: str = "B") -> None:
        """Let the daemon say something about an alarm."""
        class_, _, source = alarm_id.partition(":")
        at_ns = self.origin_ns + ns(at_s)
        item = AlarmTransition(
            at_ns, at_ns, alarm_id, 1, state if active else "A", 2, class_, source, "", 0.0, 0.0,
            "", 0, active, False, alarm_id, "",
        )  # fmt: skip
        self.oracle.told([item])

    @property
    def verdict(self) -> Verdict:
        """Return what the oracle finds now."""
        (found,) = self.oracle.verdicts(self.plant.now_ns)
        return found


def happens(at_s: float, target: str, event: str, **values: float | str) -> dict[str, Any]:
    """Return a happening."""
    return {"at_s": at_s, "target": target, "event": event, **values}
