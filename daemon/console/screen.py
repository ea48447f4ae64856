"""What a person reads: answers of the daemon as lines, and as the one object that machines read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STATE: Final = Path("ridethrough-state")
"""State folder that a command is for unless it names another."""
_BAD: Final = frozenset({"refused", "failed", "expired", "cancelled"})


def as_json(request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer for machines: `ok`, what was asked, and a verdict for every step."""
    steps = answer.get("steps", ())
    verdicts = [_verdict(step["name"], step["at_s"]) for step in steps]
    if "refused_by" in answer and not steps and not answer["ok"]:
        verdicts = [_verdict("refused", 0.0)]
    body = {key: value for key, value in answer.items() if key not in {"steps", "do"}}
    return {**body, "asked": dict(request), "verdicts": verdicts}


def _verdict(name: str, at_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "ok": name not in _BAD,
        "value": at_s,
        "limit": None,
        "unit": "s",
        "at_s": at_s,
    }


def lines(answer: Mapping[str, Any]) -> Iterable[str]:
    """Yield a good answer for people, and what to do next."""
    if answer.get("do") == "list":
        yield from _listed(answer)
    elif answer.get("stage") == "selected":
        yield from _selected(answer)
    else:
        if answer.get("do") != "operate":
            yield answer["text"]
        if answer.get("do") == "approve":
            yield f"  {answer['user']} has {_time(answer)} to operate it"


def _selected(each: Mapping[str, Any]) -> Iterable[str]:
    where = "" if each["state"] == str(STATE) else f" --state {each['state']}"
    yield f"{each['selection']}: {each['equipment']} {each['action']}, selected by {each['user']}"
    yield f"  would lose supply: {', '.join(each['lost']) or 'nothing'}"
    if each["overloaded"]:
        yield f"  would be overloaded: {', '.join(each['overloaded'])}"
    if each["bypass"]:
        yield f"  interlocks set aside: {', '.join(each['bypass'])}"
    if each["needs_approval"]:
        yield f"  a second person has {_time(each)} to approve it ({each['needs_approval']}):"
        yield f"    ridethrough command approve {each['selection']}{where} --user NAME"
        yield "  then, within its time:"
    else:
        yield f"  {_time(each)} to do it:"
    yield f"    ridethrough command operate {each['selection']}{where}"


def _time(each: Mapping[str, Any]) -> str:
    return "some time" if each["left_s"] is None else f"{each['left_s']:.1f} s"


def _listed(answer: Mapping[str, Any]) -> Iterable[str]:
    yield f"{answer['site']}: you are {answer['user']} and may {', '.join(answer['roles'])}"
    if answer["hint"]:
        yield f"  {answer['hint']}"
    for each in answer["operators"]:
        yield f"  enrolled: {each['name']} ({', '.join(each['roles'])})"
    for name, by in answer["tags"].items():
        yield f"  maintenance tag on {name}: {', '.join(by)}"
    yield "selections:" if answer["selections"] else "nothing is selected"
    for each in answer["selections"]:
        yield from waiting(each)
    for each in answer.get("equipment", ()):
        yield from _equipment(each)
    if answer.get("left_off"):
        yield f"... and {answer['left_off']} more: name fewer"


def waiting(each: Mapping[str, Any]) -> Iterable[str]:
    """Yield a selection that waits for somebody, and what it would do."""
    waits = " and waits for a second person" if _waits(each) else ""
    left = f", {_time(each)} left" if each["left_s"] is not None else ""
    what = f"{each['equipment']} {each['action']}"
    yield f"  {each['selection']}  {what} by {each['user']}: {each['stage']}{waits}{left}"
    yield f"    because: {each['reason']}"
    yield f"    would lose supply: {', '.join(each['lost']) or 'nothing'}"
    if each["overloaded"]:
        yield f"    would be overloaded: {', '.join(each['overloaded'])}"
    if each["bypass"]:
        yield f"    interlocks set aside: {', '.join(each['bypass'])}"


def _waits(each: Mapping[str, Any]) -> bool:
    return bool(each["needs_approval"]) and each["stage"] == "selected"


def _equipment(each: Mapping[str, Any]) -> Iterable[str]:
    stands = ", ".join(f"{name} {value}" for name, value in each.get("stands", {}).items())
    yield f"{each['id']} ({each['kind']}){': ' + stands if stands else ''}"
    yield f"  obeys {', '.join(each['commands']) or 'no command'}"
    for user, why in each["tags"].items():
        yield f"  maintenance tag of {user}: {why}"
    for point in each["setpoints"]:
        low, high = (_number(point[key]) for key in ("low", "high"))
        now = "unknown" if point["value"] is None else _number(point["value"])
        yield f"  set {point['point']} {low}..{high} {point['unit']} (now {now})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
