"""The rehearsal's own MQTT broker: mosquitto where it is installed, else amqtt.

Either listens on loopback alone, keeps what it stores in the rehearsal's scratch folder and ends
with it. amqtt speaks MQTT 3.1.1 only, which is enough for what the daemon publishes. Both admit
everybody: this is a desk.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

from daemon.rehearsal.children import python

if TYPE_CHECKING:
    from pathlib import Path

_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
log_dest stderr
log_type error
user {user}
"""


def find_mosquitto() -> str | None:
    """Return where mosquitto is; Debian keeps it in sbin, outside an ordinary user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    return shutil.which("mosquitto", path=path)


def command(port: int, folder: Path) -> tuple[str, list[str]]:
    """Return what the broker is called and the command that runs it on `port`."""
    program = find_mosquitto()
    if program is None:
        return "amqtt, MQTT 3.1.1", python("daemon.rehearsal.broker", str(port))
    configuration = folder / "mosquitto.conf"
    # Started as root it would give up the right to write into our folder.
    user = "root" if os.geteuid() == 0 else "mosquitto"
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder, user=user))
    return "mosquitto", [program, "-c", str(configuration)]


async def serve(port: int) -> None:
    """Run amqtt on loopback until told to end."""
    from amqtt.broker import Broker  # noqa: PLC0415 - slow, and not wanted with mosquitto

    logging.getLogger("amqtt").setLevel(logging.CRITICAL)  # a client that leaves is no news
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {anonymous: {"allow_anonymous": True}},
        }
    )
    await broker.start()
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
