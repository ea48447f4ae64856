"""Faults by hand: what somebody asks for while a plant runs, and what they are told.

A request is a mapping of plain values and so is its answer, so that any wire can carry them
(`hatch` does). What may be done to what is the vocabulary of scenarios, checked as a scenario is.

| Request | Answer |
|---|---|
| `{"do": "list"}` | `standing`: what was done and stands, by the scenario or by hand |
| `{"do": "list", "device": ID}` | `possible` as well: the words for it, with the values they need |
| `{"do": "inject", "device": ID, "kind": K, "values": {...}, "for_s": S}` | `standing` |
| `{"do": "clear", "device": ID, "kind": K}` | `standing`; all at the device without a kind |

Every answer has `ok`, and `error` where that is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.model.quantities import ns, seconds
from daemon.settings.findings import choices
from device_emulators.faults.words import (
    DESK,
    ENDS,
    OF_INSTRUMENTS,
    UNDONE_BY,
    of_protocol,
    targets,
    why_not,
)
from device_emulators.scenario import happening
from device_emulators.scenario_checks import happening_problems
from device_emulators.selection import GATEWAY, nature_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.model.plant import Site
    from device_emulators.faults.standing import Book, Standing
    from device_emulators.scenario_checks import Vocabulary

_ENDING: Final = frozenset({"clear", *ENDS})


class Stage(Protocol):
    """Where things are done, and remembered: a scenario being played."""

    @property
    def now_ns(self) -> int:
        """Plant time [ns]."""
        ...

    @property
    def book(self) -> Book:
        """What stands."""
        ...

    def do(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something now."""
        ...


