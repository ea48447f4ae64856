"""Orderly shutdown of IT load in time, so that nothing is cut while it still writes.

Theory of operation. Every row and every IT rack has a path (`security.autonomy`): how long it
lasts on what storage is still connected to it, and how long its shutdown takes. A load on storage
is told to shut down when

    autonomy < shutdown time + margin + lead x (priority - 1)

so the lower priorities go first and leave shared storage to those that are kept longest; a load
that is shed goes at once. The condition must hold for `confirm_s`: at the first moment of an outage
a row still draws what it drew, and only its cap shows how long it can last; and where the autonomy
rests on values that are not good, the worst case stands in for them (F56: a UPS last seen on its
battery and now silent counts as low, but a lost telegram does not). The margin pays for the wait.

A row that is fed may be emptying its batteries all the same: its feeds give less than it takes,
because a cap is not obeyed or nobody knows of what holds them back. What such a row has left is
what it tells of its batteries, at the rate at which that fell between two looks, `look_s` apart.
Where that is too short by the same measure for `looks_count` looks on end, so that neither a job's
swings nor a walk-in counts, it is told to shut down, the lowest priority first: the rest is often
enough for the others. One instrument ends no healthy row: what fell counts only where the batteries
of its racks show that they give half of that, those that tell nothing counted with the rating of
their rack (a row tells the energy of connected batteries alone: one that is taken out falls too).
Nor does a fall count that is less than `_LEAST_PU` of the row. A look at which the row tells
nothing is none: the next is from the one before.

Rows whose coolant stands are too hot before long, whatever feeds them. They are told after
`uncooled_s`, the lowest priority first and each higher one `lead_s` later; capped as they are by
then (`caps`), all have the time to end in order.

A load on storage behind emergency power off or a fire trip (`emergency`) is told after `confirm_s`,
whatever time is left: what was switched off on purpose does not come back by itself. Storage and
converters there are stopped at once.

The request goes three ways. The load's own device is told. The event `shutdown_requested` is what
the MQTT publisher makes a standing message of, with the seconds that are left (`deadline_s`). And
where the site names a program (`north: hook:`), a worker runs it, once for each request; what came
of it is an event. The deadline is the end of the storage, or, for a load that still is fed, the
time that it takes and the margin.

A shutdown once begun is latched: it goes on when the supply returns, because a half-finished one
loses more. The latch ends when the load has been started again, which a person does. The command
is repeated every `repeat_s` until the load shows that it obeys; a load that is already shutting
down takes no harm from being told twice.

Source: a forced shutdown latches as in Network UPS Tools; faults F44, F47, F56.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Interval

from daemon.core.balance import cooling, emergency
from daemon.core.facts import Path
from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import Finished, Proposal, Request
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "shutdown"
HOOK: Final = "shutdown_hook"
"""Function of the workers that runs the site's program."""
_OBEYS: Final = frozenset({"shutting_down", "off"})
_SECONDS_PER_HOUR: Final = 3600.0
_LEAST_PU: Final = 0.02
"""Of the rating of a row: what its batteries lose less than is no lack of its feeds [pu]. It is
above a step of their register (1 Wh in 5 s). Source: own derivation."""
_SHOWN_PU: Final = 0.5
"""Of what the batteries of a row lost: what the racks must show that they give, which is the power
of an instant against that of a look [pu]. Source: own derivation."""


