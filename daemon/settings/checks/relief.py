"""Can every load be given up in its turn, and told to end in order before its storage does?

The order in which loads go is the priorities of the site file. A rack that belongs to no row, a row
that cannot be capped or an IT rack that cannot be told to shut down would be missed by it. So would
a rack whose row goes at another priority than its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.settings.findings import Finding, choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.points import Profile
    from daemon.settings.forms import EquipmentForm, PlantForm


def check_relief(plant: PlantForm, profiles: Mapping[str, Profile | None]) -> Iterator[Finding]:
    """Yield the loads that caps, shedding and orderly shutdown would miss.

    Args:
        plant: the entries that fit their forms.
        profiles: every device map there is; None where its own problems keep it from loading.
    """
    rows = {i: e for i, e in plant.equipment.items() if e.nature == "rack_row"}
    for id_, form in plant.equipment.items():
        at = ("equipment", id_)
        match form.nature:
            case "rack_row":
                yield from _deaf(id_, form, profiles, ("power_cap_pu", "command"))
            case "it_rack":
                yield from _deaf(id_, form, profiles, ("command",))
            case "ai_rack" if not form.group:
                text = f"{id_} belongs to no row: it can be neither capped nor shed"
                yield Finding((*at, "group"), text, choices(rows))
            case "ai_rack" if form.group in rows:
                row = rows[form.group]
                if row.priority is not None and row.priority != form.priority:
                    text = f"{id_} goes with {form.group}, which has priority {row.priority}"
                    yield Finding((*at, "priority"), text, str(row.priority))
            case _:
                pass


def _deaf(
    id_: str,
    form: EquipmentForm,
    profiles: Mapping[str, Profile | None],
    needed: tuple[str, ...],
) -> Iterator[Finding]:
    """Yield what a load with a device, or without one, cannot be told."""
    if form.device is None:
        text = f"{id_} has no device: it cannot be told to shut down in order"
        yield Finding(("equipment", id_, "device"), text)
    elif profile := profiles.get(form.device.profile):
        for name in needed:
            if name not in profile.points:
                text = f"{form.device.profile} has no {name}: {id_} cannot be told what it must do"
                yield Finding(("equipment", id_, "device", "profile"), text)
