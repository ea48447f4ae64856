"""Does what is stored last until a failed start is known and the load has ended in order?

Behind each path the same programme has to be lived through at rated load:

    outage.confirm_s + crank programme + load blocks + shutdown time + margin

Crank programme and load blocks count where a scheme has sets; the shutdown takes
`autonomy.shutdown_s`. A UPS and a rectifier carry what the balance puts on them in the worst of its
cases. Rows of AI racks draw their rating, or `caps.storage_cap_pu` of it where the daemon can cap
them: on their own batteries and their share of the DC storage that is normally joined to them.

Source: own derivation; reserve of a critical load, plant of reference: 78 s until the failure is
known and 222 s of orderly shutdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.plant import MainTieMainScheme
from daemon.settings.checks.balance import carry
from daemon.settings.checks.timers import CRANK_PROGRAMME_S
from daemon.settings.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.step import Control
    from daemon.model.plant import Equipment, Site
    from daemon.settings.forms import BalanceForm

_SECONDS_PER_HOUR: Final = 3600.0


class Programme(NamedTuple):
    """What has to be lived through.

    Attributes:
        seconds: all of it [s].
        parts: the same as a sum, for people.
    """

    seconds: float
    parts: str


class RowOnStorage(NamedTuple):
    """A row of AI racks that storage alone carries.

    Attributes:
        id: of the row.
        drawn_w: what it draws then, capped where the daemon caps it [W].
        own_wh: in the batteries of its racks [Wh].
        stores: ids of the DC storage that is normally joined to it.
    """

    id: str
    drawn_w: float
    own_wh: float
    stores: tuple[str, ...]


def check_endurance(site: Site, balance: BalanceForm, control: Control) -> Iterator[Finding]:
    """Yield the storage that is empty before the programme of a failed start is over."""
    programme = programme_of(site, control)
    yield from _check_backups(site, balance, control, programme)
    yield from _check_rows(site, control, programme)


def programme_of(site: Site, control: Control) -> Programme:
    """Return what storage of a site has to last for."""
    parts = [("to confirm the outage", control.outage.confirm_s)]
    boards = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme) and s.sets]
    if boards:
        times = control.main_tie_main
        sections = max(len(board.sections) for board in boards)
        blocks_s = times.sets_wait_s + sections * times.between_blocks_s
        parts += [("of cranking", CRANK_PROGRAMME_S), ("of load blocks", blocks_s)]
    parts += [
        ("of shutdown", control.autonomy.shutdown_s),
        ("of margin", control.shutdown.margin_s),
    ]
    said = " + ".join(f"{seconds:g} s {what}" for what, seconds in parts)
    return Programme(sum(seconds for _, seconds in parts), said)


def _check_backups(
    site: Site, balance: BalanceForm, control: Control, programme: Programme
) -> Iterator[Finding]:
    """Yield the UPS and rectifiers whose own battery is too small."""
    worst_w: dict[str, float] = {}
    for case in ((), *balance.n_minus_1):
        for id_, loading in carry(site, balance, case).loading.items():
            worst_w[id_] = max(worst_w.get(id_, 0.0), loading.carried_va)
    for item in site.of_nature("ups", "rectifier"):
        if load_w := worst_w.get(item.id, 0.0):
            stored_wh = item.ratings["energy_wh"] + item.ratings.get("flywheel_wh", 0.0)
            lasts_s = stored_wh * control.autonomy.efficiency_pu * _SECONDS_PER_HOUR / load_w
            if lasts_s < programme.seconds:
                needed_wh = stored_wh * programme.seconds / lasts_s
                yield _too_little(item.id, "energy_wh", lasts_s, load_w, programme, needed_wh)


def _check_rows(site: Site, control: Control, programme: Programme) -> Iterator[Finding]:
    """Yield the rows whose batteries and DC storage are too small for them."""
    rows = rows_on_storage(site, control)
    joined_w = {
        store: sum(row.drawn_w for row in rows if store in row.stores)
        for row in rows
        for store in row.stores
    }
    efficiency_pu = control.autonomy.efficiency_pu
    for row in rows:
        own_wh = row.own_wh * efficiency_pu
        shared_wh = shared_w = 0.0
        for store in row.stores:
            ratings = site.equipment[store].ratings
            share = row.drawn_w / joined_w[store]
            shared_wh += ratings["energy_wh"] * efficiency_pu * share
            shared_w += ratings["power_w"] * share
        lasts_s = _lasting_s(own_wh, shared_wh, row.drawn_w, shared_w)
        if lasts_s < programme.seconds:
            needed_wh = programme.seconds * row.drawn_w / _SECONDS_PER_HOUR
            yield _too_little(row.id, "", lasts_s, row.drawn_w, programme, needed_wh)


def rows_on_storage(site: Site, control: Control) -> list[RowOnStorage]:
    """Return what every row of AI racks draws and has while storage alone carries it."""
    racks: dict[str, list[Equipment]] = {}
    for rack in site.of_nature("ai_rack"):
        racks.setdefault(rack.group or rack.id, []).append(rack)
    island = _islands(site)
    found = []
    for row, members in racks.items():
        reach = {island[bus] for rack in members for bus in rack.buses}
        stores = [store.id for store in site.of_nature("ess") if island[store.buses[0]] in reach]
        own_wh = sum(rack.ratings["battery_wh"] for rack in members)
        drawn_w = _drawn_w(site, row, members, control)
        found.append(RowOnStorage(row, drawn_w, own_wh, tuple(stores)))
    return found


def _drawn_w(site: Site, row: str, racks: list[Equipment], control: Control) -> float:
    """Return what a row draws from storage: capped where the daemon caps it [W]."""
    item = site.equipment[row]
    capped = item.nature == "rack_row" and item.device is not None
    cap_pu = control.caps.storage_cap_pu if capped else 1.0
    return cap_pu * sum(rack.ratings["power_w"] for rack in racks)


def _lasting_s(own_wh: float, shared_wh: float, power_w: float, shared_w_max: float) -> float:
    """Return how long own and shared storage carry a load together [s]."""
    together_s = (own_wh + shared_wh) * _SECONDS_PER_HOUR / power_w
    if power_w <= shared_w_max:
        return together_s
    return min(together_s, own_wh * _SECONDS_PER_HOUR / (power_w - shared_w_max))


def _islands(site: Site) -> dict[str, str]:
    """Return for every bus the name of what it is normally joined to over switches."""
    joined: dict[str, list[str]] = {bus: [] for bus in site.buses}
    for item in site.of_nature("breaker", "cable"):
        if item.normally == "closed":
            one, other = item.buses
            joined[one].append(other)
            joined[other].append(one)
    island: dict[str, str] = {}
    for first in joined:
        waiting = [first]
        while waiting:
            bus = waiting.pop()
            if bus not in island:
                island[bus] = first
                waiting += joined[bus]
    return island


def _too_little(
    id_: str, rating: str, lasts_s: float, load_w: float, programme: Programme, needed_wh: float
) -> Finding:
    text = (
        f"{id_} lasts {lasts_s:.0f} s at {load_w / 1e3:.0f} kW, "
        f"its start programme {programme.seconds:.0f} s ({programme.parts})"
    )
    at = ("equipment", id_, "ratings", rating) if rating else ("equipment", id_)
    return Finding(at, text, f"from {needed_wh / 1e3:.0f} kWh", at_key=not rating)
