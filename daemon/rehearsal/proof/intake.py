"""The intake under proof: two utilities, the switch that takes one of them, and what it feeds.

Either utility fails and returns, again and again. Behind the switch is a breaker of a neighbour,
and sources on site beyond it. Both keep to what their own parts show: the breaker closes in
synchronism and onto a live utility only; when the utility fails under sources on site,
loss-of-mains protection parts it, or where it sticks, its backup takes the sources away. Until
then they are an island on the switch, which no other utility may meet.

An order on its way is not to blame for what others change meanwhile, the breaker behind the switch
opening included; nor is a switch that travels when protection tells of a fault. A load side at
fault has no voltage: whatever is joined to it meets no other source there, and feeds nothing back.

The switch leaves one feed before it takes the other, and is open while it travels. It may stick,
stop between the feeds, refuse, or act and not be heard. A fault behind it stands until what feeds
it has tripped; whoever transfers after that closes onto a fault that protection has told of.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.commands import Result
from daemon.model.natures import Role
from daemon.model.quality import Quality
from daemon.rehearsal.proof.picture import Camera, drawn
from daemon.rehearsal.proof.plant import (
    CLOSE_MS,
    CLOSED,
    FAILURE_MS,
    LOCAL,
    LOCKED,
    OPEN,
    OPEN_MS,
    OPENING,
    STILL,
    STUCK,
    WINDOW_MS,
    Branch,
    Faults,
    Label,
    Lie,
    Plant,
    Source,
    Trick,
    arrived,
    bent,
    is_overtaken,
    jammed,
    moved,
    overtaken,
    paid,
    put,
    synchronous,
    unbent,
)
from daemon.rehearsal.proof.switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from daemon.core.facts import Facts
    from daemon.core.step import Control
    from daemon.model.plant import Equipment, IntakeScheme, Site
    from daemon.rehearsal.proof.plant import Told

LOSS_MS: Final = (340, 450)
"""From an island at the switch to the trip of loss-of-mains protection [ms]."""
CLEAR_MS: Final = (50, 400)
"""From a fault to the trip of what feeds it [ms]."""
RESIDUAL_MS: Final = 200
"""The switch may wait this long for the voltage that motors leave [ms]."""
TRAVELS: Final = 4
"""Motion of the switch between its feeds."""
OWN: Final = 64
"""What may be the matter with the switch: its own logic has it."""
SITE: Final = 2
"""Number of the sources on site, after those of the two utilities."""


class Course(NamedTuple):
    """What is to be known of the switch beside where it stands.

    Attributes:
        target: feed it travels to.
        told: transfers told so far.
        given_up: the daemon does not move it any more before a person has looked.
        by_itself: it travels by its own logic, and not at our word.
    """

    target: int = 0
    told: int = 0
    given_up: int = 0
    by_itself: bool = False


class Instrument(NamedTuple):
    """What may lie: a point, what it tells of, and the number of that."""

    equipment: str
    point: str
    tells: str
    where: int = 0


class Intake(Switchgear):
    """Two feeders, the switch, and the breaker behind it; the switch is numbered after those.

    Attributes:
        switch: number of the switch.
        poles: buses of source 1, source 2 and load of the switch.
        feeders: numbers of the breakers of source 1 and 2.
        behind_it: number of the breaker behind it.
        travel_ms: how long it takes from feed to feed [ms].
        most: transfers that the daemon may tell it.
        join_ms: from a utility at the switch to the close of what is behind it [ms].
        instruments: what may lie.
    """

    switch = 0
    scheme = ""
    poles = (0, 0, 0)
    feeders = (0, 1)
    behind_it = 2
    travel_ms = (0, 0)
    most = 0
    join_ms = (0, 0)
    instruments: tuple[Instrument, ...] = ()

    def first(self, faults: Faults) -> Plant:
        """Return the intake on source 1, both utilities and the sources on site alive."""
        plant = super().first(faults)
        return plant._replace(
            contacts=(*plant.contacts, 1),
            motions=(*plant.motions, STILL),
            bent=(*plant.bent, 0),
            orders=(*plant.orders, ()),
            sources=(True,) * len(self.sources),
            stages=Course(),
        )

    def number(self, name: str) -> int:
        """Return the number of a breaker or of the switch."""
        return self.switch if name == self.scheme else super().number(name)

    def name(self, at: int) -> str:
        """Return the name of a breaker or of the switch."""
        return self.scheme if at == self.switch else super().name(at)

    # -- voltages --------------------------------------------------------------------------------

    def _joined(self, contacts: tuple[int, ...]) -> tuple[int, ...]:
        """Return the lowest bus that each bus is joined to."""
        *breakers, stands = contacts
        roots = super()._joined(tuple(breakers))
        if not stands:
            return roots
        low, high = sorted((roots[self.poles[stands - 1]], roots[self.poles[2]]))
        return tuple(low if root == high else root for root in roots)

    def paralleled(self, plant: Plant) -> bool:
        """Return whether both utilities are joined."""
        reach = self._reach(plant.contacts)
        return reach[self.sources[0].bus] == reach[self.sources[1].bus]

    def grids(self, plant: Plant) -> list[int]:
        """Return the live utilities that are joined to the load side of the switch."""
        return [n for n in self.behind(plant, self.poles[2]) if n != SITE]

    def islanded(self, plant: Plant) -> bool:
        """Return whether sources on site hold the load side of the switch alone."""
        return SITE in self.behind(plant, self.poles[2]) and not self.grids(plant)

    # -- what time brings ------------------------------------------------------------------------

    def fire(self, plant: Plant, label: Label) -> Iterator[Branch]:
        """Return what follows when something timed is due."""
        what, at = label
        if (what, at) == ("travel", self.switch):
            yield self._arrives(plant)
        elif what == "loss":
            yield from self._lost_mains(plant)
        elif what == "backup":
            yield self.switched(plant, SITE, on=False, text="backup takes the sources on site away")
        elif what == "join":
            yield self._joins(plant)
        elif what == "clear":
            yield self._cleared(plant)
        else:
            for branch in super().fire(plant, label):
                moved_by_others = (what, at) == ("travel", self.behind_it)
                after = overtaken(branch.plant) if moved_by_others else branch.plant
                yield branch._replace(plant=after)

    def _lost_mains(self, plant: Plant) -> Iterator[Branch]:
        """Loss-of-mains protection of what is behind the switch."""
        at, name = self.behind_it, self.breakers[self.behind_it].name
        if plant.motions[at] != STILL:
            yield Branch(plant, text="the island is being parted")
            return
        if not plant.bent[at] & STUCK:
            timers = ((("travel", at), OPEN_MS),)
            yield Branch(moved(plant, at, OPENING), timers, text=f"{name} trips on lost mains")
        if plant.hidden or plant.bent[at] & STUCK:
            timers = ((("backup", 0), FAILURE_MS),)
            yield Branch(jammed(plant, at), timers, text=f"{name} does not trip on lost mains")

    def settled(self, before: Plant, after: Plant, branch: Branch) -> Branch:
        """Return a branch with the times that begin and end with what has changed."""
        timers, ended = branch.timers, branch.ended
        if not self.islanded(after):
            ended = (*ended, ("loss", 0), ("backup", 0))
        elif not self.islanded(before):
            timers = (*timers, (("loss", 0), LOSS_MS))
        if not self._joinable(after):
            ended = (*ended, ("join", 0))
        elif not self._joinable(before):
            timers = (*timers, (("join", 0), self.join_ms))
        return super().settled(before, after, branch._replace(timers=timers, ended=ended))

    def _joinable(self, plant: Plant) -> bool:
        """Return whether the breaker behind the switch will be closed onto a live utility."""
        at = self.behind_it
        opened = plant.contacts[at] == OPEN and plant.motions[at] == STILL
        well = not plant.bent[at] & (STUCK | LOCKED) and not plant.faulted
        return opened and well and self._carries(plant)

    def _joins(self, plant: Plant) -> Branch:
        """The breaker behind the switch is closed by its neighbour, in synchronism."""
        at = self.behind_it
        closing = synchronous(plant, at)
        text = f"{self.breakers[at].name} is closed"
        return Branch(closing, ((("travel", at), CLOSE_MS),), text=text)

    def _carries(self, plant: Plant) -> bool:
        """Return whether a live utility is joined to the load side of the switch."""
        return bool(self.grids(plant)) and self.voltages(plant)[self.poles[2]]

    # -- the switch ------------------------------------------------------------------------------

    def acts(self, plant: Plant, at: int, told: Told) -> Iterator[tuple[Branch, Result]]:
        """Return what the switch does that a command has reached."""
        name, target = self.name(at), int(told.action[-1])
        travels = plant.motions[at] == TRAVELS
        if plant.bent[at] & (LOCAL | LOCKED) or not plant.automatic or travels:
            yield Branch(plant, text=f"{name} refuses"), Result.REFUSED
            return
        if plant.contacts[at] == target:
            yield Branch(plant, text=f"{name} stands there"), Result.ACKNOWLEDGED
            return
        course = _course(plant)
        counted = plant._replace(stages=course._replace(told=course.told + 1))
        wrong = self._leaves(plant, told)
        stays = f"{name} is told to transfer and stays"
        if plant.bent[at] & STUCK:
            yield Branch(counted, text=stays), Result.ACKNOWLEDGED
            return
        yield self._travel(counted, target, wrong, raced=told.raced), Result.ACKNOWLEDGED
        if plant.hidden:
            yield Branch(jammed(counted, at), text=stays), Result.ACKNOWLEDGED
            between = self._travel(jammed(counted, at), target, wrong, raced=told.raced)
            kept = tuple(t for t in between.timers if t[0] != ("travel", at))
            text = f"{name} stops between its feeds"
            yield between._replace(timers=kept, text=text), Result.ACKNOWLEDGED
            refusing = bent(counted._replace(hidden=plant.hidden - 1), at, LOCKED)
            yield Branch(refusing, text=f"{name} refuses for good"), Result.REFUSED

    def _leaves(self, plant: Plant, told: Told) -> tuple[str, ...]:
        """Return what is wrong with leaving the feed it stands on, and with the number of times."""
        # A daemon that has begun anew has forgotten those before.
        lives = 1 + self._given.sudden - plant.sudden
        often = ("the switch is worked too often",) * (_course(plant).told >= self.most * lives)
        early = self._carries(plant) and not told.raced
        return (*often, *("the switch leaves a feed that carries",) * early)

    def _travel(
        self, plant: Plant, target: int, wrong: tuple[str, ...] = (), *, raced: bool = False
    ) -> Branch:
        """The switch leaves its feed, `raced` by an order that the plant has overtaken."""
        after = moved(plant, self.switch, TRAVELS)
        after = overtaken(after, self.switch) if raced else after
        after = after._replace(contacts=put(plant.contacts, self.switch, 0))
        after = after._replace(stages=_course(after)._replace(target=target))
        timers = ((("travel", self.switch), self.travel_ms),)
        text = f"{self.scheme} travels to source {target}"
        return self.settled(plant, after, Branch(after, timers, text=text, wrong=wrong))

    def _arrives(self, plant: Plant) -> Branch:
        """The switch has arrived at its other feed."""
        target = _course(plant).target
        after = moved(arrived(plant, self.switch), self.switch, STILL)
        after = after._replace(
            contacts=put(plant.contacts, self.switch, target),
            stages=_course(plant)._replace(target=0, by_itself=False),
        )
        a, load = self.poles[target - 1], self.poles[2]
        wrong = []
        sunk = self._at_fault(after)  # no voltage meets another there, nor goes back
        if self.behind(plant, a) and self.behind(plant, load) and not sunk:
            wrong.append("the switch joins two sources")
        if self.fed_back(after) and not self.fed_back(plant) and not sunk:
            wrong.append("the switch feeds a dead utility")
        timers: tuple[tuple[Label, tuple[int, int]], ...] = ()
        reach = self._reach(after.contacts)
        if self.grids(after) and any(reach[f] == reach[load] for f in plant.faulted):
            timers = ((("clear", 0), CLEAR_MS),)
            told = any(bits & LOCKED for bits in plant.bent[: self.switch])
            if told and not is_overtaken(plant, self.switch):
                wrong.append("the switch feeds a fault that protection has told of")
        if _course(plant).by_itself:
            wrong.clear()
        text = f"{self.scheme} on source {target}"
        return self.settled(plant, after, Branch(after, timers, text=text, wrong=tuple(wrong)))

    def heard(self, plant: Plant, states: Mapping[str, Any], facts: Facts) -> Branch:
        """Whether the daemon has given the switch up, and had a reason to."""
        given_up = int(facts.stages.get(self.scheme) == "lockout")
        course = _course(plant)
        after = plant._replace(news=(), stages=course._replace(given_up=given_up))
        reasons = (
            plant.bent[self.switch] & (STUCK | LOCKED),
            plant.sudden < self._given.sudden,
            course.told >= self.most,
        )
        idle = given_up and not course.given_up and not any(reasons)
        return Branch(after, wrong=("the switch is given up for nothing",) * bool(idle))

    # -- the adversary ---------------------------------------------------------------------------

    def others(self, plant: Plant) -> Iterator[Branch]:
        """Utilities fail and return; what others began they end."""
        for n in range(SITE):
            name = self.sources[n].name
            if not plant.sources[n]:
                yield self.switched(plant, n, on=True, text=f"{name} returns")
            elif plant.losses:
                lost = plant._replace(losses=plant.losses - 1)
                yield self.switched(lost, n, on=False, text=f"{name} fails")
        if plant.bent[self.switch] & OWN:
            yield from self._own_logic(plant)
        for at in self.feeders:
            yield from self._closed_again(plant, at)

    def _own_logic(self, plant: Plant) -> Iterator[Branch]:
        """The switch moves by itself, and is held again."""
        held = unbent(plant, self.switch, OWN)
        yield Branch(held, text=f"own logic of {self.scheme} is held again")
        stands = plant.contacts[self.switch]
        if stands and not self.grids(plant) and not self.islanded(plant) and not plant.faulted:
            alone = plant._replace(stages=_course(plant)._replace(by_itself=True))
            yield self._travel(alone, 3 - stands)

    def _closed_again(self, plant: Plant, at: int) -> Iterator[Branch]:
        """A feeder that others have opened is closed by them."""
        both = all(self.voltages(plant)[end] for end in self.breakers[at].ends)
        locked = plant.bent[at] & LOCKED
        if plant.contacts[at] == OPEN and not (both or locked or self.islanded(plant)):
            after = overtaken(plant._replace(contacts=put(plant.contacts, at, CLOSED)))
            text = f"{self.breakers[at].name} closed by hand"
            yield self.settled(plant, after, Branch(after, text=text))

    def adversary(self, plant: Plant) -> Iterator[Branch]:
        """Return all that others may do now."""
        yield from self._healing(plant)
        yield from self.others(plant)
        if not plant.sudden:
            return
        for at, breaker in enumerate(self.breakers):
            if plant.contacts[at] == CLOSED and plant.motions[at] == STILL:
                gone = paid(plant)._replace(contacts=put(plant.contacts, at, OPEN))
                after = overtaken(gone)
                text = f"{breaker.name} opened by others"
                yield self.settled(plant, after, Branch(after, text=text))
        yield from self._panel(plant)
        for bus in (self.poles[2], self.sources[SITE].bus):
            if self.voltages(plant)[bus]:
                after = overtaken(paid(plant)._replace(faulted=(*plant.faulted, bus)))
                branch = Branch(after, ((("clear", 0), CLEAR_MS),))
                text = f"a fault on {self.buses[bus]}"
                yield self.settled(plant, after, branch._replace(text=text))

    def tricks(self, plant: Plant) -> Iterator[Trick]:
        """Return all that the daemon may be shown beside what is so."""
        yield from self.unwilling(plant, self.switch)
        if plant.lie is None:
            yield from self._lies(plant)

    def unwilling(self, plant: Plant, at: int) -> Iterator[Trick]:
        """Return how the switch comes not to heed the daemon."""
        if plant.automatic:
            yield Trick("the selector leaves auto", manual=True)
        if not plant.bent[at] & LOCAL:
            yield Trick(f"{self.scheme} goes to local", local=at)

    def _panel(self, plant: Plant) -> Iterator[Branch]:
        """The switch is worked by persons, or by its own logic."""
        at, stands = self.switch, plant.contacts[self.switch]
        yield Branch(bent(paid(plant), at, OWN), text=f"own logic takes {self.scheme}")
        local = bent(paid(plant), at, LOCAL)
        if plant.motions[at] != STILL or not stands or self.islanded(plant) or plant.faulted:
            return
        for to in (0, 3 - stands):
            after = overtaken(local._replace(contacts=put(plant.contacts, at, to)))
            text = f"{self.scheme} goes to {to or 'open'} by hand, on local"
            yield self.settled(plant, after, Branch(after, text=text))

    def _cleared(self, plant: Plant) -> Branch:
        """What feeds a fault trips, and tells."""
        opened, bus = plant, plant.faulted[-1]
        at, beyond = self.behind_it, self.sources[SITE].bus
        if bus == beyond:
            opened = opened._replace(sources=put(opened.sources, SITE, False))
            if opened.contacts[at] == CLOSED and self.grids(plant):
                opened = bent(opened._replace(contacts=put(opened.contacts, at, OPEN)), at, LOCKED)
        elif opened.contacts[at] == CLOSED and opened.sources[SITE]:
            opened = opened._replace(contacts=put(opened.contacts, at, OPEN))
        for n in self.grids(opened) if self._at_fault(opened) else ():
            feeder = self.feeders[n]
            opened = opened._replace(contacts=put(opened.contacts, feeder, OPEN))
            opened = bent(opened, feeder, LOCKED)
        after = overtaken(moved(opened, at, STILL) if opened.contacts[at] == OPEN else opened)
        text = f"a fault on {self.buses[bus]} is cleared"
        ended: tuple[Label, ...] = (("travel", at),) if after.motions[at] == STILL else ()
        return self.settled(plant, after, Branch(after, ended=ended, text=text))

    def _at_fault(self, plant: Plant) -> bool:
        """Return whether the load side of the switch is joined to a fault."""
        reach = self._reach(plant.contacts)
        return any(reach[f] == reach[self.poles[2]] for f in plant.faulted)

    def _lies(self, plant: Plant) -> Iterator[Trick]:
        for n, instrument in enumerate(self.instruments):
            for shows in self._untrue(plant, instrument):
                lie = Lie(instrument.tells, n, 0, shows)
                text = f"{instrument.equipment} {instrument.point} shows {shows} and it is not so"
                yield Trick(text, lie=lie)

    def _untrue(self, plant: Plant, instrument: Instrument) -> tuple[int, ...]:
        """Return what an instrument may tell that is not so; -1 is no good value."""
        if instrument.tells == "flag":
            return (1 - instrument.where,)
        if instrument.tells == "voltage":
            return -1, 1 - self.voltages(plant)[instrument.where]
        if instrument.tells == "position":
            return -1, 1 - plant.contacts[instrument.where]
        return tuple({-1, 0, 1, 2} - {plant.contacts[self.switch]})

    # -- what is asked of the daemon -------------------------------------------------------------

    def well(self, plant: Plant) -> bool:
        """Return whether nothing is the matter that a person has to mend."""
        at = self.switch
        left_open = not plant.contacts[at] and plant.motions[at] == STILL
        bad = plant.bent[at] & (STUCK | LOCAL | LOCKED | OWN) or left_open or plant.faulted
        heeded = plant.automatic and not plant.away and not _course(plant).given_up
        return heeded and plant.lie is None and not bad

    def starved(self, plant: Plant) -> bool:
        """Return whether the load side is dead, and a live utility arrives at the well switch."""
        live = self.voltages(plant)
        arrives = any(plant.sources[n] and live[self.poles[n]] for n in range(SITE))
        return arrives and not live[self.poles[2]] and self.well(plant)


def _course(plant: Plant) -> Course:
    assert isinstance(plant.stages, Course)
    return plant.stages


def cut(site: Site, scheme: IntakeScheme) -> Site:
    """Return the site with no more than two utilities, the switch, and what is next behind it."""
    item = site.equipment
    switch = item[scheme.switch]
    behind = next(e for e in site.of_nature("breaker") if e.buses[0] == switch.buses[2])
    ends = [item[name].buses[0] for name in scheme.feeds]
    kept: list[Equipment] = [e for e in site.of_nature("utility") if e.buses[0] in ends]
    kept.sort(key=lambda e: ends.index(e.buses[0]))
    source = next(e for e in site.of_nature("smr", "generator") if e.kind.role is Role.SOURCE)
    kept.append(replace(source, buses=behind.buses[1:]))
    kept += [*(item[name] for name in scheme.feeds), behind, switch]
    around = {*ends, behind.buses[1]}
    kept += [e for e in site.of_nature("relay", "meter") if e.buses[0] in around]
    buses = dict.fromkeys(bus for e in kept for bus in e.buses)
    return replace(
        site,
        equipment=MappingProxyType({e.id: e for e in kept}),
        buses=MappingProxyType({bus: site.buses[bus] for bus in buses}),
        schemes=MappingProxyType({scheme.id: scheme}),
    )


def board(small: Site, scheme: IntakeScheme, control: Control) -> Intake:
    """Return the plant of a site that was cut to its intake."""
    number = {bus: n for n, bus in enumerate(small.buses)}
    breakers, links = drawn(small, switched=lambda _: False)
    sources = tuple(
        Source(e.id, number[e.buses[0]], e.nature == "utility")
        for e in small.of_nature("utility", "smr", "generator")
    )
    switch = small.equipment[scheme.switch]
    found = Intake(tuple(small.buses), breakers, links, sources, (number[switch.buses[2]],))
    found.switch, found.scheme = len(breakers), switch.id
    one, two, load = (number[bus] for bus in switch.buses)
    found.poles = one, two, load
    first, second = (found.number(name) for name in scheme.feeds)
    found.feeders = first, second
    found.behind_it = next(n for n in range(len(breakers)) if n not in found.feeders)
    travel_ms = round(switch.ratings["transfer_s"] * 1000)
    found.travel_ms = travel_ms, travel_ms + RESIDUAL_MS
    found.most = control.intake.transfers_max
    # After a momentary loss, or once the utility is stable; and synchronism may have to be found.
    soon_s, stable_s = control.main_tie_main.reclose_s, control.outage.return_stable_s
    found.join_ms = round(soon_s * 1000), round(max(soon_s, stable_s) * 1000) + WINDOW_MS[1]
    found.instruments = tuple(_instruments(small, found))
    return found


def _instruments(small: Site, found: Intake) -> Iterator[Instrument]:
    for n, breaker in enumerate(found.breakers):
        yield Instrument(breaker.name, "position", "position", n)
        for point, end in zip(("source_voltage_v", "load_voltage_v"), breaker.ends, strict=True):
            yield Instrument(breaker.name, point, "voltage", end)
        yield Instrument(breaker.name, "trip_51", "flag")
    yield Instrument(found.scheme, "connected", "switch")
    yield Instrument(found.scheme, "inhibited", "flag", 1)
    for point, bus in zip(_SWITCH_VOLTS, found.poles, strict=True):
        yield Instrument(found.scheme, point, "voltage", bus)
    for item in small.of_nature("relay", "meter"):
        bus = found.buses.index(item.buses[0])
        relay = item.nature == "relay"
        yield Instrument(item.id, "voltage_ll_v" if relay else "voltage_v", "voltage", bus)
        if relay:
            yield Instrument(item.id, "pickup_27", "flag")
            yield Instrument(item.id, "trip_87", "flag")


_SWITCH_VOLTS: Final = ("source_1_voltage_ll_v", "source_2_voltage_ll_v", "load_voltage_ll_v")
_OFF_HZ: Final = 5.0
"""An island that hangs on a dead grid is off by more than this [Hz]."""
_CONNECTED: Final = ("open", "source_1", "source_2", "travelling")


class IntakeCamera(Camera):
    """What the switch, the relays of its feeds and the sources on site show."""

    def show(self, now: Plant, values: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Write what is not a breaker."""
        assert isinstance(self.board, Intake)
        board, at, live = self.board, self.at, self.board.voltages(now)
        stands, bits = now.contacts[board.switch], now.bent[board.switch]
        travels = now.motions[board.switch] == TRAVELS
        values[at[board.scheme, "connected"]] = _CONNECTED.index("travelling") * travels or stands
        values[at[board.scheme, "local"]] = bool(bits & LOCAL)
        values[at[board.scheme, "inhibited"]] = not bits & OWN
        for point, bus in zip(_SWITCH_VOLTS, board.poles, strict=True):
            values[at[board.scheme, point]] = self.nominal_v[bus] * live[bus]
        for n, source in enumerate(board.sources):
            if n != SITE and not now.sources[n] and live[source.bus]:
                self._off_frequency(values, source.bus)
        item = self.site.equipment[board.sources[SITE].name]
        stage = item.kind.points["stage"].states.index(
            "on_grid" if now.sources[SITE] else "tripped"
        )
        values[at[item.id, "stage"]] = stage
        beyond = board.sources[SITE].bus
        values[at[item.id, "voltage_ll_v"]] = self.nominal_v[beyond] * live[beyond]
        told = beyond in now.faulted and now.bent[board.behind_it] & LOCKED
        for relay in self.site.of_nature("relay"):
            if relay.buses[0] == board.buses[beyond]:
                values[at[relay.id, "trip_87"]] = bool(told)
        return {}

    def _off_frequency(self, values: Any, bus: int) -> None:  # noqa: ANN401
        """Write what relays and meters tell of an island on the wires of a dead utility."""
        for item in self.site.of_nature("relay", "meter"):
            if item.buses[0] == self.board.buses[bus]:
                values[self.at[item.id, "frequency_hz"]] -= _OFF_HZ
                if item.nature == "relay":
                    values[self.at[item.id, "pickup_81u"]] = 1.0

    def _lie(self, now: Plant, values: Any, quality: Any) -> None:  # noqa: ANN401
        """Let one instrument tell what is not so."""
        assert isinstance(self.board, Intake)
        if now.lie is None:
            return
        lie, instrument = now.lie, self.board.instruments[now.lie.breaker]
        index = self.at[instrument.equipment, instrument.point]
        if lie.shows < 0:
            quality[index] = Quality.BAD_COMMUNICATION_ERROR
        elif lie.kind == "voltage":
            values[index] = self.nominal_v[instrument.where] * lie.shows
        else:
            values[index] = lie.shows + (lie.kind == "position")
