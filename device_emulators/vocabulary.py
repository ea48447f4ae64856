"""The words of scenarios: what can be set of, done to and asked of equipment, by its nature.

Settings, events and quantities are those the device classes declare. What can be done beside the
plant stands in `faults.words`, what can be asked of buses here; tests hold the lists against the
plant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES
from daemon.settings.alarms import load_alarms
from daemon.settings.folders import config_dir
from device_emulators.devices.kinds import KINDS, events_of, quantities_of
from device_emulators.faults.words import (
    OF_CIRCUITS,
    OF_DAEMON,
    OF_GATEWAYS,
    OF_INSTRUMENTS,
    OF_OPERATOR,
    OF_SCHEDULER,
    SHORTED,
    points_of,
)
from device_emulators.plant.elements import HAPPENINGS
from device_emulators.scenario_checks import Vocabulary
from device_emulators.selection import BUS, DAEMON, GATEWAY, OPERATOR, SCHEDULER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OF_BUSES: Final = ("live", "voltage_pu", "frequency_hz", "fault_current_a", "earths_count")
"""What can be asked of a bus."""


def vocabulary(alarms: Iterable[str] | None = None) -> Vocabulary:
    """Return the words for every nature.

    Args:
        alarms: classes of alarms, where a site has others than those that are shipped.
    """
    if alarms is None:
        alarms, _ = load_alarms(config_dir() / "alarms")
    events: dict[str, Mapping[str, tuple[str, ...]]] = {
        nature: {**events_of(nature), **_beside(nature)} for nature in KINDS
    }
    events |= {BUS: {**OF_CIRCUITS, "clear": ()}}
    asked = {nature: (*NATURES[nature].points, *quantities_of(nature)) for nature in KINDS}
    events |= {GATEWAY: OF_GATEWAYS, DAEMON: OF_DAEMON}
    events |= {OPERATOR: OF_OPERATOR, SCHEDULER: OF_SCHEDULER}
    return Vocabulary(
        settings={nature: tuple(kind.DEFAULTS) for nature, kind in KINDS.items()},
        events=events,
        quantities={**asked, BUS: OF_BUSES},
        happenings=HAPPENINGS,
        alarms=frozenset(alarms),
    )


def _beside(nature: str) -> Mapping[str, tuple[str, ...]]:
    """Return what can be done to equipment of a nature from outside."""
    shorted = OF_CIRCUITS if nature in SHORTED else {}
    return {**shorted, **(OF_INSTRUMENTS if points_of(nature) else {})}
