"""The dashboards, one file each; `ALL` in the order in which a person goes through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana.sheets import (
    alarms,
    daemon_health,
    device,
    efficiency,
    generation,
    load,
    power_path,
    storage,
    utility,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grafana_foundation_sdk.models.dashboard import Dashboard

ALL: Final[Mapping[str, Callable[[], Dashboard]]] = {
    "l1_power_path": power_path.make,
    "l2_utility": utility.make,
    "l2_ups_and_storage": storage.make,
    "l2_generation": generation.make,
    "l2_ai_load_and_grid_code": load.make,
    "l2_efficiency_and_pue": efficiency.make,
    "l3_device": device.make,
    "alarms": alarms.make,
    "daemon_health": daemon_health.make,
}
