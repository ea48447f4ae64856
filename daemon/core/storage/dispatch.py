"""Set-points of AC storage: help the sets when they are short, else be refilled.

By what feeds the section that the storage is joined to (`supply.feeds` of the switching lane):

- *generators*, or the *island* of other sources: what these would have to give beyond `support_pu`
  of their rating is discharged instead, while the charge is above `floor_pu`; when they have room
  and no load is given up or left on its own storage, at most `recharge_on_sets_w` goes into it.
- *utility*: refill to `target_pu` with at most `recharge_w`, within what the contract still allows
  of the import. An import that is not known allows nothing.
- *nothing*, itself, or not known: zero. A storage that follows the grid has none to follow. Before
  the switching lane has said a word nothing is known, and nothing is asked for: a daemon that
  starts may find storage that stands for a job.

Whether a storage holds its section by itself is decided by the switching lane
(`generation.forming`); from here it is told so, for as long as that lane wants it.

What the sets cannot bear, and what there is nothing to follow for, are bounds; a refill is a
preference, and a person who sets the storage otherwise within these bounds, and within the export
that the contract allows, has the say.

Powers are as measured, or as estimated where their meter is not believed or silent (`core.best`);
for a store on the utility the set-point it shows is the last resort: one that stands for a job and
is dropped because its meter is doubted would be a step of the import. A store whose report is
contradicted has the charge that is counted.

Nothing here is economy. Peak shaving is a controller of its own with a reserve of its own
(`balance.peaks`); it stands before this one in the order of the lane and has preferences only, so
that the bounds from here hold for it. DC storage supports its bus by its own droop and takes no
set-point from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Interval

from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "dispatch"
POINT: Final = "power_setpoint_w"
_WHY: Final = {
    "grid_forming": "no machine runs",
    "grid_following": "another source is to come, or the charge is at its floor",
}
_GRAIN_W: Final = 20_000.0
"""Set-points move in these steps, so that noise is not sent to the device."""

Fraction = Annotated[float, Interval(ge=0.0, le=1.0)]


@dataclass(frozen=True, slots=True)
class Params:
    """How much, and within what charge.

    Attributes:
        support_pu: part of the sets' rating above which storage helps [pu].
        floor_pu: charge below which it does not [pu].
        recharge_on_sets_w: most that goes into storage from the sets [W].
        recharge_w: most that goes into storage from the utility [W].
        target_pu: charge it is refilled to [pu].
        restart_pu: charge below which refilling begins again [pu].
        import_pu: part of the contract's import that refilling may lead to [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    support_pu: Fraction = 0.95
    floor_pu: Fraction = 0.2
    recharge_on_sets_w: Annotated[float, Ge(0.0)] = 0.4e6
    recharge_w: Annotated[float, Ge(0.0)] = 1.0e6
    target_pu: Fraction = 0.9
    restart_pu: Fraction = 0.85
    import_pu: Fraction = 0.9


class State(NamedTuple):
    """Storage that is being refilled."""

    refilling: tuple[str, ...] = ()


