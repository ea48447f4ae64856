"""The door: a local socket through which people reach the running daemon, one line at a time.

It stands on the loop of the scan and must cost it nothing to speak of. A line has a greatest
length, a caller a rate and a time to be silent, all callers together a number and a rate; whoever
is too fast is not read, and the kernel holds them. When all places are taken, whoever came and said
nothing makes way, and then the process that has taken most of them. A caller who does not read what
is sent is hung up on. Secrets and the file of operators are worked on in a thread of the lowest
priority.

A door that cannot be opened is an event and tried again: the plant is looked after without people.

What was said to a process that stood still waits in the kernel until it goes on, however long that
takes. So what is read for `OLD_NS` after a pause is refused as late, but for a cancellation: who
said it may have given it up long ago.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.console.caller import Caller
from daemon.console.identity import Roster, lowest_priority
from daemon.console.ledger import Ledger
from daemon.console.limits import Bucket
from daemon.console.orders import RefusedError
from daemon.console.wire import LONGEST_LINE, Peer, lives, packed, peer_of, unpacked
from daemon.model.events import AlarmTransition, Event
from daemon.model.quality import is_good
from daemon.model.quantities import SECOND
from daemon.publishers.publisher import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from daemon.model.commands import Message, Proposal
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

CALLERS: Final = 16
WATCHERS: Final = 8
BACKLOG: Final = 32
NEW_S: Final = 5.0
"""Who has just come says something within this [s]."""
SILENT_S: Final = 120.0
"""Who was heard before says something within this [s], unless they watch."""
OLD_NS: Final = SECOND
"""What is read for so long after a pause may have been said before it [ns]."""
UNREAD: Final = 1 << 16
"""Bytes that may wait for a caller who does not read."""
READ_S: Final = 5.0
AGAIN_S: Final = 5.0
_NOTES_HZ: Final = 1.0
_ARRIVALS_HZ: Final = 25.0
_REQUESTS_HZ: Final = 50.0
_OWN_HZ: Final = 10.0
_ORDERS_HZ: Final = 2.0
_STEPS_HZ: Final = 10.0
PAUSED: Final = "process_paused"
_NEWS: Final = ("command_", "selection_", "setpoint_", "operator")
_PLAIN: Final = (str, int, float, bool, tuple, list, type(None))
_OWNER: Final = 0o600
_GROUP: Final = 0o660


@dataclass(frozen=True)
class Inside:
    """What the door is given of the daemon.

    Attributes:
        site: the plant, for names.
        points: place of every value.
        epoch: number of this boot, in the name of every selection.
        now_ns: monotonic clock [ns].
        ask: puts a message into the inbox of the lane that a wish belongs to.
        record: records something that happened: name, source, text, values.
        unrecordable: says why the journal cannot be written, "" when it can.
    """

    site: Site
    points: PointTable
    epoch: int
    now_ns: Callable[[], int]
    ask: Callable[[Message, Proposal], None]
    record: Callable[[str, str, str, Mapping[str, Any]], None]
    unrecordable: Callable[[], str]


class Door:
    """Lets people in; to the scan it is one more that is shown and told.

    Attributes:
        inside: what it has of the daemon.
        roster: the operators.
        ledger: selections and what became of them.
        orders: how fast all people together may begin something.
        steps: how fast they may go on with it; a flood of selections must not hold up an operation.
        tags: maintenance tags by equipment: who hung them, and why.
        old_until_ns: what is read before this may have been said before a pause [ns].
        pool: where secrets are worked out.
    """

    name: Final = "door"

    def __init__(self, inside: Inside, path: Path, operators: Path) -> None:
        """Stand at `path`, closed; know the operators of a file."""
        self.inside: Final = inside
        self.roster: Final = Roster(operators, self._enrolled)
        self.ledger: Final = Ledger()
        self.orders: Final = Bucket(_ORDERS_HZ, 20)
        self.steps: Final = Bucket(_STEPS_HZ, 40)
        self.old_until_ns = 0
        self.pool: ThreadPoolExecutor
        self._path = path
        self.tags: Mapping[str, Mapping[str, str]] = {}
        self._image: Image | None = None
        self._names = 0
        self._arrivals = Bucket(_ARRIVALS_HZ, 20)
        self._requests = Bucket(_REQUESTS_HZ, 50)
        self._notes = Bucket(_NOTES_HZ, 30)
        self._unnoted = 0
        self._places: dict[asyncio.Task[Any], Peer] = {}
        self._heard: set[asyncio.Task[Any]] = set()
        self._callers: list[Caller] = []
        self._shut = ""

    # What the scan tells.

    def show(self, snapshot: Snapshot) -> None:
        """Take the values after a main scan."""
        self._image = snapshot.image
        self.tags = snapshot.tags

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Take what happened, and pass it on to those who want to hear it."""
        for item in news:
            if isinstance(item, AlarmTransition):
                continue
            if item.name == PAUSED:
                self.old_until_ns = self.inside.now_ns() + OLD_NS
            found = self.ledger.hear(item)
            if self._callers and (found or item.name.startswith(_NEWS)):
                self._spread(item, found.id if found else "")

    def _spread(self, event: Event, selection: str) -> None:
        body = {
            "news": event.name,
            "source": event.source,
            "text": event.text,
            "selection": selection,
            "fields": {k: v for k, v in event.fields.items() if isinstance(v, _PLAIN)},
        }
        for caller in self._callers:
            if caller.watching or selection in caller.following:
                caller.push(body)

    # What callers need.

    def value(self, index: int) -> float | None:
        """Return a value of the plant, None while there is no good one."""
        image = self._image
        if image is None or not is_good(image.quality.item(index)):
            return None
        return float(image.values.item(index))

    def next_name(self) -> str:
        """Return the name of the next selection: the boot, and a number."""
        self._names += 1
        return f"{self.inside.epoch}-{self._names}"

    def mind_watchers(self) -> None:
        """Refuse to be watched by more than a few.

        Raises:
            RefusedError: there are as many already.
        """
        if sum(caller.watching for caller in self._callers) >= WATCHERS:
            raise RefusedError("busy", f"{WATCHERS} watch already")

    def note(self, name: str, source: str, text: str, fields: Mapping[str, Any]) -> None:
        """Record an attempt that came to nothing; of a flood, the number of those left out."""
        if not self._notes.take(self.inside.now_ns()):
            self._unnoted += 1
            return
        if self._unnoted:
            text = f"{text} (and {self._unnoted} attempts more since the last that was recorded)"
            fields = {**fields, "unrecorded": self._unnoted}
            self._unnoted = 0
        self.inside.record(name, source, text, fields)

    def _enrolled(self) -> None:
        """Record who may command now, and let them find the door."""
        known, problem = self.roster.operators, self.roster.problem
        with contextlib.suppress(FileNotFoundError):
            self._path.chmod(_GROUP if known else _OWNER)
        if problem:
            text = f"nobody may command: {problem}"
        elif known is None:
            text = "no operators are enrolled: the user of the daemon and root may command alone"
        else:
            each = (f"{one.name} ({', '.join(sorted(one.roles))})" for one in known.values())
            text = f"enrolled: {'; '.join(each) or 'nobody'}"
        roles = {name: sorted(one.roles) for name, one in (known or {}).items()}
        values = {"operators": roles, "problem": problem}
        self.inside.record("operators_changed", "door", text, values)

    # The socket.

    async def run(self) -> None:
        """Let people in until cancelled."""
        self.pool = ThreadPoolExecutor(1, "door", lowest_priority)
        try:
            while True:
                try:
                    listener = self._open()
                except OSError as error:
                    self._stays_shut(error)
                    await asyncio.sleep(AGAIN_S)
                    continue
                self._shut = ""
                await self._let_in(listener)
        finally:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> socket.socket:
        """Return the listening socket.

        Raises:
            OSError: it cannot be made, or another daemon has it.
        """
        path = self._path
        if path.exists() or path.is_symlink():
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise FileExistsError(f"{path} is in the way")
            if lives(path):
                raise FileExistsError(f"another daemon listens at {path}")
            path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            os.fchmod(listener.fileno(), _OWNER)  # the name takes over this mode
            listener.bind(str(path))
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        return listener

    def _stays_shut(self, error: OSError) -> None:
        if self._shut != str(error):
            self._shut = str(error)
            self.inside.record("door_shut", "door", f"people cannot command: {error}", {})

    async def _let_in(self, listener: socket.socket) -> None:
        """Take callers, one after the other, until cancelled."""
        loop, tasks = asyncio.get_running_loop(), self._places
        await self.roster.look(self.pool)
        self.inside.record("door_open", "door", f"people may command at {self._path}", {})
        try:
            while True:
                await asyncio.sleep(self._arrivals.book(self.inside.now_ns()))
                try:
                    connection, _ = await loop.sock_accept(listener)
                except OSError:  # no descriptor is left: the rest of the daemon goes first
                    await asyncio.sleep(1.0)
                    continue
                if len(tasks) >= CALLERS and not self._make_room():
                    self._turn_away(connection)
                    continue
                peer = peer_of(connection)
                task = loop.create_task(self._attend(connection, peer))
                tasks[task] = peer
                task.add_done_callback(self._left)
        finally:
            listener.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            leaving = [*tasks]
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._places.pop(task, None)
        self._heard.discard(task)

    def _make_room(self) -> bool:
        """Hang up on one who has nothing to say, or on one of a process that has come too often."""
        leaving = next((task for task in self._places if task not in self._heard), None)
        if leaving is None:
            ((pid, times),) = Counter(peer.pid for peer in self._places.values()).most_common(1)
            if times == 1:
                return False
            leaving = next(task for task, peer in self._places.items() if peer.pid == pid)
        self._left(leaving)
        leaving.cancel()
        return True

    def _turn_away(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            text = f"{CALLERS} callers stand at the door already: try again"
            connection.send(packed({"ok": False, "refused_by": "busy", "text": text}))
        self.note("request_refused", "door", text, {"interlock": "busy"})

    async def _attend(self, connection: socket.socket, peer: Peer) -> None:
        """Serve one caller to the end; what is wrong with them is theirs alone."""
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_LINE)

        def push(body: Mapping[str, Any]) -> None:
            if writer.is_closing():
                return
            if writer.transport.get_write_buffer_size() > UNREAD:
                writer.transport.abort()
            else:
                writer.write(packed(body))

        caller = Caller(self, peer, push)
        self._callers.append(caller)
        try:
            await self._converse(caller, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # they left
        except TimeoutError:
            self._noise(peer, "said nothing for too long, or did not read")
        except asyncio.LimitOverrunError:
            self._noise(peer, f"sent more than {LONGEST_LINE} bytes without the end of a line")
        except ValueError as error:
            self._noise(peer, f"sent what is no request: {error}")
        finally:
            self._callers.remove(caller)
            if not writer.is_closing():
                writer.close()

    async def _converse(
        self, caller: Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        own = Bucket(_OWN_HZ, 20)
        heard = False
        while True:
            patience_s = None if caller.watching else SILENT_S if heard else NEW_S
            async with asyncio.timeout(patience_s):
                line = await reader.readuntil(b"\n")
            try:
                request = unpacked(line)
            except ValueError:
                caller.push({"ok": False, "refused_by": "malformed", "text": "no JSON object"})
                raise
            heard = True
            if (task := asyncio.current_task()) in self._places:
                self._heard.add(task)
            now_ns = caller.said_ns = self.inside.now_ns()
            await asyncio.sleep(max(own.book(now_ns), self._requests.book(now_ns)))
            answer = await caller.answer(request)
            caller.push(answer)
            async with asyncio.timeout(READ_S):
                await writer.drain()

    def _noise(self, peer: Peer, what: str) -> None:
        text = f"process {peer.pid} of user {peer.uid} {what}: hung up"
        values = {"uid": peer.uid, "pid": peer.pid, "interlock": "malformed"}
        self.note("request_refused", "door", text, values)
