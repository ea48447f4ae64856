"""The plant in one line, for people who watch it run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.selection import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.model.plant import Site
    from device_emulators.judge import Witness


_FEW: Final = 4
"""Of more than this, the lowest alone is shown."""


def summary(site: Site, plant: Witness) -> str:
    """Return sources, stores and loads of the plant as they are now; only what the site has."""
    return " | ".join(_parts(site, plant))


def _ids(site: Site, *natures: str) -> list[str]:
    return [item.id for item in site.of_nature(*natures)]


def _parts(site: Site, plant: Witness) -> Iterator[str]:
    def total_mw(ids: Iterable[str], point: str = "power_w") -> str:
        return f"{abs(sum(plant.quantity(id_, point) for id_ in ids)) / 1e6:.1f} MW"

    def stage(id_: str, point: str = "stage") -> str:
        return words_of(site.equipment[id_].nature, point)[int(plant.quantity(id_, point))]

    if utilities := _ids(site, "utility"):
        yield " ".join(
            f"{id_} {'live' if plant.quantity(id_, 'energised') else 'dead'}" for id_ in utilities
        )
    if sets := _ids(site, "generator"):
        loaded = [id_ for id_ in sets if stage(id_) == "loaded"]
        others = sorted({stage(id_) for id_ in sets if id_ not in loaded} - {"stopped"})
        said = f" {', '.join(others)}" if others else ""
        yield f"DG {len(loaded)}/{len(sets)} {total_mw(loaded)}{said}"
    if ups := _ids(site, "ups"):
        lowest = min(plant.quantity(id_, "soc_pu") for id_ in ups)
        stages = " ".join(dict.fromkeys(stage(id_) for id_ in ups))
        yield f"UPS {stages} {100 * lowest:.0f} %"
    if stores := _ids(site, "ess"):
        shares = [100 * plant.quantity(id_, "soc_pu") for id_ in stores]
        shown = shares if len(shares) <= _FEW else [min(shares)]
        charge = " ".join(f"{share:.0f} %" for share in shown)
        power_mw = -sum(plant.quantity(id_, "power_w") for id_ in stores) / 1e6
        yield f"ESS {power_mw + 0.0:.1f} MW {charge}"
    if rows := _ids(site, "rack_row"):
        cap = min(plant.quantity(id_, "power_cap_pu") for id_ in rows)
        racks = _ids(site, "ai_rack")
        running = sum(stage(id_) == "running" for id_ in racks)
        lowest = min((plant.quantity(id_, "soc_pu") for id_ in racks), default=0.0)
        yield (
            f"racks {running}/{len(racks)} {total_mw(racks)} cap {100 * cap:.0f} %"
            f" battery {100 * lowest:.0f} %"
        )
    efficiency = plant.efficiency_now
    if whole := [c for c in efficiency.chains if c.efficiency_pu is not None]:
        yield ", ".join(f"{c.name} {100 * (c.efficiency_pu or 0.0):.1f} %" for c in whole)
    if efficiency.pue_pu is not None:
        yield f"PUE {efficiency.pue_pu:.2f}"
