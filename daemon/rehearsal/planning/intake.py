"""From the grid to the blocks: what all of them share.

Up to 20 MW the blocks stand at the two feeds of the reference hall, 15.4 kV. Above that the grid
comes at 154 kV to two buses, and every block has a transformer from each of them to feeds of its
own. Either way each block chooses its feed by itself.
"""

from __future__ import annotations

from typing import Any, Final

from daemon.rehearsal.planning.blocks import Section, scaled

MEDIUM_VOLTAGE_W_MAX: Final = 20e6
"""Above this the grid comes at 154 kV [W]."""
GRID_V: Final = 154e3
SHORT_CIRCUIT_VA: Final = 5e9
"""At 154 kV, 19 kA. Source: own assumption, half of what usual switchgear breaks."""
IMPEDANCE_PU: Final = 0.10
GATEWAY: Final = "GW-GRID"
FEEDS: Final = ("A", "B")
_STAYS: Final = ("U-{0}", "R-U{0}", "M-U{0}")
_PICKUP: Final = 1.3
"""Over-current pick-up of a transformer by its rated current, above the feeder below it."""


def shared_feeds(hall: Section, share_pu: float) -> Section:
    """Return the two feeds of the hall, for several blocks, with what measures them.

    Args:
        hall: the reference hall.
        share_pu: power of all blocks by that of the reference hall.
    """
    found = _empty()
    for number, side in enumerate(FEEDS):
        found["buses"][f"U{side}"] = dict(hall["buses"][f"U{side}"])
        for place, name in enumerate(_STAYS):
            id_ = name.format(side)
            item = dict(hall["equipment"][id_])
            if "device" in item:
                item["device"] = item["device"] | {"gateway": GATEWAY, "unit": 2 * place + number}
            else:
                item["ratings"] = scaled(item["ratings"], share_pu)
            found["equipment"][id_] = item
    return found


def grid_feeds(hall: Section, share_pu: float) -> Section:
    """Return two feeds at 154 kV with what measures them."""
    found = shared_feeds(hall, share_pu)
    for side in FEEDS:
        found["buses"][f"G{side}"] = found["buses"].pop(f"U{side}") | {
            "voltage_v": GRID_V,
            "area": "grid intake",
            "earthing": "solid",
        }
        for name in _STAYS:
            item = found["equipment"][name.format(side)]
            item["buses"] = [f"G{side}"]
            if "device" in item:
                profile = item["device"]["profile"].partition("/")[0] + "/generic_hv"
                item["device"] = item["device"] | {"profile": profile}
            else:
                item["ratings"] = item["ratings"] | {"short_circuit_va": SHORT_CIRCUIT_VA}
    return found


def transformers(hall: Section, prefix: str, share_pu: float) -> Section:
    """Return what brings both feeds from 154 kV to one block: a breaker and a transformer each."""
    found = _empty()
    gateway = f"{prefix}GW-TX"
    rating = scaled(hall["equipment"]["TX-P-A"]["ratings"], share_pu)
    rated_a = rating["power_va"] / (3**0.5 * GRID_V)
    template = hall["equipment"]["52-GCB-UA"]
    free = 1 + sum(
        (item.get("device") or {}).get("gateway") == "GW-TX" for item in hall["equipment"].values()
    )
    for number, side in enumerate(FEEDS):
        between = f"{prefix}T{side}"
        found["buses"][between] = {
            "kind": "ac",
            "voltage_v": GRID_V,
            "area": "grid intake",
            "earthing": "solid",
        }
        found["equipment"][f"{prefix}52-GCB-G{side}"] = {
            **template,
            "buses": [f"G{side}", between],
            "ratings": template["ratings"]
            | {
                "breaking_a": 31.5e3,
                "pickup_51_a": round(_PICKUP * rated_a),
                "time_multiplier_51_pu": 0.33,
            },
            "device": {
                "profile": "breaker/generic_hv",
                "gateway": gateway,
                "unit": free + 2 * number,
                "scan": "slow",
            },
        }
        found["equipment"][f"{prefix}TX-G-{side}"] = {
            **hall["equipment"]["TX-P-A"],
            "buses": [between, f"{prefix}U{side}"],
            "ratings": rating | {"impedance_pu": IMPEDANCE_PU},
            "device": hall["equipment"]["TX-P-A"]["device"]
            | {"gateway": gateway, "unit": free + 2 * number + 1},
        }
    return found


def _empty() -> dict[str, dict[str, Any]]:
    return {"buses": {}, "equipment": {}}
