"""What devices indicate as on or off, or by a code: by name for logic, in one array for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


class Indications:
    """All indications of a site (n_indication,).

    Attributes:
        values: what is indicated, 1 for on.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.values = np.zeros(64)
        self._count = 0

    def take(self) -> int:
        """Return a new place."""
        if self._count == len(self.values):
            self.values = np.concatenate([self.values, np.zeros(self._count)])
        self._count += 1
        return self._count - 1


class Panel(dict[str, float]):
    """Indications or settings of one device by name; only setting items one by one is shown."""

    def __init__(self, indications: Indications, first: Mapping[str, float]) -> None:
        """Show `first`."""
        super().__init__()
        self._all = indications
        self._places = {name: indications.take() for name in first}
        for name, on in first.items():
            self[name] = on

    def __setitem__(self, name: str, on: float) -> None:
        """Indicate one thing."""
        super().__setitem__(name, on)
        self._all.values[self._places[name]] = on

    def all_off(self) -> None:
        """Indicate nothing any more."""
        for name in self:
            self[name] = False

    def cell(self, name: str) -> Cell:
        """Return what reads one indication."""
        return Cell(self._all, "values", self._places[name])


class Beats:
    """Until when devices hear the daemon, as far as they know (n_listener,).

    Attributes:
        until_ns: plant time at which they give it up [ns].
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        """Begin without listeners; `now_ns` is the plant time [ns]."""
        self._now_ns = now_ns
        self.until_ns = np.zeros(0, np.int64)

    def add(self, until_ns: int) -> int:
        """Take in a listener and return its number."""
        self.until_ns = np.append(self.until_ns, until_ns)
        return len(self.until_ns) - 1

    @property
    def present(self) -> NDArray[np.bool_]:
        """Return who hears the daemon now (n_listener,)."""
        return self.until_ns > self._now_ns()
