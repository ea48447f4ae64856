"""One person at the door: what they may ask for, and the answer to each request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.console import listing, orders
from daemon.console.ledger import ENDED, Followed
from daemon.console.operators import APPROVE, LONGEST_SECRET, OPERATE, VIEW
from daemon.console.orders import RefusedError
from daemon.model.commands import (
    TAG,
    Approval,
    Cancellation,
    Operation,
    OperatorRequest,
    Proposal,
    Selection,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from daemon.console.door import Door
    from daemon.console.identity import Person
    from daemon.console.ledger import Step
    from daemon.console.wire import Peer
    from daemon.model.commands import Message

    Answer = dict[str, Any]

ANSWER_S: Final = 4.0
"""Longest wait for the first word of the core [s]: it may pause for two of them and read anew."""
OUTCOME_S: Final = 45.0
"""Longest wait for what became of a command [s]: spring, synchronising and retry included."""
_ID: Final = re.compile(r"(\d{1,9})-(\d{1,9})")
_BEGINNING: Final = frozenset({"select", "set", "release"})
_NAMING: Final = ("do", "selection", "equipment", "point", "action")
_DONE: Final = frozenset({"verified", "failed"})


@dataclass
class Caller:
    """Somebody at the door, from their first request to their last.

    Attributes:
        door: where they stand.
        peer: their process and user, as the kernel says.
        push: sends them news.
        person: who they are, None before it is known.
        following: selections they want to hear of.
        watching: they want to hear of all.
        said_ns: when the request was read that is being answered [ns].
    """

    door: Door
    peer: Peer
    push: Callable[[Answer], None]

    def __post_init__(self) -> None:
        """Begin as nobody."""
        self.person: Person | None = None
        self.following: set[str] = set()
        self.watching = False
        self.said_ns = 0
        self._does: dict[str, Callable[[Mapping[str, Any]], Awaitable[Answer]]] = {
            "hello": self._hello,
            "list": self._list,
            "watch": self._watch,
            "select": self._select,
            "approve": self._approve,
            "operate": self._operate,
            "cancel": self._cancel,
            "set": self._set,
            "release": self._set,
        }

    @property
    def name(self) -> str:
        """Return who this is, for the record."""
        return self.person.name if self.person else f"user {self.peer.uid}"

    async def answer(self, request: Mapping[str, Any]) -> Answer:
        """Return the answer to a request; a refusal is one, and is recorded."""
        do = request.get("do")
        try:
            if not isinstance(do, str) or do not in self._does:
                raise RefusedError("malformed", f"do: must be one of {', '.join(self._does)}")
            body = await self._does[do](request)
        except RefusedError as refusal:
            self._refused(request, refusal)
            body = {"ok": False, "refused_by": refusal.name, "text": refusal.text}
        return {"do": do, **body}

    def _refused(self, request: Mapping[str, Any], refusal: RefusedError) -> None:
        """Record an attempt that was not passed on."""
        asked = {
            key: value[: orders.LONGEST_REASON]
            for key in ("do", "equipment", "action", "point", "value", "selection", "reason")
            if isinstance(value := request.get(key), str) and value.isprintable()
        }
        what = " ".join(
            asked.get(k, "") for k in ("do", "equipment", "point", "action", "selection")
        )
        text = f"{' '.join(what.split()) or 'a request'} by {self.name} refused: {refusal.text}"
        source = asked.get("equipment", "")
        source = source if source in self.door.inside.site.equipment else "door"
        fields = {**asked, **self._who(), "interlock": refusal.name}
        self.door.note("request_refused", source, text, fields)

    def _who(self) -> dict[str, Any]:
        return {"user": self.name, "uid": self.peer.uid, "pid": self.peer.pid}

    async def _allowed(self, *roles: str) -> Person:
        """Return who this is, if they have one of `roles`.

        Raises:
            RefusedError: they have none.
        """
        door = self.door
        await door.roster.look(door.pool)
        if self.person is None:
            self.person = door.roster.user(self.peer)
        self.person = door.roster.renewed(self.person, self.peer)
        if not self.person.roles & {*roles}:
            text = f"{self.name} may not {' or '.join(roles)}: {self.person.hint}"
            raise RefusedError("role", text)
        return self.person

    async def _hello(self, request: Mapping[str, Any]) -> Answer:
        name, secret = orders.word(request, "user"), request.get("secret")
        if not isinstance(secret, str) or len(secret) > LONGEST_SECRET:
            raise RefusedError("malformed", f"secret: must be text of {LONGEST_SECRET} at most")
        door, self.person = self.door, None
        await door.roster.look(door.pool)
        now_ns = door.inside.now_ns()
        person = await door.roster.prove(door.pool, self.peer, name, secret, now_ns)
        if person is None:
            raise RefusedError("wrong_secret", f"{name} is not enrolled with that secret")
        self.person = person
        text = f"{name} came to the door"
        door.inside.record("operator_known", "door", text, self._who())
        return {"ok": True, **self._you(person)}

    def _you(self, person: Person) -> Answer:
        return {"user": person.name, "roles": sorted(person.roles), "hint": person.hint}

    async def _watch(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(VIEW)
        self.door.mind_watchers()
        self.watching = True
        return {"ok": True, **self._you(person)}

    async def _list(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(VIEW)
        door, pattern = self.door, request.get("equipment")
        now_ns = door.inside.now_ns()
        answer: Answer = {
            "ok": True,
            **self._you(person),
            "site": door.inside.site.id,
            "epoch": door.inside.epoch,
            "operators": [
                {"name": each.name, "roles": sorted(each.roles)}
                for each in (door.roster.operators or {}).values()
            ],
            "selections": [each.plain(now_ns) for each in door.ledger.outstanding()],
            "tags": {name: dict(by) for name, by in door.tags.items()},
        }
        if pattern is not None:
            found = listing.found(door.inside.site, orders.word(request, "equipment"))
            shown = [listing.shown(door, name) for name in found[: listing.SHOWN]]
            answer |= {"equipment": shown, "left_off": len(found) - len(shown)}
        return answer

    async def _select(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(OPERATE)
        inside = self.door.inside
        wish = orders.action(request, person.name, inside.site, inside.points)
        found = self._begin(person, wish, orders.words(request, "bypass"))
        self.following.add(found.id)
        proposal = Selection(found.id, person.name, wish, found.bypass)
        self._ask(request, found, proposal, wish)
        if not await self.door.ledger.until(found, lambda f: f.stage != "asked", ANSWER_S):
            inside.ask(Cancellation(found.id, person.name), wish)
            raise _unanswered()
        return self._told(found, ok=found.stage == "selected")

    def _begin(self, person: Person, wish: Proposal, bypass: tuple[str, ...] = ()) -> Followed:
        """Begin to follow what a person asks for, under a name of its own."""
        now_ns = self.door.inside.now_ns()
        found = Followed(self.door.next_name(), person.name, wish, bypass, now_ns)
        self.door.ledger.open(found)
        return found

    async def _approve(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(APPROVE)
        found = self._outstanding(request)
        self.following.add(found.id)
        message = Approval(found.id, person.name)
        return await self._said(request, found, message, "approved")

    async def _cancel(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(OPERATE, APPROVE)
        found = self._outstanding(request)
        message = Cancellation(found.id, person.name)
        return await self._said(request, found, message, "cancelled")

    async def _said(
        self, request: Mapping[str, Any], found: Followed, message: Message, wanted: str
    ) -> Answer:
        """Ask for a step of a selection and wait for the word of the core."""
        before = len(found.steps)

        def answers() -> Iterator[Step]:
            """Yield what has happened since, without what somebody else was refused."""
            return (step for step in found.steps[before:] if step.told in {"", self.name})

        self._ask(request, found, message, found.wish)
        if not await self.door.ledger.until(found, lambda _: any(answers()), ANSWER_S):
            raise _unanswered()
        first = next(answers())
        return {**self._told(found, ok=first.name == wanted), "text": first.text}

    async def _operate(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(OPERATE)
        found = self._named(request)
        self.following.add(found.id)
        if found.user == person.name and found.stage in {*_DONE, "operated", "sent"}:
            pass  # asked for twice: done once, and answered twice
        else:
            self._mind_end(found)
            answer = await self._said(request, found, Operation(found.id, person.name), "operated")
            if not answer["ok"] and not (found.user == person.name and found.stage in _DONE):
                return answer
        if self._of_scheme(found.wish):
            return self._told(found, ok=found.stage == "operated")
        if not await self.door.ledger.until(found, lambda f: f.stage in ENDED, OUTCOME_S):
            text = (
                f"{found.wish.equipment}: no outcome within {OUTCOME_S:g} s, look at its position"
            )
            return {**self._told(found, ok=False), "text": text}
        return self._told(found, ok=found.stage == "verified")

    def _of_scheme(self, wish: Proposal) -> bool:
        """Return whether a wish is for a scheme as a whole: nothing then shows that it is done."""
        site = self.door.inside.site
        item = site.equipment.get(wish.equipment)
        own = item is not None and wish.action in item.kind.commands()
        return wish.equipment in site.schemes and not own and wish.point != TAG

    async def _set(self, request: Mapping[str, Any]) -> Answer:
        person = await self._allowed(OPERATE)
        inside = self.door.inside
        wish = orders.setpoint(request, person.name, inside.site, inside.points)
        found = self._begin(person, wish)
        self.following.add(found.id)
        self._ask(request, found, OperatorRequest(found.id, person.name, wish), wish)
        if not await self.door.ledger.until(found, lambda f: f.stage != "asked", ANSWER_S):
            raise _unanswered()
        return self._told(found, ok=found.stage == "verified")

    def _named(self, request: Mapping[str, Any]) -> Followed:
        """Return the selection that a request names.

        Raises:
            RefusedError: there is none of that name.
        """
        name = orders.word(request, "selection")
        found = self.door.ledger.find(name)
        if found is not None:
            return found
        match, epoch = _ID.fullmatch(name), self.door.inside.epoch
        if match and int(match[1]) < epoch:
            text = f"{name} was selected before the daemon started anew: select again"
            raise RefusedError("stale_selection", text)
        known = ", ".join(each.id for each in self.door.ledger.outstanding()) or "none"
        raise RefusedError("unknown_selection", f"no selection is called {name} (valid: {known})")

    def _outstanding(self, request: Mapping[str, Any]) -> Followed:
        """Return the selection that a request names and that has not ended.

        Raises:
            RefusedError: there is none.
        """
        found = self._named(request)
        self._mind_end(found)
        return found

    def _mind_end(self, found: Followed) -> None:
        if found.stage in ENDED:
            text = f"{found.id} has ended ({found.stage}): select again"
            raise RefusedError("stale_selection", text)

    def _ask(
        self, request: Mapping[str, Any], found: Followed, message: Message, wish: Proposal
    ) -> None:
        """Record that a person asks, and put it into the inbox of the lane.

        Raises:
            RefusedError: it may be late, too much is asked for, or it cannot be recorded.
        """
        door, inside = self.door, self.door.inside
        do, reason = str(request["do"]), orders.reason(request)
        if self.said_ns < door.old_until_ns and do != "cancel":
            text = "the daemon was paused, and this may have been said before: say it again"
            raise RefusedError("late", text)
        turns = door.orders if do in _BEGINNING else door.steps
        if not turns.take(inside.now_ns()):
            raise RefusedError("too_fast", "too many commands in a short time: wait some seconds")
        text = f"{self.name} asks to {do} {found.id}: {wish.equipment} {wish.point} {wish.action}"
        fields = {"do": do, "selection": found.id, "reason": reason, **self._who()}
        fields |= {"action": wish.action, "point": wish.point, "value": wish.value}
        fields |= {"bypass": list(found.bypass)}
        inside.record("command_asked", wish.equipment, text.replace(" command ", " "), fields)
        if failing := inside.unrecordable():
            raise RefusedError("no_record", f"the journal cannot be written ({failing})")
        inside.ask(message, wish)

    def _told(self, found: Followed, *, ok: bool) -> Answer:
        return {"ok": ok, **found.plain(self.door.inside.now_ns())}


def _unanswered() -> RefusedError:
    text = f"the scan gave no answer within {ANSWER_S:g} s; ridethrough command list shows the rest"
    return RefusedError("no_answer", text)