class _Plan(NamedTuple):
    stores: tuple[Equipment, ...]
    machines: Mapping[str, tuple[Equipment, ...]]
    """By feed, what else gives power there."""
    intakes: tuple[Equipment, ...]
    """Meters at the buses of utilities."""


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    return _Plan(
        tuple(e for e in site.of_nature("ess") if site.buses[e.buses[0]].kind == "ac"),
        {
            "generators": site.of_nature("generator"),
            "island": site.of_nature("gas_turbine", "smr"),
        },
        tuple(e for e in site.of_nature("meter") if e.buses[0] in feeds),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Propose one set-point for every AC storage."""
    plan = _plan(view.site, view.points)
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    refilling: list[str] = []
    proposals = [
        Proposal(store, "command", order, 0.0, OWNER, _WHY[order])
        for store, order in dict(supply.get("orders", {})).items()
    ]
    for store in plan.stores if supply else ():
        feed = _feed(view, store, dict(supply.get("feeds", {})))
        soc_pu = view.read(store.id, "soc_pu")
        if store.id in view.facts.charge.contradicted:
            soc_pu = view.charge_pu(store.id)
        wishes: list[_Wish] = []
        if soc_pu is None:
            wishes = _held("its charge is not known")
        elif feed in plan.machines:
            beside = (*plan.machines[feed], store)
            capability_w = float(supply.get("capability_w", 0.0))
            wishes = _beside_sets(view, beside, store, soc_pu, capability_w, params)
        elif feed == "utility":
            limit_pu = params.target_pu if store.id in state.refilling else params.restart_pu
            if soc_pu < limit_pu:
                refilling.append(store.id)
            wishes = _beside_utility(view, plan, store, params, refill=soc_pu < limit_pu)
        else:
            wishes = _held("nothing to follow")
        for action, wanted_w, why in wishes:
            value_w = float(int(wanted_w / _GRAIN_W)) * _GRAIN_W
            proposals.append(Proposal(store.id, POINT, action, value_w, OWNER, why))
    after = state if tuple(refilling) == state.refilling else State(tuple(refilling))
    return Turn(after, tuple(proposals))


def _feed(view: View, store: Equipment, feeds: Mapping[str, str]) -> str:
    """Return what feeds the section a storage is joined to."""
    section = view.topology.section
    at = section[store.buses[0]]
    return next((feed for bus, feed in feeds.items() if section.get(bus) == at), "none")


def beside_sets_w(total_w: float, capability_w: float, params: Params) -> float:
    """Return what storage should take beside the sets, negative to help them [W].

    Args:
        total_w: what sets and storage give together now [W].
        capability_w: rating of the sets [W].
        params: of this controller.
    """
    room_w = params.support_pu * capability_w - total_w
    return min(room_w, params.recharge_on_sets_w)


def _beside_sets(
    view: View,
    beside: tuple[Equipment, ...],
    store: Equipment,
    soc_pu: float,
    capability_w: float,
    params: Params,
) -> list[_Wish]:
    powers = [view.best_of(e.id, "power_w") for e in beside]
    if None in powers:
        return _held("what the sets give is not known")
    total_w = -sum(power for power in powers if power is not None)
    wanted_w = beside_sets_w(total_w, capability_w, params)
    if wanted_w < 0.0:
        if soc_pu <= params.floor_pu:
            return _held("sets are short, charge is at its floor")
        most_w = max(wanted_w, -_limit_w(view, store, "discharge_limit_w"))
        return [("max", most_w, "sets are short")]
    if view.facts.autonomy.on_storage or view.facts.relief.shutdown:
        return [("max", 0.0, "loads come before storage")]
    room = "max", wanted_w, "no more room on the sets"
    if soc_pu >= params.target_pu:
        return [room, ("prefer", 0.0, "full enough")]
    most_w = min(wanted_w, _limit_w(view, store, "charge_limit_w"))
    return [room, ("prefer", most_w, "refill from the sets")]


_Wish = tuple[str, float, str]
"""What is wanted of a set-point, its value [W], and why."""


def _held(why: str) -> list[_Wish]:
    """Return what holds a storage at zero."""
    return [("max", 0.0, why), ("min", 0.0, why)]


def _beside_utility(
    view: View, plan: _Plan, store: Equipment, params: Params, *, refill: bool
) -> list[_Wish]:
    imports = [view.best_of(meter.id, "power_w") for meter in plan.intakes]
    now_w = view.best_of(store.id, "power_w")
    if now_w is None:
        # What it was told moves the import by no more than what is asked for beside it.
        now_w = view.read(store.id, POINT)
    if not imports or None in imports or now_w is None:
        return [("min", 0.0, "the import is not known"), ("prefer", 0.0, "the import is not known")]
    contract = view.site.contract
    without_w = sum(power for power in imports if power is not None) - now_w
    export = "min", min(0.0, -without_w - contract.export_limit_w), "no more may be exported"
    if not refill:
        return [export, ("prefer", 0.0, "full enough")]
    room_w = params.import_pu * contract.import_limit_w - without_w
    most_w = min(params.recharge_w, _limit_w(view, store, "charge_limit_w"))
    return [export, ("prefer", max(0.0, min(room_w, most_w)), "refill from the utility")]


def _limit_w(view: View, store: Equipment, name: str) -> float:
    """Return what a storage says it can do now, its rating where it does not serve that [W]."""
    if view.points.find(store.id, name) is None:
        return store.ratings["power_w"]
    limit_w = view.read(store.id, name)
    return 0.0 if limit_w is None else min(abs(limit_w), store.ratings["power_w"])