@dataclass(frozen=True, slots=True)
class Params:
    """How early.

    Attributes:
        margin_s: time between the end of a shutdown and the end of the storage [s].
        lead_s: how much earlier each lower priority goes [s].
        confirm_s: how long the autonomy must have been too short [s].
        repeat_s: time between two commands to a load that does not obey [s].
        uncooled_s: how long coolant must stand for rows to go [s].
        look_s: time between two looks at what the batteries of a fed row hold [s].
        looks_count: so many looks on end must have found them emptying too fast.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    margin_s: Annotated[float, Interval(ge=15.0, le=3600.0)] = 30.0
    lead_s: Annotated[float, Interval(ge=0.0, le=600.0)] = 20.0
    confirm_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 4.0
    repeat_s: Annotated[float, Ge(1.0)] = 5.0
    uncooled_s: Annotated[float, Interval(ge=0.0, le=60.0)] = 6.0
    look_s: Annotated[float, Interval(ge=1.0, le=60.0)] = 5.0
    looks_count: Annotated[int, Interval(ge=1, le=10)] = 4


class Emptying(NamedTuple):
    """What the last looks at the batteries of fed rows have found.

    Attributes:
        at_ns: when they were looked at last [ns].
        held_wh: by row, what they held when it told that last [Wh].
        told_ns: by row, when that was [ns].
        looks: by row, how often on end they were found emptying too fast.
        left_s: by row, how long they last at the rate of the last two looks [s].
    """

    at_ns: int = 0
    held_wh: Mapping[str, float] = {}
    told_ns: Mapping[str, int] = {}
    looks: Mapping[str, int] = {}
    left_s: Mapping[str, float] = {}


class State(NamedTuple):
    """Loads told to shut down, and when what happened to them.

    Attributes:
        told_ns: by load, when it was last told [ns]; being in here is the latch.
        obeyed: of these, the loads seen to shut down since.
        short_since_ns: by load, since when its autonomy has been too short [ns].
        still_since_ns: since when no coolant moves, 0 while some may [ns].
        hooked: how often the site's program was asked for.
        running: loads for which it runs, by number of the request.
        emptying: what the batteries of fed rows do.
    """

    told_ns: Mapping[str, int] = {}
    obeyed: tuple[str, ...] = ()
    short_since_ns: Mapping[str, int] = {}
    still_since_ns: int = 0
    hooked: int = 0
    running: Mapping[int, str] = {}
    emptying: Emptying = Emptying()


@once_per_site
def _loads(site: Site, points: PointTable) -> tuple[str, ...]:
    """Return what can be told to shut down."""
    loads = site.of_nature("rack_row", "it_rack")
    return tuple(e.id for e in loads if points.find(e.id, "command") is not None)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is told to shut down."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Tell the loads whose time has come."""
    still_ns = cooling.still_since_ns(view, state.still_since_ns)
    stopped = tuple(
        Proposal(n, "command", "stop", 0.0, emergency.OWNER, emergency.REASON)
        for n in emergency.to_stop(view)
    )
    emptying = _look(view, state.emptying, params)
    if not (_busy(state) or still_ns or _any_concerned(view) or _emptied(emptying, params)):
        stands = still_ns == state.still_since_ns and emptying is state.emptying
        rests = state if stands else State(hooked=state.hooked, emptying=emptying)
        return Turn(rests, stopped)
    state = state._replace(still_since_ns=still_ns, emptying=emptying)
    paths = view.facts.autonomy.paths
    loads = [name for name in _loads(view.site, view.points) if name in paths]
    cut_off = emergency.cut_off(view)
    state, events = _release(view, state)
    state, answers = _answered(view, state)
    events += answers
    short: dict[str, int] = {}
    told = dict(state.told_ns)
    going: list[tuple[Path, str]] = []
    for name in loads:
        if name in told:
            continue
        off = emergency.REASON if paths[name].on_storage and name in cut_off else ""
        late = off or _due(view, paths[name], params) or _too_fast(name, emptying, params)
        reason = late or _too_hot(view, name, still_ns, params)
        if not reason or view.stage(name) in _OBEYS:
            continue
        if not _shed(view, name):
            short[name] = state.short_since_ns.get(name, view.now_ns)
        if view.now_ns - short.get(name, 0) >= ns(params.confirm_s):
            told[name] = view.now_ns - ns(params.repeat_s)
            going.append((paths[name], reason))
    events += [_requested(view, path, reason, params) for path, reason in going]
    due = [
        name
        for name, told_ns in told.items()
        if name not in state.obeyed and view.now_ns - told_ns >= ns(params.repeat_s)
    ]
    told |= dict.fromkeys(due, view.now_ns)
    why = "no coolant moves" if still_ns else "storage is running out"
    proposals = tuple(Proposal(name, "command", "shutdown", 0.0, OWNER, why) for name in due)
    relief, facts = view.facts.relief, None
    if relief.shutdown != tuple(told):
        facts = {"relief": replace(relief, shutdown=tuple(told))}
    after = state._replace(told_ns=told, short_since_ns=short)
    after, requests = _hook(view, after, going, params)
    same = state if after == state else after
    return Turn(same, (*stopped, *proposals), tuple(events), requests=requests, facts=facts)