class Live:
    """Takes requests for one plant."""

    def __init__(self, site: Site, stage: Stage, words: Vocabulary) -> None:
        """Let `words` be done to `site` on `stage`."""
        self._site, self._stage, self._words = site, stage, words
        self._to_end: list[tuple[int, str, str]] = []

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what is asked for and return what came of it."""
        asked = {"list": self._list, "inject": self._inject, "clear": self._clear}
        try:
            do = asked.get(str(request.get("do")))
            if do is None:
                raise ValueError(f"a request is one of {', '.join(asked)}")
            return {"ok": True, "site": self._site.id, **do(request)}
        except (ValueError, TypeError) as error:
            return {"ok": False, "site": self._site.id, "error": str(error)}

    def advance(self) -> None:
        """End what was asked for some time only and has stood for it."""
        if not self._to_end:
            return
        due = [each for each in self._to_end if each[0] <= self._stage.now_ns]
        self._to_end = [each for each in self._to_end if each[0] > self._stage.now_ns]
        for _, target, event in due:
            self._end(target, event)

    # What can be asked for.

    def _list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device = str(request.get("device") or "")
        if not device:
            return {"standing": self._said()}
        self._refuse_unknown(device)
        words = self._possible(device).items()
        possible = {event: list(needs) for event, needs in words if event not in _ENDING}
        return {"standing": self._said(device), "device": device, "possible": possible}

    def _inject(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device, event = str(request.get("device")), str(request.get("kind"))
        self._refuse_unknown(device)
        values, for_s = dict(request.get("values") or {}), request.get("for_s")
        needed = self._possible(device).get(event, ())
        if for_s is not None and "for_s" in needed:
            values["for_s"], for_s = for_s, None
        self._refuse(device, event, values)
        if for_s is not None and not float(for_s) > 0.0:
            raise ValueError(f"{for_s} s is no span of time")
        done = targets(self._site, device, event)
        for target in done:
            self._forget(target, event)
            self._stage.do(target, event, values)
            if for_s is not None:
                due_ns = self._stage.now_ns + ns(float(for_s))
                self._to_end.append((due_ns, target, event))
        return {"done_to": done, "standing": self._said()}

    def _forget(self, target: str, event: str) -> None:
        """Take back that something is to end: it was done anew, or has ended."""
        self._to_end = [each for each in self._to_end if each[1:] != (target, event)]

    def _clear(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device, kind = str(request.get("device")), str(request.get("kind") or "")
        self._refuse_unknown(device)
        done = targets(self._site, device, "clear")
        if kind:
            done = [id_ for id_ in done if kind in self._events(id_)]
            if not done:
                here = [e.event for e in self._standing() if e.target == device]
                raise ValueError(f"{kind} does not stand at {device} (valid: {_or_none(here)})")
        for target in done:
            if kind:
                self._end(target, kind)
            else:
                self._end_all(target)
        return {"done_to": done, "standing": self._said()}

    # How it ends.

    def _end(self, target: str, event: str) -> None:
        """End one thing and leave the rest of what stands there."""
        self._forget(target, event)
        if event not in self._events(target):
            return
        nature, stage = nature_of(self._site, target), self._stage
        if event in UNDONE_BY:
            stage.do(target, UNDONE_BY[event], {})
        elif nature != GATEWAY and event in OF_INSTRUMENTS:
            stage.do(target, "clear", {"kind": event})
        else:
            rest = [e for e in self._standing(target) if e.event != event]
            stage.do(target, "heal" if nature == GATEWAY else "clear", _only(nature, event))
            for each in rest:
                if nature == GATEWAY or each.event not in OF_INSTRUMENTS:
                    stage.do(target, each.event, each.values)

    def _end_all(self, target: str) -> None:
        nature, stage = nature_of(self._site, target), self._stage
        for event in self._events(target):
            self._forget(target, event)
            if event in UNDONE_BY:
                stage.do(target, UNDONE_BY[event], {})
        stage.do(target, "heal" if nature == GATEWAY else "clear", {})

    # What is known.

    def _standing(self, target: str = "") -> list[Standing]:
        return list(self._stage.book.standing(self._stage.now_ns, target))

    def _events(self, target: str) -> list[str]:
        return [each.event for each in self._standing(target)]

    def _said(self, device: str = "") -> list[dict[str, Any]]:
        now_ns = self._stage.now_ns
        ends = {(target, event): at_ns for at_ns, target, event in self._to_end}
        found = []
        for each in self._standing(device):
            until_ns = ends.get((each.target, each.event), each.until_ns)
            left_s = None if until_ns is None else round(seconds(until_ns - now_ns), 3)
            found.append(
                {
                    "device": each.target,
                    "kind": each.event,
                    "values": dict(each.values),
                    "stands_s": round(seconds(now_ns - each.since_ns), 3),
                    "ends_in_s": left_s,
                }
            )
        return found

    def _possible(self, device: str) -> Mapping[str, tuple[str, ...]]:
        """Return the words for what `device` names, each with the values it needs."""
        ids = targets(self._site, device, "clear")
        nature = nature_of(self._site, ids[0])
        if nature == GATEWAY:
            return of_protocol(self._site.gateways[ids[0]].protocol)
        return self._words.events.get(nature, {})

    def _refuse_unknown(self, device: str) -> None:
        if not targets(self._site, device, "clear"):
            valid = choices([*self._site.equipment, *self._site.gateways], device)
            raise ValueError(f"nothing here is called {device} (valid: {valid})")

    def _refuse(self, device: str, event: str, values: Mapping[str, Any]) -> None:
        """Refuse what a scenario would not be allowed to do here."""
        if event in _ENDING:
            raise ValueError(f"{event} ends faults: use clear")
        wanted = happening(device, event, values)
        for finding in happening_problems(wanted, (), self._site, self._words):
            valid = f" (valid: {finding.valid})" if finding.valid else ""
            named = f"{finding.at[-1]}: " if finding.at and finding.at[-1] in values else ""
            raise ValueError(named + finding.text + valid)
        for id_ in targets(self._site, device, event):
            if why := why_not(self._site, id_, event, DESK):
                raise ValueError(f"{event} can be done to {id_} {why}")


def _only(nature: str, event: str) -> dict[str, str]:
    """Return the values of a word that leaves the instruments of equipment as they are."""
    return {} if nature == GATEWAY else {"kind": event}


def _or_none(words: Sequence[str]) -> str:
    return ", ".join(words) or "nothing stands there"
