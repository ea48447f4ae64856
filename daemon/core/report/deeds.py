"""What was switched, by whom and why, what became of it, and what was refused or went wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daemon.model.transfer_report import Deed, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.core.report.stages import Said
    from daemon.model.events import Event

TROUBLES: Final = frozenset(
    {
        "breaker_failure",
        "command_failed",
        "command_refused",
        "lane_stopped",
        "link_lost",
        "process_paused",
        "scan_overrun",
        "selection_expired",
        "set_failed",
        "task_died",
        "transfer_failed",
        "ups_fault",
        "ups_off",
        "ups_on_bypass",
    }
)
RELIEF: Final = frozenset(
    {
        "caps",
        "caps_released",
        "load_shed",
        "shedding_over",
        "shutdown_over",
        "shutdown_requested",
    }
)


def deeds(said: Sequence[Said]) -> tuple[Deed, ...]:
    """Return every command in order of time."""
    found: list[Deed] = []
    places: dict[tuple[str, int], int] = {}
    for at_s, event in said:
        if event.name not in {"command_sent", "command_refused", *_ENDS}:
            continue
        if event.name in {"command_sent", "command_refused"}:
            found.append(_begun(at_s, event))
            if event.name == "command_sent":
                places[_key(event)] = len(found) - 1
        elif _key(event) in places:
            place = places[_key(event)]
            found[place] = _ended(found[place], at_s, event)
    return tuple(found)


_ENDS: Final = {
    "command_verified": "verified",
    "command_failed": "failed",
    "breaker_failure": "failed",
}


def _key(event: Event) -> tuple[str, int]:
    return event.source, int(event.fields.get("command_id", 0))


def _begun(at_s: float, event: Event) -> Deed:
    fields = event.fields
    refused = event.name == "command_refused"
    return Deed(
        at_s=at_s,
        equipment=event.source,
        action=str(fields.get("action", "")),
        owner=str(fields.get("user") or fields.get("owner", "")),
        reason=str(fields.get("reason", "")) or _between(event.text),
        outcome="refused" if refused else "not seen",
        took_s=None,
        attempt=int(fields.get("attempts", 0 if refused else 1)),
        detail=event.text if refused else "",
    )


def _between(text: str) -> str:
    """Return what a text says in its last parentheses: there stands the reason."""
    return text[text.rindex("(") + 1 : -1] if "(" in text and text.endswith(")") else ""


def _ended(deed: Deed, at_s: float, event: Event) -> Deed:
    outcome = _ENDS[event.name]
    if outcome == "verified":  # late is better than never, but it stays on record
        took_s = round(at_s - deed.at_s, 3)
        return replace(deed, outcome=outcome, took_s=took_s)
    return replace(deed, outcome=outcome, detail=event.text)


def remarks(said: Iterable[Said], names: frozenset[str] | None = None) -> tuple[Remark, ...]:
    """Return what was said, or what was said under some names."""
    return tuple(
        Remark(at_s, event.source, event.name, event.text)
        for at_s, event in said
        if names is None or event.name in names
    )
