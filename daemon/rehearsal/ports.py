"""Who needs which port, and whether it is free.

Asked before anything is started: a rehearsal that fails half-way up because a port is taken
leaves the user to find out whose it was.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Site


@dataclass(frozen=True, slots=True)
class Need:
    """A port and who will listen there."""

    host: str
    port: int
    owner: str


def of_gateways(site: Site) -> tuple[Need, ...]:
    """Return the ports at which the emulated devices of `site` are served."""
    return tuple(Need(g.host, g.port, f"emulated gateway {g.id}") for g in site.gateways.values())


def of_metrics(site: Site) -> Need:
    """Return the port of the daemon's `/metrics`."""
    return Need(site.north.metrics_host, site.north.metrics_port, "the daemon's /metrics")


def of_broker(site: Site) -> Need:
    """Return the port of a broker of our own, on loopback wherever the site's broker is."""
    return Need("127.0.0.1", site.north.mqtt_port, "the demonstration's MQTT broker")


def refusals(needs: Iterable[Need]) -> list[str]:
    """Return one line for every port that cannot be listened on, and who needs it."""
    return [
        f"{need.host}:{need.port} {why} (needed by {need.owner})"
        for need in needs
        if (why := _refusal(need))
    ]


def _refusal(need: Need) -> str:
    try:
        family = socket.getaddrinfo(need.host, need.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As a server does: connections that linger after an earlier run are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((need.host, need.port))
            probe.listen(1)
    except (OSError, OverflowError) as error:
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        return "is busy" if busy else f"cannot be used: {error}"
    return ""
