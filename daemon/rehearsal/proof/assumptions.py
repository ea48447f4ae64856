"""What the times of the proof take for granted of a site's settings.

Parts of a scheme are searched one by one, so each takes constants for what its neighbours and its
devices do (`plant`, `mains`, `sets`). Those stand for a site as long as its own timers lie on the
right side of them. Where one does not, nothing would be proven of that site but of another, so
`prove` refuses it by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.rehearsal.proof.mains import REST_MS, SETS_MS
from daemon.rehearsal.proof.plant import RESTART_MS, SYNC_MS, UNSEEN_MS, WINDOW_MS
from daemon.rehearsal.proof.sets import HALT_MS, REFUSE_MS, RUN_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.step import Control
    from daemon.model.plant import Site


class Bounds(NamedTuple):
    """Between what a setting of a site has to lie.

    Attributes:
        name: of the setting.
        setting_s: as the site has it [s].
        least_s: not shorter than this [s].
        most_s: nor longer than this [s].
        why: what the proof takes for granted.
    """

    name: str
    setting_s: float
    least_s: float
    most_s: float
    why: str

    def __str__(self) -> str:
        """Return it for people."""
        most = "" if self.most_s == _ANY_S else f" to {self.most_s:g} s"
        valid = f"from {self.least_s:g} s{most}"
        return f"{self.name} is {self.setting_s:g} s (valid: {valid}, for {self.why})"


_ANY_S: Final = float("inf")


def contradicted(site: Site, control: Control) -> list[str]:
    """Return which settings of a site the times of the proof do not stand for, for people."""
    return [str(b) for b in bounds(site, control) if not b.least_s <= b.setting_s <= b.most_s]


def bounds(site: Site, control: Control) -> Iterator[Bounds]:
    """Yield between what the settings of a site have to lie that its daemon decides."""
    boards = [
        s
        for s in site.schemes.values()
        if isinstance(s, IntakeScheme | MainTieMainScheme) and s.authority == "daemon"
    ]
    for scheme in boards:
        yield Bounds(
            f"schemes.{scheme.id}.fallback_s", scheme.fallback_s, _s(RESTART_MS[1]), _ANY_S,
            "a daemon is taken to be back before a board's own logic takes over",
        )  # fmt: skip
    if any(isinstance(s, MainTieMainScheme) for s in boards):
        yield from _of_sets(control)
        yield from _of_mains(control)


def _of_sets(control: Control) -> Iterator[Bounds]:
    start = control.start
    refused_s = _s(max(RUN_MS[1], REFUSE_MS[1]))
    unloaded_s = _s(REST_MS[1]) - start.open_s
    for name, setting_s, least_s, most_s, why in (
        ("ready_s", start.ready_s, refused_s, _ANY_S, "a set has come or refused by then"),
        ("stop_s", start.stop_s, _s(HALT_MS[1]), _ANY_S, "a set has stopped by then"),
        ("close_s", start.close_s, _s(WINDOW_MS[1]), _ANY_S, "synchronism is sought for that long"),
        ("unload_s", start.unload_s, _s(REST_MS[0]), unloaded_s, "sets leave their bus in that"),
    ):  # fmt: skip
        yield Bounds(f"control.start.{name}", setting_s, least_s, most_s, why)


def _of_mains(control: Control) -> Iterator[Bounds]:
    mains = control.main_tie_main
    sought_s = _s(WINDOW_MS[1])
    come_s, unseen_s = _s(SETS_MS[1]), _s(UNSEEN_MS) - mains.sync_s - mains.isolate_s
    # Sets that come later than every wait do so as those that come last.
    outlived = "every wait ends before the last of the sets"
    for name, setting_s, least_s, most_s, why in (
        ("sync_s", mains.sync_s, sought_s, _ANY_S, "synchronism is sought for that long"),
        ("close_s", mains.close_s, sought_s, come_s, "synchronism is sought for that long"),
        ("join_s", mains.join_s, _s(SYNC_MS[1]), come_s, "synchronism is found within that"),
        ("again_s", mains.again_s, 0.0, come_s, outlived),
        ("mains_settle_s", mains.mains_settle_s, 0.0, unseen_s, "one that shows open is sent out"),
    ):  # fmt: skip
        yield Bounds(f"control.main_tie_main.{name}", setting_s, least_s, most_s, why)
    stable_s = control.outage.return_stable_s
    yield Bounds("control.outage.return_stable_s", stable_s, 0.0, come_s, outlived)


def _s(milliseconds: int) -> float:
    return milliseconds / 1000
