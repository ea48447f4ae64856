"""What a scheduler of jobs says, in the words that it has to use on the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTIONS: Final = {"announce_start": "start", "announce_stop": "stop", "take_back": "cancel"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def notice(event: str, values: Mapping[str, Any], utc_ns: int) -> str:
    """Return the text of a notice.

    Args:
        event: as a scenario calls it.
        values: of the event.
        utc_ns: the wall clock of the scheduler [ns since 1970].
    """
    said = {"schema": 1, "id": values["job"], "action": _ACTIONS[event]}
    if event != "take_back":
        at = _EPOCH + timedelta(microseconds=utc_ns // 1000) + timedelta(seconds=values["in_s"])
        said |= {"at": at.isoformat(), "power_w": float(values["power_w"])}
    return json.dumps(said)