def _busy(state: State) -> bool:
    """Return whether anything was told, is about to be, or is waited for."""
    return bool(state.told_ns or state.short_since_ns or state.running)


def needed_s(path: Path, params: Params) -> float:
    """Return the autonomy below which a load on storage must be told [s]."""
    return path.shutdown_s + params.margin_s + params.lead_s * max(0, path.priority - 1)


def _any_concerned(view: View) -> bool:
    """Return whether a load is on storage or given up; nothing else ever makes one go."""
    relief = view.facts.relief
    gone = relief.shed or relief.given_up
    return bool(view.facts.autonomy.on_storage or gone or relief.shutdown)


def _shed(view: View, load: str) -> bool:
    """Return whether a load is given up because what is left cannot carry it."""
    relief = view.facts.relief
    return load in relief.shed or load in relief.given_up


def _due(view: View, path: Path, params: Params) -> str:
    """Return why a load must go now, or ""."""
    if _shed(view, path.load):
        return "it is shed"
    if path.on_storage and path.autonomy_s < needed_s(path, params):
        return (
            f"{path.autonomy_s:.0f} s of storage are left, "
            f"{path.shutdown_s:.0f} s are needed to shut down"
        )
    return ""


class _Batteries(NamedTuple):
    """Rows, what tells what their batteries hold, and their racks with what they give."""

    rows: tuple[str, ...]
    energies: Gauges
    racks: tuple[Equipment, ...]
    powers: Gauges


@once_per_site
def _batteries(site: Site, points: PointTable) -> _Batteries:
    """Return what tells what the batteries of rows do."""
    rows = tuple(name for name in _loads(site, points) if site.equipment[name].nature == "rack_row")
    racks = tuple(rack for rack in site.of_nature("ai_rack") if rack.group in rows)
    return _Batteries(
        rows,
        Gauges(points, [(name, "energy_stored_wh") for name in rows]),
        racks,
        Gauges(points, [(rack.id, "battery_power_w") for rack in racks]),
    )


def _look(view: View, before: Emptying, params: Params) -> Emptying:
    """Return what the batteries of fed rows have done since the last look, when one is due."""
    if view.now_ns - before.at_ns < ns(params.look_s):
        return before
    plan = _batteries(view.site, view.points)
    paths = view.facts.autonomy.paths
    held_wh: dict[str, float] = {}
    told_ns: dict[str, int] = {}
    looks: dict[str, int] = {}
    left_s: dict[str, float] = {}
    for name, wh in zip(plan.rows, plan.energies.read(view.image), strict=True):
        if (
            name not in paths
            or paths[name].on_storage
            or (wh is None and name not in before.held_wh)
        ):
            continue
        count = before.looks.get(name, 0)
        if wh is None:
            held_wh[name], told_ns[name] = before.held_wh[name], before.told_ns[name]
            if name in before.left_s:
                looks[name], left_s[name] = count, before.left_s[name]
            continue
        held_wh[name], told_ns[name] = wh, view.now_ns
        fell_wh = before.held_wh.get(name, wh) - wh
        waited_s = seconds(view.now_ns - before.told_ns.get(name, before.at_ns))
        fell_w = fell_wh * _SECONDS_PER_HOUR / waited_s
        if fell_w < _LEAST_PU * view.site.equipment[name].ratings["power_w"]:
            continue
        usable_wh = min(wh, view.facts.charge.usable_wh.get(name, wh))
        left_s[name] = usable_wh / fell_wh * waited_s
        if left_s[name] < needed_s(paths[name], params):
            shown = _may_give_w(view, plan, name) >= _SHOWN_PU * fell_w
            looks[name] = count + 1 if shown else count
    return Emptying(view.now_ns, held_wh, told_ns, looks, left_s)


