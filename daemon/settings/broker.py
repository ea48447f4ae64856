"""The address of an MQTT broker, as people write it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_PORT: Final = 1883


def broker_at(text: str) -> tuple[str, int]:
    """Return host and port of `mqtt://host[:port]` or `host:port`.

    Raises:
        ValueError: it is neither; the message says what would be right.
    """
    try:
        url = urlsplit(text if "://" in text else f"mqtt://{text}")
        host, port = url.hostname, url.port
    except ValueError:  # a port that is no number or above 65535, a bracket that is not closed
        host, port = None, None
    else:
        if "://" not in text and port is None:
            host = None
        if url.scheme != "mqtt" or "@" in url.netloc or url.path.strip("/") or port == 0:
            host = None
    if not host or any(c.isspace() for c in host):
        raise ValueError(
            f"{text!r} is no broker (valid: mqtt://host, mqtt://host:port or host:port, "
            "port 1 to 65535)"
        )
    return host, _PORT if port is None else port
