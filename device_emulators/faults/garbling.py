"""Values of two registers with the wrong one first, as after a change of firmware.

What a master makes of such words is a value like any other, so it can be told as one: coded as the
map says, read with the words the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.model.points import Register
from device_emulators.servers.codec import accepts, decoder, encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.model.plant import Site


@dataclass(frozen=True, slots=True)
class Garble:
    """What becomes of the values of one point."""

    encode: Callable[[float], Sequence[int]]
    decode: Callable[[Sequence[int]], float]
    low: float | None
    high: float | None

    def __call__(self, value: float) -> float:
        """Return what is understood where `value` was said."""
        return self.decode(self.encode(value)[::-1])

    def accepts(self, value: float) -> bool:
        """Return whether a device takes a value that it understood."""
        return accepts(value, self.low, self.high)


def garbles(site: Site, id_: str) -> Mapping[str, Garble]:
    """Return how points of equipment are garbled, by name; none where no value has two words."""
    item = site.equipment[id_]
    places = {} if item.device is None else site.profiles[item.device.profile].points
    return {
        name: Garble(
            encoder(place, item.kind.points[name].kind), decoder(place), place.low, place.high
        )
        for name, place in places.items()
        if isinstance(place, Register) and place.words == 2
    }
