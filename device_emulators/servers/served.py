"""What a server serves: points read from and written to something that moves in its own time."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from daemon.model.plant import Device, Equipment, Gateway, Site
    from daemon.model.points import Profile


class Served(Protocol):
    """The plant as its servers see it."""

    @property
    def version(self) -> int:
        """A number that rises whenever a value may have changed."""
        ...

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return what reads many (equipment, point) at once, each in the unit of the point."""
        ...

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Hand a value to a device; False when the device refuses it."""
        ...

    def identity(self, equipment: str) -> tuple[str, bool]:
        """Whose nameplate stands where equipment should be, and whether words are reversed."""
        ...


def devices_behind(site: Site, gateway: Gateway) -> Iterator[tuple[Equipment, Device, Profile]]:
    """Yield equipment, device and map of everything that `gateway` serves, in file order."""
    for equipment in site.equipment.values():
        device = equipment.device
        if device is not None and device.gateway == gateway.id:
            yield equipment, device, site.profiles[device.profile]


def listening_failed(gateway: Gateway, error: OSError) -> OSError:
    """Return `error` as one that names the gateway and its port."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    advice = (
        "; end what listens there or shift the ports" if error.errno == errno.EADDRINUSE else ""
    )
    return OSError(
        error.errno,
        f"gateway {gateway.id} cannot listen on {gateway.host}:{gateway.port}: {reason}{advice}",
    )