def _may_give_w(view: View, plan: _Batteries, row: str) -> float:
    """Return what the batteries of a row may give, the rating of a rack that is silent [W]."""
    told = zip(plan.racks, plan.powers.read(view.image), strict=True)
    return sum(
        rack.ratings["power_w"] if power_w is None else -power_w
        for rack, power_w in told
        if rack.group == row
    )


def _emptied(emptying: Emptying, params: Params) -> bool:
    """Return whether a row that is fed empties its batteries too fast."""
    return any(count >= params.looks_count for count in emptying.looks.values())


def _too_fast(name: str, emptying: Emptying, params: Params) -> str:
    """Return why a row that is fed must go now, or ""."""
    if emptying.looks.get(name, 0) < params.looks_count:
        return ""
    return f"fed too little: its batteries last {emptying.left_s[name]:.0f} s"


def _too_hot(view: View, name: str, still_ns: int, params: Params) -> str:
    """Return why a row whose coolant stands must go now, or ""."""
    paths = view.facts.autonomy.paths
    if not still_ns or view.site.equipment[name].nature != "rack_row":
        return ""
    rows = [row.id for row in view.site.of_nature("rack_row")]
    lowest = max(paths[row].priority for row in rows if row in paths)
    wait_s = params.uncooled_s + params.lead_s * (lowest - paths[name].priority)
    if view.now_ns - still_ns < ns(wait_s):
        return ""
    return f"no coolant has moved for {view.elapsed_s(still_ns):.0f} s"


def _release(view: View, state: State) -> tuple[State, list[Event]]:
    """Note which loads obey, and let go of those that have been started again since."""
    obeyed = [n for n in state.told_ns if n in state.obeyed or view.stage(n) in _OBEYS]
    back = [n for n in obeyed if n in state.obeyed and view.stage(n) in {"starting", "running"}]
    if not back and tuple(obeyed) == state.obeyed:
        return state, []
    events = [view.event(n, "shutdown_over", f"{n} has been started again") for n in back]
    told = {n: at for n, at in state.told_ns.items() if n not in back}
    return state._replace(told_ns=told, obeyed=tuple(n for n in obeyed if n not in back)), events


def deadline_s(path: Path, params: Params) -> float:
    """Return how long a load may take to shut down: by then it has to be off [s]."""
    return path.autonomy_s if path.on_storage else path.shutdown_s + params.margin_s


def _hook(
    view: View, state: State, going: list[tuple[Path, str]], params: Params
) -> tuple[State, tuple[Request, ...]]:
    """Ask for the site's program, once for each load that goes."""
    hook = view.site.north.hook
    if not hook.program or not going:
        return state, ()
    requests = tuple(
        Request(
            state.hooked + place,
            HOOK,
            {
                "program": list(hook.program),
                "load": path.load,
                "deadline_s": round(deadline_s(path, params), 1),
                "reason": reason,
                "limit_s": hook.limit_s,
            },
        )
        for place, (path, reason) in enumerate(going, 1)
    )
    running = {**state.running, **{r.id: r.arguments["load"] for r in requests}}
    return state._replace(hooked=requests[-1].id, running=running), requests


def _answered(view: View, state: State) -> tuple[State, list[Event]]:
    """Record what came of the site's program."""
    answers = [m for m in view.inbox if isinstance(m, Finished) and m.request_id in state.running]
    if not answers:
        return state, []
    events = []
    for answer in answers:
        load = state.running[answer.request_id]
        came = answer.result or {"ok": False, "said": "it could not be run"}
        name = "shutdown_hook_done" if came["ok"] else "shutdown_hook_failed"
        text = f"The program told of the shutdown of {load}: {came['said']}"
        events.append(view.event(load, name, text, **came))
    done = {answer.request_id for answer in answers}
    running = {n: load for n, load in state.running.items() if n not in done}
    return state._replace(running=running), events


def _requested(view: View, path: Path, reason: str, params: Params) -> Event:
    return view.event(
        path.load,
        "shutdown_requested",
        f"Orderly shutdown of {path.load} requested: {reason}",
        reason=reason,
        deadline_s=deadline_s(path, params),
        autonomy_s=path.autonomy_s,
        shutdown_s=path.shutdown_s,
        priority=path.priority,
        known=path.known,
    )
