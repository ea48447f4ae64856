"""MQTT: alarms, events, a summary of the plant and a sign of life. One thing comes in.

| Topic below `ridethrough/v1/{site}` | QoS, retained | Content |
|---|---|---|
| `alarm/{alarm_id}/state` | 1, yes | the alarm as it stands |
| `alarm/event` | 1, no | each transition; `seq` rises by one within a `boot_id`, so a gap shows |
| `alarm/snapshot` | 1, yes | on connecting and every 60 s: every alarm that is not normal |
| `event` | 1, no | what happened and what was decided |
| `shutdown/{load}` | 1, yes | an orderly shutdown that is requested, until its load runs again |
| `state` | 0, no | once a second: stages, powers, charge by equipment |
| `daemon/{node}/state` | 1, yes | once a second {epoch, role, seq}; the will says that it is gone |

A request to shut down says the load, the reason, how many seconds are left (`deadline_s`) and when
they end (`t_deadline`). It is latched as the shutdown itself is. Those that stand are said again on
every connection, because a broker may have forgotten them; and once a daemon has run long enough to
know, what an earlier one had requested and this one does not is said to be over.

What comes in is what a scheduler announces of its jobs, on `job/notice/{scheduler}` (QoS 1, not
retained: a retained one is an old one). It is a promise that smoothing prepares for, no command: it
switches and sets nothing by itself. Its form is `ridethrough schema job-notice`; what does not fit
is refused as an event `job_notice_refused`, as is more than `NOTICES` in a second.

A broker that is away is said once and knocked at for ever. Meanwhile alarms and events wait in a
bounded outbox; when it is full the oldest go, counted, and the gap shows in `seq`. The scan only
ever appends to that outbox.

aiomqtt is imported in this file alone. It does not reconnect, so every attempt is a new client.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import math
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiomqtt

from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import MINUTE, SECOND, ns, seconds
from daemon.model.transfer_report import BULKY
from daemon.publishers.summary import Summary
from daemon.settings.job_notice import NoticeError, job_notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.model.commands import JobNotice
    from daemon.publishers.publisher import North, Snapshot

SCHEMA: Final = 1
OUTBOX: Final = 10_000
ANSWER_S: Final = 3.0
KEEPALIVE_S: Final = 5
FIRST_S: Final = 0.2
LAST_S: Final = 5.0
BEAT: Final = SECOND
SNAPSHOT: Final = MINUTE
KNOWS: Final = 30 * SECOND
"""A daemon that has run this long knows which shutdowns it wants."""
NOTICES: Final = 20
"""So many in a second are read."""
JOBS: Final = "job/notice"
SHUTDOWN: Final = {"shutdown_requested": True, "shutdown_over": False}
"""Events that change what is requested of a load."""

STATES: Final = {
    "A": "normal",
    "B": "unacknowledged",
    "C": "acknowledged",
    "D": "returned, unacknowledged",
    "E": "latched, unacknowledged",
    "F": "latched, acknowledged",
    "G": "shelved",
    "H": "suppressed by design",
    "I": "out of service",
}

_ASKED: Final = ("reason", "deadline_s", "autonomy_s", "shutdown_s", "priority")

# The library's client logs its own reconnects; ours are said once.
_LOG: Final = logging.getLogger("daemon.mqtt")
_LOG.setLevel(logging.CRITICAL)


class _Letter(NamedTuple):
    topic: str
    body: dict[str, Any]
    retain: bool


class MqttPublisher:
    """Publishes to one broker.

    Attributes:
        name: as it is called in messages.
        dropped: letters that did not fit the outbox.
        published: letters the broker has acknowledged.
    """

    name = "mqtt"

    def __init__(self, north: North) -> None:
        """Publish for the site of `north`."""
        self.dropped = 0
        self.published = 0
        self._north = north
        self._base = f"ridethrough/v1/{north.site.id}"
        self._boot = f"{north.node}:{north.epoch}"
        self._summary = Summary(north.site, north.points)
        self._outbox: deque[_Letter] = deque(maxlen=OUTBOX)
        self._wake = asyncio.Event()
        self._alarms: dict[str, dict[str, Any]] = {}
        self._shutdowns: dict[str, dict[str, Any]] = {}
        self._ready_ns = 0
        self._alarm_seq = self._event_seq = self._beat_seq = 0
        self._latest: Snapshot | None = None
        self._away = ""
        self._second = self._noticed = 0

    def show(self, snapshot: Snapshot) -> None:
        """Keep the last snapshot for the summary; when it is time, deny what is not requested."""
        self._latest = snapshot
        if self._ready_ns == 0 and snapshot.ready:
            self._ready_ns = snapshot.image.now_ns
        if self._ready_ns > 0 and snapshot.image.now_ns - self._ready_ns >= KNOWS:
            self._ready_ns = -1
            for item in self._north.site.of_nature("rack_row", "it_rack"):
                if item.id not in self._shutdowns:
                    self._shutdown(item.id, requested=False, at_ns=snapshot.image.now_ns, fields={})
            self._wake.set()

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Put alarms and events into the outbox."""
        for item in news:
            if isinstance(item, AlarmTransition):
                self._alarm(item)
            else:
                self._event(item)
        self._wake.set()

    def _alarm(self, item: AlarmTransition) -> None:
        self._alarm_seq += 1
        body = alarm_body(item) | {"boot_id": self._boot, "seq": self._alarm_seq}
        if item.state == "A":
            self._alarms.pop(item.alarm_id, None)
        else:
            self._alarms[item.alarm_id] = body
        self._post(_Letter(f"alarm/{item.alarm_id}/state", body, retain=True))
        self._post(_Letter("alarm/event", body, retain=False))

    def _event(self, item: Event) -> None:
        self._event_seq += 1
        age_ns = self._north.now_ns() - item.at_ns
        body = {
            "schema": SCHEMA,
            "boot_id": self._boot,
            "seq": self._event_seq,
            "source": item.source,
            "name": item.name,
            "text": item.text,
            "fields": finite({k: v for k, v in item.fields.items() if k not in BULKY}),
            "t_detect": iso(self._north.utc_ns() - age_ns),
        }
        self._post(_Letter("event", body, retain=False))
        if (requested := SHUTDOWN.get(item.name)) is not None:
            self._shutdown(item.source, requested=requested, at_ns=item.at_ns, fields=item.fields)

    def _shutdown(
        self, load: str, *, requested: bool, at_ns: int, fields: Mapping[str, Any]
    ) -> None:
        """Say what is requested of a load."""
        at_utc_ns = self._north.utc_ns() - (self._north.now_ns() - at_ns)
        body: dict[str, Any] = {
            "schema": SCHEMA,
            "boot_id": self._boot,
            "load": load,
            "requested": requested,
            "t_detect": iso(at_utc_ns),
        }
        if requested:
            body |= finite({name: fields[name] for name in _ASKED})
            body["t_deadline"] = iso(at_utc_ns + ns(fields["deadline_s"]))
        self._shutdowns[load] = body
        self._post(_Letter(f"shutdown/{load}", body, retain=True))

    def _post(self, letter: _Letter) -> None:
        self.dropped += len(self._outbox) == OUTBOX
        self._outbox.append(letter)

    async def run(self) -> None:
        """Connect and publish until cancelled, whatever becomes of the broker."""
        wait_s = FIRST_S
        while True:
            client = self._client()
            try:
                async with client:
                    wait_s = FIRST_S
                    self._found()
                    await self._serve(client)
            except (aiomqtt.MqttError, OSError) as error:
                self._lost(str(error))
            finally:
                _retrieve(client)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LAST_S)

    def _client(self) -> aiomqtt.Client:
        place = self._north.site.north
        gone = json.dumps(self._life() | {"role": "gone"})
        return aiomqtt.Client(
            place.mqtt_host,
            place.mqtt_port,
            username=place.mqtt_user or None,
            password=place.mqtt_secret or None,
            # Two clients of one name would throw each other out for ever.
            identifier=f"ridethrough-{self._boot}-{self._north.utc_ns():x}",
            will=aiomqtt.Will(self._life_topic, gone, qos=1, retain=True),
            keepalive=KEEPALIVE_S,
            timeout=ANSWER_S,
            logger=_LOG,
        )

    @property
    def _life_topic(self) -> str:
        return f"{self._base}/daemon/{self._north.node}/state"

    def _life(self) -> dict[str, Any]:
        self._beat_seq += 1
        return {
            "schema": SCHEMA,
            "boot_id": self._boot,
            "epoch": self._north.epoch,
            "role": "active",
            "seq": self._beat_seq,
            "t_publish": iso(self._north.utc_ns()),
        }

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Publish what is due until the connection is lost.

        Raises:
            aiomqtt.MqttError: the connection is lost.
        """
        beat_ns = snapshot_ns = self._north.now_ns()
        for load, body in list(self._shutdowns.items()):
            if body["requested"]:
                await self._send(client, _Letter(f"shutdown/{load}", body, retain=True))
        task = asyncio.current_task()
        await client.subscribe(f"{self._base}/{JOBS}/+", qos=1)
        ears = asyncio.create_task(self._listen(client), name="mqtt ears")
        try:
            # The library waits by `asyncio.wait_for`, which loses a cancellation at times.
            while task is None or not task.cancelling():
                while self._outbox:
                    await self._send(client, self._outbox[0])
                    self._outbox.popleft()
                now = self._north.now_ns()
                if now >= snapshot_ns:
                    snapshot_ns = now + SNAPSHOT
                    await self._send(client, self._snapshot())
                if now >= beat_ns:
                    beat_ns = now + BEAT
                    await self._beat(client)
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds(max(0, beat_ns - self._north.now_ns()))):
                        await self._wake.wait()
            raise asyncio.CancelledError
        except asyncio.CancelledError:
            await self._leave(client)
            raise
        finally:
            ears.cancel()
            await asyncio.wait([ears])

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Take what schedulers announce until the connection is lost, which `_serve` will see."""
        with contextlib.suppress(aiomqtt.MqttError, asyncio.CancelledError):
            async for message in client.messages:
                user = str(message.topic).rpartition("/")[2]
                try:
                    self._north.hear(self._read(message, user))
                except NoticeError as error:
                    text = f"Notice of a job by {user} refused: {error}"
                    fields = {"user": user, "interlock": error.name}
                    self._north.record("job_notice_refused", self._north.site.id, text, fields)

    def _read(self, message: aiomqtt.Message, user: str) -> JobNotice:
        """Return what a message announces.

        Raises:
            NoticeError: it is no notice, an old one, or one of too many.
        """
        second = self._north.now_ns() // SECOND
        self._noticed = self._noticed + 1 if second == self._second else 1
        self._second = second
        if self._noticed > NOTICES:
            raise NoticeError("too_many", f"more than {NOTICES} in a second")
        if message.retain:
            raise NoticeError("retained", "a retained notice is an old one")
        return job_notice(message.payload, user)

    async def _send(self, client: aiomqtt.Client, letter: _Letter) -> None:
        body = letter.body | {"t_publish": iso(self._north.utc_ns())}
        topic = f"{self._base}/{letter.topic}"
        await client.publish(topic, json.dumps(body), qos=1, retain=letter.retain)
        self.published += 1

    def _snapshot(self) -> _Letter:
        active = list(self._alarms.values())
        body = {"schema": SCHEMA, "boot_id": self._boot, "seq": self._alarm_seq, "active": active}
        return _Letter("alarm/snapshot", body, retain=True)

    async def _beat(self, client: aiomqtt.Client) -> None:
        await client.publish(self._life_topic, json.dumps(self._life()), qos=1, retain=True)
        if self._latest is not None:
            body = self._summary.body(self._latest) | {"schema": SCHEMA, "boot_id": self._boot}
            await client.publish(f"{self._base}/state", json.dumps(body))

    async def _leave(self, client: aiomqtt.Client) -> None:
        """Say that we are gone; a clean end takes the will along with it."""
        gone = json.dumps(self._life() | {"role": "gone"})
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(1.0):
                await client.publish(self._life_topic, gone, qos=1, retain=True)

    def _found(self) -> None:
        if self._away:
            self._away = ""
            self._north.say("[daemon] the MQTT broker is back")

    def _lost(self, reason: str) -> None:
        if not self._away:
            self._away = reason
            place = self._north.site.north
            where = f"{place.mqtt_host}:{place.mqtt_port}"
            self._north.say(f"[daemon] no MQTT broker at {where} ({reason}); going on without")


