"""How a person's program and the door talk: one JSON object on a line, over a local socket.

What is sent is a request, what comes back is its answer (it has `ok`), with any number of `news`
lines before it. The socket stands in the state folder, whose name decides who can find it.
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME: Final = "command.sock"
LONGEST_LINE: Final = 4096
"""Bytes of a request; who sends more is hung up on."""
CONNECT_S: Final = 10
LONGEST_PATH: Final = 107
"""Bytes the kernel takes for the address of a local socket (`sun_path` less its end)."""
_PEER: Final = struct.Struct("3i")


def door_of(state: Path) -> Path:
    """Return where the door of a daemon with this state folder stands.

    Raises:
        ValueError: the name would be longer than the kernel takes.
    """
    path = state / NAME
    if (long := len(bytes(path))) > LONGEST_PATH:
        raise ValueError(
            f"state folder {state}: the local socket {NAME} in it would have a name of {long} "
            f"bytes, the kernel takes {LONGEST_PATH} (set --state to a shorter path, a relative "
            "one or a link)"
        )
    return path


def lives(path: Path) -> bool:
    """Return whether somebody listens behind a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
        except OSError:  # it is there, and not for us
            return True
    return True


@dataclass(frozen=True, slots=True)
class Peer:
    """Process, user and group behind a connection, as the kernel saw them when it was made."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end of a local socket."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return Peer(*_PEER.unpack(found))


def packed(body: Mapping[str, Any]) -> bytes:
    """Return an object as a line."""
    return json.dumps(body, ensure_ascii=True).encode() + b"\n"


def unpacked(line: bytes) -> dict[str, Any]:
    """Return the object on a line.

    Raises:
        ValueError: it is not one; NaN and Infinity are no JSON.
    """
    try:
        body = json.loads(line.decode(), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


class Call:
    """A connection to a door, from the side of a person."""

    def __init__(self, path: Path, patience_s: float | None) -> None:
        """Connect, and wait for every line so long [s], None for ever.

        Raises:
            OSError: nobody listens there, or it is not for this user.
        """
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            # The kernel lets a caller wait in front of a busy door only while the socket blocks.
            wait = struct.pack("ll", CONNECT_S, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
            self._socket.connect(str(path))
            self._socket.settimeout(patience_s)
        except OSError:
            self._socket.close()
            raise
        self._held = b""

    def send(self, **request: Any) -> None:  # noqa: ANN401 - what a request holds
        """Send a request.

        Raises:
            OSError: the door is gone.
        """
        self._socket.sendall(packed(request))

    def heard(self) -> Iterator[dict[str, Any]]:
        """Yield what comes, up to and with the next answer.

        Raises:
            OSError: the door hung up, or said nothing for too long.
        """
        while True:
            while b"\n" not in self._held:
                try:
                    data = self._socket.recv(1 << 16)
                except TimeoutError:
                    patience_s = self._socket.gettimeout()
                    text = f"the daemon has said nothing for {patience_s:g} s: it hangs"
                    raise TimeoutError(text) from None
                if not data:
                    raise ConnectionError("the daemon hung up")
                self._held += data
            line, _, self._held = self._held.partition(b"\n")
            body = unpacked(line)
            yield body
            if "ok" in body:
                return

    @property
    def peer(self) -> Peer:
        """Return who opened the door; process 0 is one that cannot be seen from here."""
        return peer_of(self._socket)

    @property
    def waiting(self) -> bool:
        """Return whether a line is there already."""
        return b"\n" in self._held

    def fileno(self) -> int:
        """Return the descriptor, to wait for this and other things at once."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
