"""One daemon to a state directory: its process holds a lock for as long as it lives.

Two daemons on one directory would write one journal and remember over each other, and both would
command. The lock goes with the process, however that ends, so nothing stands in the way of a
restart. Its file stays: it says who holds the lock, or was the last to hold it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "daemon.lock"
_UNKNOWN: Final = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK}
"""What a file system says that has no locks: a daemon must run there too."""


def hold(state: Path) -> int:
    """Hold a state directory until the descriptor that is returned is closed, or the process ends.

    Raises:
        OSError: the lock cannot be written.
        ValueError: another daemon holds it; says who, and what to do.
    """
    state.mkdir(parents=True, exist_ok=True)
    fd = os.open(state / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _lock(fd, state)
        os.ftruncate(fd, 0)
        # In a container it is process 1 of many: only with the name of its machine is it somebody.
        os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _lock(fd: int, state: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.pread(fd, 200, 0).decode(errors="replace").strip() or "one that just begins"
        raise ValueError(
            f"state folder {state}: another daemon runs with it, {who}: end that one, or set "
            "--state to a folder of its own"
        ) from None
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
