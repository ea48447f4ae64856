"""Which feeders this daemon has opened, kept over restarts: they are its own to close again.

A feeder that stands open does not say who opened it. What a person opened stays open; what the
daemon took off its sets has to come back, and a daemon that was killed in between would leave it
off for good. So every change is handed to a worker that keeps it, and the shell gives what was kept
to the next daemon as its first mail. What is older than a day is a person's to judge.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from daemon.model.commands import LaneMessage, Request
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.core.kept import Files
    from daemon.core.transfer.board import SchemeState
    from daemon.core.view import View

KEEP: Final = "opened_keep"
"""Name of the function that workers know `keep` by."""
NAME: Final = "opened.json"
TOPIC: Final = "opened"
_VALID_NS: Final = 86_400 * SECOND


def keep(files: Files, utc_ns: Callable[[], int], feeders: Mapping[str, Sequence[str]]) -> None:
    """Keep feeders by scheme in place of what was kept before, with the time; done by a worker."""
    files.replace(NAME, json.dumps({"at_utc_ns": utc_ns(), "feeders": feeders}).encode())


def recalled(files: Files, sender: str, utc_ns: int) -> LaneMessage | None:
    """Return what the daemon before had opened, as mail of `sender`; None where nothing was kept.

    What cannot be read is as good as nothing: the feeders stay open, and alarms tell of it.
    """
    try:
        content = files.read(NAME)
        if not content:
            return None
        kept = json.loads(content)
        opened = {str(scheme): [str(f) for f in each] for scheme, each in kept["feeders"].items()}
        age_ns = utc_ns - int(kept["at_utc_ns"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return LaneMessage(sender, TOPIC, opened) if 0 <= age_ns <= _VALID_NS else None


def before(view: View, scheme: str) -> tuple[str, ...]:
    """Return the feeders of a scheme that the daemon before this one had opened."""
    heard = view.word(TOPIC)
    return () if heard is None else tuple(heard.values.get(scheme, ()))


def told(was: Mapping[str, SchemeState], now: Mapping[str, SchemeState]) -> tuple[Request, ...]:
    """Return the request to keep what is open by our hand, when that has changed."""
    if all(was[name].shed == at.shed for name, at in now.items()):
        return ()
    feeders = {name: list(at.shed) for name, at in now.items()}
    return (Request(-1, KEEP, {"feeders": feeders}),)
