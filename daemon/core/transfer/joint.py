"""The intake breaker of a board: it joins the site to the utility.

Theory of operation. Loss-of-mains protection opens it within half a second; when it did not and the
outage is confirmed, it is told to open, so that the returning utility meets a dead site and not a
board full of load. It is closed again when a utility behind it is usable: stable after an outage,
merely healthy after a momentary loss, `reclose_s` after it is back. A daemon that begins with it
open does not know which of both it was, and waits for a stable one. Onto a dead delivery bus it
closes plainly, onto an island of on-site sources by its synchronism check. One that does not close
is not tried for ever. Onto a delivery bus that is live though nothing known feeds it, it is not
closed at all: some breaker shows open and is not, and it waits until that one is told. A person
is called to look for it (`standstill`).

*Ride-through.* That protection is the relay's: below half the voltage for 0.35 s, so that reactor
and sun never hold a dead utility. It keeps to the bands in which large loads must stay joined (0.5
s from 0.50 to 0.80 pu, 0.25 s from 0.20 to 0.50, 0.15 s below), and no sag within them opens
anything. The load itself is on storage by then and never sees it. A loss of up to about 0.5 s costs
the inputs of UPS and converters less than a second, reclosing included, and they take up nine
tenths within two; after a longer one they walk in, as after any loss of their input of more than a
second, which is the slower and the gentler way for a utility that has just been gone.

    JOINED
        SEEN_OPEN -> PARTED
        PART -> PARTING
    PARTING
        SEEN_OPEN -> PARTED
        after isolate_s -> STUCK
    STUCK
        SEEN_OPEN -> PARTED
        WELL -> JOINED
    PARTED
        SEEN_CLOSED -> JOINED
        JOIN -> JOINING
    JOINING
        SEEN_CLOSED -> JOINED
        after join_s -> HELD
    HELD (a person resets)
        SEEN_CLOSED -> JOINED
        RESET -> PARTED

Source: ERCOT NOGRR282 for the bands, the site for its loss of mains within 0.5 s; own derivation.
"""

from __future__ import annotations

from typing import Final

from daemon.core.automaton import Table, Word, ignoring_the_rest


class Stage(Word):
    """Where the intake breaker stands."""

    JOINED = "closed"
    PARTING = "told to open after a confirmed outage"
    STUCK = "did not open; nothing follows from it while the mains of the sections are open"
    PARTED = "open"
    JOINING = "told to close"
    HELD = "did not close: a person must look"


class Event(Word):
    """What the image says about it."""

    RESET = "a person has looked and resets"
    SEEN_CLOSED = "position closed"
    SEEN_OPEN = "position open"
    PART = "outage confirmed"
    WELL = "no outage"
    JOIN = "a utility behind it is usable, and what it would join is known"


_TRANSITIONS: Final = {
    (Stage.JOINED, Event.SEEN_OPEN): Stage.PARTED,
    (Stage.JOINED, Event.PART): Stage.PARTING,
    (Stage.PARTING, Event.SEEN_OPEN): Stage.PARTED,
    (Stage.STUCK, Event.SEEN_OPEN): Stage.PARTED,
    (Stage.STUCK, Event.WELL): Stage.JOINED,
    (Stage.PARTED, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.PARTED, Event.JOIN): Stage.JOINING,
    (Stage.JOINING, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.HELD, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.HELD, Event.RESET): Stage.PARTED,
}
JOINT: Final = Table(
    first=Stage.JOINED,
    transitions=_TRANSITIONS,
    after={
        Stage.PARTING: ("isolate_s", Stage.STUCK),
        Stage.JOINING: ("join_s", Stage.HELD),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.JOINED, Stage.STUCK, Stage.PARTED}),
    person=frozenset({Stage.HELD}),
)
