"""A site of a demand that is asked for, out of power blocks.

As few blocks as will do, all of one size, none above the reference hall and so none above 20 MW.
Up to one block the site is the hall itself, made smaller.
"""

from __future__ import annotations

import math
from typing import Final

from daemon.rehearsal.planning import blocks, intake
from daemon.rehearsal.planning.blocks import RACKS_PER_ROW, Section, Size
from daemon.settings.checks.balance import carry
from daemon.settings.document import read
from daemon.settings.folders import site_path
from daemon.settings.forms import BalanceForm
from daemon.settings.site_file import load

HALL: Final = "ai_hall"
SITE_MW: Final = (1.0, 300.0)
"""Smallest and largest demand of a site [MW]."""
RACK_KW: Final = (30.0, 130.0)
"""Smallest and largest rated power of a rack [kW]."""
FIRST_PORT: Final = 20_001


def generate(demand_w: float, rack_w: float) -> Section:
    """Return the sections of a site file.

    Args:
        demand_w: what the site takes from the grid at full load [W].
        rack_w: rated power of a rack of accelerators [W].

    Raises:
        ValueError: out of range; names the valid values.
    """
    _mind("site", "MW", demand_w / 1e6, SITE_MW)
    _mind("rack", "kW", rack_w / 1e3, RACK_KW)
    hall = _sections()
    hall_w = _demand_w()
    count = math.ceil(demand_w / hall_w)
    share_pu = round(demand_w / count / hall_w, 3)  # plates bear round numbers
    size = Size(share_pu, _rows(hall, share_pu, rack_w), rack_w)
    block = blocks.sized(hall, size)
    site = dict(block) if count == 1 else _several(hall, block, count, share_pu)
    site["site"] = {
        "id": f"site_{demand_w / 1e6:g}mw".replace(".", "_"),
        "name": f"Site of {demand_w / 1e6:g} MW in {count} block{'s' * (count > 1)}",
        "frequency_hz": hall["site"]["frequency_hz"],
    }
    site["contract"] = blocks.scaled(hall["contract"], share_pu * count)
    site["north"] = hall["north"]
    _number_ports(site)
    order = ("site", "buses", "gateways", "equipment", "schemes", "contract", "balance")
    return {name: site[name] for name in (*order, "emulation", "north") if site.get(name)}


def _mind(what: str, unit: str, value: float, valid: tuple[float, float]) -> None:
    low, high = valid
    if not low <= value <= high:
        raise ValueError(f"a {what} of {value:g} {unit} (valid: {low:g} to {high:g} {unit})")


def _sections() -> Section:
    """Return the reference hall as it is written, merges carried out."""
    data: Section = read(site_path(HALL)).data
    return {key: value for key, value in data.items() if not key.startswith("x-")}


def _demand_w() -> float:
    """Return what the reference hall takes at rated demand [W]."""
    site = load(HALL).site
    flow = carry(site, BalanceForm(**_sections()["balance"]))
    return sum(flow.demand_w[item.buses[0]] for item in site.of_nature("utility"))


def _rows(hall: Section, share_pu: float, rack_w: float) -> int:
    """Return how many rows of racks a block feeds.

    Raises:
        ValueError: more than its boards have breakers for.
    """
    racks = [i for i in hall["equipment"].values() if i["nature"] == "ai_rack"]
    power_w: float = sum(rack["ratings"]["power_w"] for rack in racks) * share_pu
    rows = max(1, math.floor(power_w / (RACKS_PER_ROW * rack_w) + 1e-9))
    most = blocks.rows_max(hall)
    if rows > most:
        least = math.ceil(power_w / most / RACKS_PER_ROW / 1e3)
        raise ValueError(f"racks of {rack_w / 1e3:g} kW make {rows} rows (valid: {least} kW up)")
    return rows


def _several(hall: Section, block: Section, count: int, share_pu: float) -> Section:
    """Return blocks side by side on feeds that they share."""
    high = share_pu * count * _demand_w() > intake.MEDIUM_VOLTAGE_W_MAX
    feeds = intake.grid_feeds if high else intake.shared_feeds
    site: Section = {"gateways": {}, "schemes": {}, **feeds(hall, share_pu * count)}
    grid = {"protocol": "modbus_tcp", "host": "127.0.0.1", "port": 0, "mirror": True}
    site["gateways"][intake.GATEWAY] = grid
    site["balance"] = {"unlisted_w": {}, "n_minus_1": []}
    site["emulation"] = {}
    shared = frozenset(site["equipment"]) | frozenset(site["buses"])
    own = {**block, **{s: _without(block[s], site[s], high) for s in ("buses", "equipment")}}
    for number in range(1, count + 1):
        prefix = f"B{number:02}-"
        part = blocks.renamed(own, prefix, frozenset() if high else shared)
        if high:
            for name, entries in intake.transformers(hall, prefix, share_pu).items():
                part[name] |= entries
            _judge_by_the_grid(part)
        _join(site, part)
    # All chillers cool one tank: it grows with them.
    of_block = block["emulation"].get("site", {})
    site["emulation"]["site"] = {**of_block, "tank_l": count * of_block["tank_l"]}
    return site


def _without(entries: Section, shared: Section, high: bool) -> Section:
    """Return the part of a block that is its own."""
    gone = {"U-A", "U-B"} if high else set(shared)
    return {id_: entry for id_, entry in entries.items() if id_ not in gone}


def _judge_by_the_grid(part: Section) -> None:
    """Let each block judge a feed by the relay at the grid."""
    for scheme in part["schemes"].values():
        if scheme["kind"] == "intake":
            scheme["relays"] = [f"R-U{side}" for side in intake.FEEDS]


def _join(site: Section, part: Section) -> None:
    for name in ("buses", "gateways", "equipment", "schemes", "emulation"):
        site[name] |= part[name]
    balance = part["balance"]
    site["balance"]["power_factor_pu"] = balance["power_factor_pu"]
    site["balance"]["unlisted_w"] |= balance["unlisted_w"]
    # Blocks stand alone behind their feeds: what every one of them loses at once is as good a test
    # as one after the other, and is looked through in a fraction of the time.
    cases = site["balance"]["n_minus_1"] or [[] for _ in balance["n_minus_1"]]
    for case, lost in zip(cases, balance["n_minus_1"], strict=True):
        case += [id_ for id_ in lost if id_ not in case]
    site["balance"]["n_minus_1"] = cases


def _number_ports(site: Section) -> None:
    for number, gateway in enumerate(site["gateways"].values()):
        gateway["port"] = FIRST_PORT + number