def _retrieve(client: aiomqtt.Client) -> None:
    """Look at the error a lost client keeps, or the event loop complains of it once more."""
    lost = client._disconnected
    if lost.done() and not lost.cancelled():
        lost.exception()


def alarm_body(item: AlarmTransition) -> dict[str, Any]:
    """Return what an alarm message says, without what is added when it leaves."""
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "id": item.alarm_id,
        "occurrence": item.occurrence,
        "state": item.state,
        "state_name": STATES.get(item.state, item.state),
        "active": item.active,
        "acknowledged": item.acknowledged,
        "priority": item.priority,
        "class": item.alarm_class,
        "source": item.source,
        "point": item.point,
        "value": item.value,
        "limit": item.limit,
        "unit": item.unit,
        "quality": item.quality,
        "t_source": None,
        "t_detect": iso(item.utc_ns),
        "time_quality": "receipt",
        "group": item.group,
        "first_out": item.first_out,
        "ack": {"by": item.user, "comment": item.comment} if item.acknowledged else None,
        "text": item.text,
        "response": item.response,
    }
    body = finite(body)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return body | {"hash": digest[:16]}


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` fit for JSON, which has no NaN and no infinity; others become text."""

    def fit(value: Any) -> Any:  # noqa: ANN401 - whatever an event carries
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, (str, int, type(None))):
            return value
        if isinstance(value, dict):
            return finite(value)
        if isinstance(value, (tuple, list)):
            return [fit(item) for item in value]
        return str(value)

    return {key: fit(value) for key, value in values.items()}


def iso(utc_ns: int) -> str:
    """Return a wall-clock time [ns since 1970] as people and machines write it."""
    whole, part = divmod(utc_ns, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{part:09d}Z"
