"""What the daemon is shown of a plant under proof: its instruments, the one that lies included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.model.natures import Role
from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.model.quality import Quality
from daemon.rehearsal.proof.mind import Picture
from daemon.rehearsal.proof.plant import (
    CLOSED,
    CLOSING,
    FAILED,
    LOCAL,
    LOCKED,
    OPEN,
    OPENING,
    SPENT,
    Breaker,
    Plant,
    bared,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Site
    from daemon.rehearsal.proof.mind import Mind
    from daemon.rehearsal.proof.switchgear import Switchgear

Decided = IntakeScheme | MainTieMainScheme
"""A scheme that the daemon may decide."""
_VOLTS: Final = ("source_voltage_v", "load_voltage_v")


def drawn(
    site: Site, switched: Callable[[str], bool]
) -> tuple[tuple[Breaker, ...], tuple[tuple[int, int], ...]]:
    """Return breakers and fixed links of a site as drawn.

    Args:
        site: cut to its part.
        switched: whether the daemon switches a breaker.
    """
    number = {bus: n for n, bus in enumerate(site.buses)}
    breakers = tuple(
        Breaker(
            e.id,
            (number[e.buses[0]], number[e.buses[1]]),
            OPEN if e.normally == "open" else CLOSED,
            switched(e.id),
        )
        for e in site.of_nature("breaker")
    )
    links = tuple(
        (number[e.buses[0]], number[e.buses[1]])
        for e in site.equipment.values()
        if e.kind.role is Role.TRANSFORMER
    )
    return breakers, links


class Camera:
    """Takes pictures of a plant.

    Attributes:
        site: cut to its part.
        scheme: as drawn, whole.
        panel: device that has the selector of the scheme.
        board: the plant.
        at: place of every value in the image, by equipment and point.
        nominal_v: nominal voltage of every bus [V].
    """

    def __init__(self, site: Site, scheme: Decided, board: Switchgear, mind: Mind) -> None:
        """Take pictures of `board` for `mind`."""
        self.site: Final = site
        self.scheme: Final = scheme
        self.panel: Final = scheme.switch if isinstance(scheme, IntakeScheme) else scheme.controller
        self.board: Final = board
        self.at: Final = {(p.equipment, p.spec.name): p.index for p in mind.points.points}
        self.nominal_v: Final = [site.buses[bus].voltage_v for bus in board.buses]
        self._mind: Final = mind
        self._taken: dict[Any, int] = {}
        self._blank = np.zeros(len(mind.points))
        for breaker in board.breakers:
            self._blank[self.at[breaker.name, "racked_in"]] = 1.0

    def __call__(self, now: Plant) -> int:
        """Return the number of the picture of a plant."""
        seen = bared(now)
        found = self._taken.get(seen)
        if found is None:
            found = self._taken[seen] = self._mind.picture(self._take(now))
        return found

    def show(self, now: Plant, values: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Write what is not a breaker, and return what neighbours have concluded."""
        return {}

    def _take(self, now: Plant) -> Picture:
        values = self._blank.copy()
        quality = np.zeros(len(values), dtype=np.uint32)
        live = self.board.voltages(now)
        for n in range(len(self.board.breakers)):
            self._breaker(now, n, values, live)
        for item in self.site.of_nature("relay", "meter"):
            end = self.board.buses.index(item.buses[0])
            for name in ("voltage_ll_v", "voltage_v"):
                if (item.id, name) in self.at:
                    values[self.at[item.id, name]] = self.nominal_v[end] * live[end]
            if (item.id, "frequency_hz") in self.at:
                values[self.at[item.id, "frequency_hz"]] = self.site.frequency_hz * live[end]
        panel = self.site.equipment[self.panel]
        selectors = panel.kind.points["selector"].states
        chosen = selectors.index("auto" if now.automatic else "manual")
        values[self.at[panel.id, "selector"]] = chosen
        facts = self.show(now, values)
        self._lie(now, values, quality)
        return Picture(values.tobytes(), quality.tobytes(), facts)

    def _breaker(self, now: Plant, n: int, values: Any, live: tuple[bool, ...]) -> None:  # noqa: ANN401
        breaker, at, bits = self.board.breakers[n], self.at, now.bent[n]
        name = breaker.name
        travels = now.motions[n] in {OPENING, CLOSING}
        values[at[name, "position"]] = 0.0 if travels else 1.0 + now.contacts[n]
        values[at[name, "local"]] = bool(bits & LOCAL)
        # Of a closed one the search itself tells both (`Search.open_to`).
        values[at[name, "spring_charged"]] = not bits & SPENT or now.contacts[n] == CLOSED
        for flag in ("tripped", "lockout_86", "trip_51"):
            values[at[name, flag]] = bool(bits & LOCKED)
        values[at[name, "failure_50bf"]] = bool(bits & FAILED)
        carries = now.contacts[n] == CLOSED and all(live[end] for end in breaker.ends)
        values[at[name, "current_a"]] = self.site.equipment[name].ratings["current_a"] * carries
        values[at[name, "sync_25"]] = bool(now.in_sync >> n & 1)
        for point, end in zip(_VOLTS, breaker.ends, strict=True):
            values[at[name, point]] = self.nominal_v[end] * live[end]

    def _lie(self, now: Plant, values: Any, quality: Any) -> None:  # noqa: ANN401
        """Let one instrument tell what is not so."""
        if now.lie is None:
            return
        lie, breaker = now.lie, self.board.breakers[now.lie.breaker]
        if lie.kind == "position":
            index, shown = self.at[breaker.name, "position"], 1.0 + lie.shows
        else:
            index = self.at[breaker.name, _VOLTS[lie.side]]
            shown = self.nominal_v[breaker.ends[lie.side]] * lie.shows
        if lie.shows < 0:
            quality[index] = Quality.BAD_COMMUNICATION_ERROR
        else:
            values[index] = shown
