"""Switchgear under proof: breakers that obey, refuse or stick, and the adversary at work on them.

Whether a breaker obeys is decided when it is told to move, so such a fault needs no time of its
own (*hidden*); all else that the adversary does may happen in any situation (*sudden*).

Every transition says what is wrong with it. That is judged here, on the plant's own state, and
neither on what the daemon believes nor on what it was told: no action of the daemon joins sources
that are not synchronous, feeds a dead utility or a fault, or takes a critical bus its last feed;
and what others have done wrong is ended in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.model.commands import Result
from daemon.rehearsal.proof.paths import Paths
from daemon.rehearsal.proof.plant import (
    CHARGE_MS,
    CLOSE_MS,
    CLOSED,
    CLOSING,
    ENDED_MS,
    FAILED,
    FAILURE_MS,
    LOCAL,
    LOCKED,
    OPEN,
    OPEN_MS,
    OPENING,
    ORDER_MS,
    OVERLAP_MS,
    RACED,
    RESTART_MS,
    SEEKING,
    SPENT,
    STILL,
    STUCK,
    SYNC_MS,
    UNSEEN_MS,
    WINDOW_MS,
    Branch,
    Breaker,
    Faults,
    Label,
    Lie,
    Plant,
    Timers,
    Told,
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.core.facts import Facts


class Switchgear(Paths):
    """Breakers, links and sources as drawn, and all that can happen to them.

    Attributes:
        bounds: labels of what must be ended in time.
    """

    bounds: Final[tuple[Label, ...]] = (("ended", 0), ("ended", 1))
    _given = Faults(0, 0, 0)

    def first(self, faults: Faults) -> Plant:
        """Return the board at rest on its mains, with so many faults to come."""
        self._given = faults
        n = len(self.breakers)
        contacts = tuple(b.normally for b in self.breakers)
        live = tuple(s.utility for s in self.sources)
        bare = Plant(contacts, (STILL,) * n, (0,) * n, live, ((),) * n)
        return bare._replace(**faults._asdict())

    # -- what time brings ------------------------------------------------------------------------

    def fire(self, plant: Plant, label: Label) -> Iterator[Branch]:
        """Return what follows when something timed is due."""
        what, at = label
        if what == "order":
            yield from self._delivered(plant, at)
        elif what == "travel":
            yield self._travelled(plant, at)
        elif what == "sync":
            yield self._begin_closing(synchronous(plant, at), at, "in synchronism")
        elif what == "window":
            text = f"{self.breakers[at].name} found no synchronism"
            yield Branch(moved(plant, at, STILL), text=text)
        elif what == "charge":
            yield Branch(unbent(plant, at, SPENT), text=f"{self.breakers[at].name} charged")
        elif what == "failure":
            yield Branch(bent(plant, at, FAILED), text=f"50BF of {self.breakers[at].name}")
        elif what == "ended":
            names = {0: "two sources in parallel", 1: "a dead utility is fed back"}
            yield Branch(plant, text="time is up", wrong=(f"{names[at]}, and it is not ended",))

    # -- commands --------------------------------------------------------------------------------

    def obey(
        self, plant: Plant, at: int, action: str, *, for_gap: bool, by_hand: bool = False
    ) -> Branch:
        """Return the board with a command on its way; it goes after those before it."""
        dark = self.spared(plant) if by_hand else self._unfed(plant)
        queue = (*plant.orders[at], Told(action, for_gap, raced=False, dark=dark))
        after = plant._replace(orders=put(plant.orders, at, queue))
        timers = () if len(queue) > 1 else ((("order", at), ORDER_MS),)
        return Branch(after, timers)

    def spared(self, plant: Plant) -> tuple[int, ...]:
        """Return the critical buses from which a person takes no feed, though one be on its way."""
        live = self.voltages(plant)
        return tuple(bus for bus in self.critical if not live[bus])

    def _unfed(self, plant: Plant) -> tuple[int, ...]:
        """Return the critical buses without voltage, and those that have been told to lose it.

        What an order finds fed that was not when it was sent has been fed while it was on its way.
        """
        told = [any(t.action == "open" for t in queue) for queue in plant.orders]
        held = tuple(
            OPEN if going else contact
            for contact, going in zip(self._held(plant), told, strict=False)
        )
        left = self.voltages(plant._replace(contacts=held)) if any(told) else self.voltages(plant)
        return tuple(bus for bus in self.critical if not left[bus])

    def _held(self, plant: Plant) -> tuple[int, ...]:
        """Return the contacts once what opens is open."""
        return tuple(
            OPEN if motion == OPENING else contact
            for contact, motion in zip(plant.contacts, plant.motions, strict=True)
        )

    def _delivered(self, plant: Plant, at: int) -> Iterator[Branch]:
        """A command has reached a device: it obeys, refuses, or acts and is not heard."""
        told, *rest = plant.orders[at]
        name = self.name(at)
        taken = plant._replace(orders=put(plant.orders, at, tuple(rest)))
        more = ((("order", at), ORDER_MS),) if rest else ()
        ways = [*self.acts(taken, at, told)]
        for trick in self.unwilling(taken, at) if taken.sudden else ():
            for acted, result in self.acts(trick.played(taken), at, told):
                timers = (*acted.timers, *self.lenient(taken))
                text = f"{trick.text}; {acted.text}"
                ways.append((acted._replace(text=text, timers=timers), result))
        for acted, result in ways:
            branch = acted._replace(timers=(*acted.timers, *more))
            heard = branch.plant
            if not rest:  # the answer to a command that has been overtaken is nobody's
                heard = heard._replace(news=(*heard.news, (name, result)))
            yield branch._replace(plant=heard)
            if heard.hidden and result is not Result.REFUSED:
                lost = branch.plant._replace(hidden=heard.hidden - 1)
                yield branch._replace(plant=lost, text=f"{branch.text}, and its answer is lost")

    def acts(self, plant: Plant, at: int, told: Told) -> Iterator[tuple[Branch, Result]]:
        """Return what a device does that a command has reached, and what it answers."""
        name, bits = self.breakers[at].name, plant.bent[at]
        closing = plant.contacts[at] == CLOSED or plant.motions[at] == CLOSING
        both = all(self.voltages(plant)[end] for end in self.breakers[at].ends)
        refuses = Branch(plant, text=f"{name} refuses"), Result.REFUSED
        if bits & LOCAL:
            yield refuses
        elif told.action == "open":
            for branch in self._opens(plant, at, told):
                yield branch, Result.ACKNOWLEDGED
        elif closing:
            yield Branch(plant, text=f"{name} is told to close again"), Result.ACKNOWLEDGED
        elif (
            bits & (LOCKED | SPENT)
            or plant.motions[at] == OPENING
            or (told.action == "close" and both)
        ):
            yield refuses
        else:
            make = self._closes if told.action == "close" else self._seeks
            for branch in make(plant, at, told):
                yield branch, Result.ACKNOWLEDGED

    def _opens(self, plant: Plant, at: int, told: Told) -> Iterator[Branch]:
        name = self.breakers[at].name
        drop: tuple[Label, ...] = (("travel", at), ("sync", at), ("window", at))
        if plant.contacts[at] == OPEN:
            still = moved(plant, at, STILL)
            yield Branch(still, ended=drop, text=f"{name} does not close after all")
            return
        if plant.motions[at] == OPENING:
            yield Branch(plant, text=f"{name} opens already")
            return
        if not plant.bent[at] & STUCK:
            raced = overtaken(plant, at) if told.raced else plant
            wrong = () if told.raced else self.darkens(plant, at, told)
            text = f"{name} is told to open and moves"
            timers = ((("travel", at), OPEN_MS),)
            yield Branch(moved(raced, at, OPENING), timers, text=text, wrong=wrong)
        if plant.hidden or plant.bent[at] & STUCK:
            text = f"{name} is told to open and is stuck"
            watched: list[tuple[Label, tuple[int, int]]] = [(("failure", at), FAILURE_MS)]
            if self.paralleled(plant):  # what is meant to end the overlap cannot
                watched.append((("ended", 0), (ENDED_MS, ENDED_MS)))
            yield Branch(jammed(plant, at), tuple(watched), text=text)

    def darkens(self, plant: Plant, at: int, told: Told) -> tuple[str, ...]:
        """Return the critical buses that an opening takes their last feed, a gap apart.

        What hangs on breakers that open already has no feed any more. While a dead utility is fed
        by the sets no instrument tells that it is dead; whatever ends that is well done.
        """
        if self.fed_back(plant):
            return ()
        held = self._held(plant)
        parted = plant._replace(contacts=held)
        after = parted._replace(contacts=put(held, at, OPEN))
        before, now = self.voltages(parted), self.voltages(after)
        name = self.breakers[at].name
        return tuple(
            f"{name} takes {self.buses[bus]} its last feed"
            for bus in self.critical
            if before[bus]
            and not now[bus]
            and bus not in told.dark
            and not self._coming(after, bus)
            and not (told.for_gap and self._feed_at_hand(after, bus))
        )

    def _coming(self, plant: Plant, bus: int) -> bool:
        """Return whether breakers that are closing will feed a bus: a short gap."""
        held = tuple(
            CLOSED if motion == CLOSING else contact
            for contact, motion in zip(plant.contacts, plant.motions, strict=True)
        )
        return self.voltages(plant._replace(contacts=held))[bus]

    def _feed_at_hand(self, plant: Plant, bus: int) -> bool:
        """Return whether a breaker at a bus has voltage on its other side."""
        live = self.voltages(plant)
        return any(
            bus in b.ends and live[b.ends[0] if b.ends[1] == bus else b.ends[1]]
            for b in self.breakers
        )

    def _closes(self, plant: Plant, at: int, told: Told) -> Iterator[Branch]:
        raced = overtaken(plant, at) if told.raced else plant
        yield self._begin_closing(raced, at, "")
        if plant.hidden or plant.bent[at] & STUCK:
            stuck = bent(jammed(plant, at), at, SPENT)
            text = f"{self.breakers[at].name} is told to close and is stuck"
            yield Branch(stuck, ((("charge", at), CHARGE_MS),), text=text)

    def _begin_closing(self, plant: Plant, at: int, how: str) -> Branch:
        name = self.breakers[at].name
        if plant.bent[at] & STUCK:
            spent = bent(moved(plant, at, STILL), at, SPENT)
            return Branch(spent, ((("charge", at), CHARGE_MS),), text=f"{name} is stuck")
        moving = bent(moved(plant, at, CLOSING), at, SPENT)
        timers = ((("travel", at), CLOSE_MS), (("charge", at), CHARGE_MS))
        return Branch(moving, timers, (("window", at),), f"{name} closes {how}".rstrip())

    def _seeks(self, plant: Plant, at: int, told: Told) -> Iterator[Branch]:
        """A close by synchronism check: in phase sooner or later, or never."""
        name = self.breakers[at].name
        seeking = moved(plant, at, SEEKING)
        live = [self.voltages(plant)[end] for end in self.breakers[at].ends]
        window = (("window", at), WINDOW_MS)
        if not all(live) or plant.astray:
            yield Branch(seeking, (window,), text=f"{name} seeks synchronism in vain")
            return
        yield Branch(seeking, (window, (("sync", at), SYNC_MS)), text=f"{name} seeks synchronism")
        if plant.hidden:
            astray = seeking._replace(astray=True, hidden=plant.hidden - 1)
            yield Branch(astray, (window,), text="the sources do not come into synchronism")

    def _travelled(self, plant: Plant, at: int) -> Branch:
        """The contacts of a breaker have arrived."""
        breaker = self.breakers[at]
        closing = plant.motions[at] == CLOSING
        after = moved(plant, at, STILL)
        after = after._replace(contacts=put(after.contacts, at, CLOSED if closing else OPEN))
        wrong: tuple[str, ...] = ()
        if closing and not is_overtaken(plant, at):
            found = bool(plant.in_sync >> at & 1)
            wrong = self.wrong_close(plant, after, at, synchronous=found)
        after = arrived(after, at)
        text = f"{breaker.name} {'closed' if closing else 'open'}"
        if closing and self._onto_fault(plant, after, breaker):
            after = bent(after._replace(contacts=put(after.contacts, at, OPEN)), at, LOCKED)
            text = f"{breaker.name} closed onto a fault and trips"
        return self.settled(plant, after, Branch(after, text=text, wrong=wrong))

    def _onto_fault(self, before: Plant, after: Plant, breaker: Breaker) -> bool:
        """Return whether a breaker has closed from a live side onto a fault: protection trips."""
        reach, live = self._reach(after.contacts), self.voltages(before)
        struck = any(reach[bus] == reach[breaker.ends[0]] for bus in after.faulted)
        return struck and any(live[end] for end in breaker.ends)

    def wrong_close(
        self, before: Plant, after: Plant, at: int, *, synchronous: bool
    ) -> tuple[str, ...]:
        """Return what is wrong with contacts that have closed by our order."""
        a, b = self.breakers[at].ends
        name, wrong = self.breakers[at].name, []
        both = set(self.behind(before, a)) != set(self.behind(before, b))
        joined = self.behind(before, a) and self.behind(before, b) and both
        if joined and not synchronous:
            wrong.append(f"{name} joins two sources without synchronism")
        if self.fed_back(after) and not self.fed_back(before):
            wrong.append(f"{name} feeds a dead utility")
        reach = self._reach(after.contacts)
        live = self.voltages(before)
        if any(reach[f] == reach[a] for f in after.faulted) and (live[a] or live[b]):
            wrong.append(f"{name} feeds a fault that protection has told of")
        return tuple(wrong)

    # -- what follows from a change --------------------------------------------------------------

    def settled(self, before: Plant, after: Plant, branch: Branch) -> Branch:
        """Return a branch with the times that begin and end with what has changed."""
        timers, ended = list(branch.timers), list(branch.ended)
        for number, holds in enumerate((self.paralleled, self.fed_back)):
            label = ("ended", number)
            if not holds(after) or not after.automatic:
                ended.append(label)
            elif not holds(before):
                limit = self._ended_ms(after) if number else self._overlap_ms(after)
                if self._by_overtaken(before, after):  # others made it what it has become
                    limit = max(limit, self._ended_ms(after))
                timers.append((label, (limit, limit)))
        for at, motion in enumerate(after.motions):
            if motion == SEEKING and not all(
                self.voltages(after)[end] for end in self.breakers[at].ends
            ):
                ended.append(("sync", at))
        return branch._replace(plant=after, timers=tuple(timers), ended=tuple(ended))

    def _by_overtaken(self, before: Plant, after: Plant) -> bool:
        """Return whether a breaker has closed by an order that the plant has overtaken."""
        return any(
            bits & RACED and was != now
            for bits, was, now in zip(before.bent, before.contacts, after.contacts, strict=False)
        )

    def _overlap_ms(self, plant: Plant) -> int:
        """Return how long two sources may be in parallel [ms]."""
        lie = plant.lie
        if plant.away:
            return self._ended_ms(plant)
        held = zip(plant.bent, plant.contacts, strict=True)
        if lie is None and not any(b & (STUCK | LOCAL) and c == CLOSED for b, c in held):
            return OVERLAP_MS
        unseen = lie is not None and lie.kind == "position" and lie.shows == OPEN
        return UNSEEN_MS if unseen else ENDED_MS

    def _ended_ms(self, plant: Plant) -> int:
        """Return how long what others have made wrong may last: nobody ends it who is away [ms]."""
        return ENDED_MS + RESTART_MS[1] * plant.away

    def away(self, plant: Plant) -> Branch:
        """Return the plant without its daemon, which starts anew."""
        after = plant._replace(sudden=plant.sudden - 1, news=(), away=True)
        limit = self._ended_ms(after)
        timers = tuple(
            (("ended", number), (limit, limit))
            for number, holds in enumerate((self.paralleled, self.fed_back))
            if holds(after) and after.automatic
        )
        return Branch(after, timers, text="the daemon starts anew")

    def heard(self, plant: Plant, states: Mapping[str, Any], facts: Facts) -> Branch:
        """Return the plant after a scan whose conclusions its neighbours have heard."""
        return Branch(plant._replace(news=()))

    # -- the adversary ---------------------------------------------------------------------------

    def adversary(self, plant: Plant) -> Iterator[Branch]:
        """Return all that others may do now."""
        yield from self._healing(plant)
        yield from self.others(plant)
        if not plant.sudden:
            return
        for at, breaker in enumerate(self.breakers):
            yield from self._handled(plant, at, breaker)
        for bus in self.critical:
            if self.voltages(plant)[bus]:
                yield self._fault(plant, bus)

    def tricks(self, plant: Plant) -> Iterator[Trick]:
        """Return all that the daemon may be shown or asked beside what is so."""
        for at, breaker in enumerate(self.breakers):
            if breaker.switched:
                for action in ("open", "close", "close_in_sync"):
                    text = f"a person asks {breaker.name} to {action}"
                    yield Trick(text, ask=((breaker.name, action),))
                if not plant.bent[at] & LOCAL:
                    yield Trick(f"{breaker.name} goes to local", local=at)
        if plant.automatic:
            yield Trick("the selector leaves auto", manual=True)
        if plant.lie is None:
            yield from self._lies(plant)

    def lenient(self, plant: Plant) -> Timers:
        """Return until when an overlap must end that others have made longer from now on."""
        limit = max(ENDED_MS, self._overlap_ms(plant))
        ours = plant.automatic and self.paralleled(plant)
        return ((("ended", 0), (limit, limit)),) if ours else ()

    def unwilling(self, plant: Plant, at: int) -> Iterator[Trick]:
        """Return how a device comes not to heed the daemon, just before a command reaches it."""
        if at < len(self.breakers) and not plant.bent[at] & LOCAL:
            yield Trick(f"{self.name(at)} goes to local", local=at)

    def _healing(self, plant: Plant) -> Iterator[Branch]:
        """What gets well again; it costs nothing."""
        if not plant.automatic:
            auto = plant._replace(automatic=True)
            yield self.settled(plant, auto, Branch(auto, text="the selector is on auto again"))
        if plant.lie is not None:
            yield Branch(plant._replace(lie=None), text="the instrument is well again")
        for at, bits in enumerate(plant.bent):
            if bits & LOCAL:
                text = f"{self.name(at)} is on remote again"
                yield Branch(unbent(plant, at, LOCAL), text=text)

    def switched(self, plant: Plant, n: int, *, on: bool, text: str) -> Branch:
        """Return the plant with a source that has come or gone."""
        after = overtaken(plant._replace(sources=put(plant.sources, n, on)))
        return self.settled(plant, after, Branch(after, text=text))

    def _handled(self, plant: Plant, at: int, breaker: Breaker) -> Iterator[Branch]:
        """A breaker trips, is worked by hand, or is taken to local."""
        if plant.motions[at] != STILL or plant.bent[at] & STUCK:
            return
        drop: tuple[Label, ...] = (("travel", at), ("sync", at), ("window", at))
        if plant.contacts[at] == CLOSED:
            opened = paid(plant)._replace(contacts=put(plant.contacts, at, OPEN))
            after = overtaken(opened)
            yield self.settled(
                plant, after, Branch(after, ended=drop, text=f"{breaker.name} opened by others")
            )
        elif not all(self.voltages(plant)[end] for end in breaker.ends) and not (
            plant.bent[at] & (LOCKED | SPENT)
        ):
            closed = paid(plant)._replace(contacts=put(plant.contacts, at, CLOSED))
            reach = self._reach(closed.contacts)
            if not any(reach[f] == reach[breaker.ends[0]] for f in closed.faulted):
                after = bent(overtaken(closed), at, SPENT)
                timers = ((("charge", at), CHARGE_MS),)
                yield self.settled(
                    plant, after, Branch(after, timers, drop, f"{breaker.name} closed by hand")
                )

    def _fault(self, plant: Plant, bus: int) -> Branch:
        """A fault on a bus: what feeds it trips, and tells."""
        opened, ended = plant, list[Label]()
        for at, breaker in enumerate(self.breakers):
            if bus in breaker.ends and plant.contacts[at] == CLOSED:
                other = breaker.ends[0] if breaker.ends[1] == bus else breaker.ends[1]
                alone = opened._replace(contacts=put(opened.contacts, at, OPEN))
                if self.behind(alone, other):
                    # One that opens already carries the fault as well, and tells of it.
                    opened = bent(moved(alone, at, STILL), at, LOCKED)
                    ended.append(("travel", at))
        after = overtaken(paid(opened)._replace(faulted=(*plant.faulted, bus)))
        text = f"a fault on {self.buses[bus]} is cleared"
        return self.settled(plant, after, Branch(after, ended=tuple(ended), text=text))

    def _lies(self, plant: Plant) -> Iterator[Trick]:
        live = self.voltages(plant)
        for at, breaker in enumerate(self.breakers):
            if not breaker.switched:
                continue
            for shows in (-1, 1 - plant.contacts[at]):
                lie = Lie("position", at, 0, shows)
                yield Trick(f"{breaker.name} shows {_SHOWN['position', shows]}", lie=lie)
            for side, end in enumerate(breaker.ends):
                for shows in (-1, 1 - live[end]):
                    lie = Lie("voltage", at, side, shows)
                    text = f"{breaker.name} shows side {side} {_SHOWN['voltage', shows]}"
                    yield Trick(text, lie=lie)

    # -- what a scheme adds ----------------------------------------------------------------------

    def others(self, plant: Plant) -> Iterator[Branch]:
        """Return what sources and neighbours may do now."""
        yield from ()


_SHOWN: Final[Mapping[tuple[str, int], str]] = {
    ("position", -1): "no position",
    ("position", 0): "open and is not",
    ("position", 1): "closed and is not",
    ("voltage", -1): "without a value",
    ("voltage", 0): "dead and it is live",
    ("voltage", 1): "live and it is dead",
}
