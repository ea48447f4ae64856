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
    from collections.abc import Mapping

    from grafana_foundation_sdk.models.dashboard import Dashboard

ALL: Final[Mapping[str, Dashboard]] = {
    "l1_power_path": power_path.SHEET,
    "l2_utility": utility.SHEET,
    "l2_ups_and_storage": storage.SHEET,
    "l2_generation": generation.SHEET,
    "l2_ai_load_and_grid_code": load.SHEET,
    "l2_efficiency_and_pue": efficiency.SHEET,
    "l3_device": device.SHEET,
    "alarms": alarms.SHEET,
    "daemon_health": daemon_health.SHEET,
}
