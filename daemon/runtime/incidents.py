"""What of the record is worth keeping longer: the minutes around a transfer or a serious alarm.

The journal keeps bytes and knows no plant; here is what it is told. An incident is an alarm of
priority 1 or 2, the report of a transfer, a command that a person had operated, or a part of the
daemon that died. When the record of one has gone in the end that is told, since nobody can look it
up any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.model.events import AlarmTransition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.journal.keeping import Segment
    from daemon.model.events import Event

SERIOUS: Final = 2
"""Priority up to which an alarm makes an incident."""
EVENTS: Final = frozenset({"transfer_report", "command_operated", "task_died", "lane_stopped"})


def keeper(keep: Callable[[], None]) -> Callable[[Event | AlarmTransition], None]:
    """Return a listener that calls `keep` when something is an incident."""

    def hear(news: Event | AlarmTransition) -> None:
        if isinstance(news, AlarmTransition):
            if news.active and news.priority <= SERIOUS:
                keep()
        elif news.name in EVENTS:
            keep()

    return hear


def tell_gone(
    gone: Sequence[Segment], note: Callable[[str, str, str, Mapping[str, Any]], None]
) -> None:
    """Tell of incidents whose record has gone; that of quiet hours goes without a word."""
    names = [segment.name for segment in gone if segment.marked]
    if names:
        text = f"the record has reached its limit: that of {len(names)} incident(s) has gone"
        note("record_gone", "journal", text, {"files": names})
