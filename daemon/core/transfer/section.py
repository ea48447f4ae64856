"""One busbar section of a main-tie-main board: which breaker feeds it.

Theory of operation. A section has a *main* from its mains transformer and may be fed by an
*alternate* instead: its generator feeder, or the tie from the other section. ON_MAIN and
ON_ALTERNATE are the states of rest; everything between them is a move with an end in time.

When the main gives nothing any more, the section is ISOLATED from it before anything else may feed
it, and AWAITS a source. A usable source is then closed onto the dead section. When the mains are
back, the main is closed by its synchronism check while the alternate still feeds (SYNCHRONISING);
in the scan that sees both closed the alternate is told to open (PARTING). If synchronism does not
come, the section goes back with a gap (BREAKING, then CLOSING_MAIN), or stays where it is when the
interlocks want no gap. If the alternate does not open in time, what closed last, the main, is
opened again (BACKING_OUT), unless currents tell that the alternate has opened, whatever it shows;
so it is where the alternate shows open and its current tells that it is not. Fed by an alternate
that cannot be opened the section is HELD, since every further try would end the same way. A main
that shows closed beside the alternate without having been let in by its synchronism check is sent
out again (EXPELLING): what came last goes, so that the section keeps its feed where the position
shown is not the true one, and a real overlap ends all the same. So is one that cannot be seen to
have closed in the time it had for it: it may have, and nothing but its position tells that two
sources are in parallel; and one whose mains are gone while it still seeks synchronism. A breaker
that does not open where it must ends in LOCKOUT. Both are for a person to reset; but where its
position cannot be read nothing is known against it, and the section is UNJUDGED until it can; so it
is when the alternate has opened and another position cannot be read: the main is the last feed. A
breaker that does not close is remembered by the scheme, and another way is tried from AWAITING; a
main that does not close although synchronism was there is no reason to part from what feeds the
section.

*Residual voltage (27R).* Whatever is closed without a synchronism check is closed onto a section
that is dead: what its motors leave has fallen below `topology.DEAD_PU` by every measurement there,
which is well below the quarter at which a 27R lets go. Until then the interlock `voltage_unknown`
refuses, and the time for the close (`close_s`) is long enough to wait for it.

*Selector.* A scheme that is taken from the daemon is left as it stands, in an overlap too: the
order that ends it has gone out in the scan that saw both closed, and is not called back. What is
still in parallel then is for the person who has taken the scheme, or for the board's own logic; no
breaker has failed by that, so nothing is locked out, and once the scheme is given back the section
is judged from its positions and an overlap is ended as any other.

*Fed through.* Others may open the intake while a main has just closed beside its alternate. Then
the alternate feeds this section and, back through its main, what hangs on the mains of others:
neither may open, each being a last feed, and neither has failed. As far as is seen nothing
overlaps, so the section is ON_ALTERNATE and rests. Once the intake is closed again, which it is in
synchronism, the two are one feed too many, and the main is sent out (EXPELLING). Where the intake
only shows open the two overlap all the while: people are told of both feeds (`standstill`).

Positions rule: whenever they contradict the stage, the section is judged anew from what is seen.

    UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_BOTH -> PARTING
        SEEN_DEAD -> AWAITING
    ON_MAIN
        HANDS_OFF, SEEN_ON_ALTERNATE -> UNJUDGED
        MAIN_LOST -> ISOLATING
        CARRIES_ON -> BACKING_OUT
        SEEN_BOTH -> PARTING
        SEEN_DEAD -> AWAITING
        FED_THROUGH -> ON_ALTERNATE
    ISOLATING
        HANDS_OFF, SEEN_ON_ALTERNATE, OUT_OF_SIGHT -> UNJUDGED
        SEEN_DEAD -> AWAITING
        SEEN_BOTH -> PARTING
        FED_THROUGH -> ON_ALTERNATE
        after isolate_s -> LOCKOUT
    AWAITING
        HANDS_OFF -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_BOTH -> PARTING
        MAIN_USABLE -> CLOSING_MAIN
        ALTERNATE_USABLE -> FEEDING
    FEEDING
        HANDS_OFF -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_BOTH -> EXPELLING
        NOT_CLOSED, after close_s -> AWAITING
    ON_ALTERNATE
        HANDS_OFF, SEEN_ON_MAIN -> UNJUDGED
        SEEN_DEAD -> AWAITING
        SEEN_BOTH -> EXPELLING
        ALTERNATE_LOST -> RELEASING
        RETURN_PERMITTED -> SYNCHRONISING
    RELEASING
        HANDS_OFF, OUT_OF_SIGHT -> UNJUDGED
        SEEN_DEAD -> AWAITING
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_BOTH -> PARTING
        FED_THROUGH -> ON_ALTERNATE
        after isolate_s -> LOCKOUT
    SYNCHRONISING
        HANDS_OFF -> UNJUDGED
        NOT_LET_IN, OUT_OF_SIGHT, MAIN_GONE, NOT_CLOSED -> EXPELLING
        SEEN_BOTH -> PARTING
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_DEAD -> AWAITING
        ALTERNATE_LOST -> RELEASING
        FED_THROUGH -> ON_ALTERNATE
        after sync_s -> BREAKING
    PARTING
        HANDS_OFF, PARTED -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_DEAD -> AWAITING
        after overlap_s -> BACKING_OUT
    BACKING_OUT
        HANDS_OFF, PARTED, OUT_OF_SIGHT -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE -> HELD
        SEEN_DEAD -> AWAITING
        FED_THROUGH -> ON_ALTERNATE
        after isolate_s -> LOCKOUT
    EXPELLING
        HANDS_OFF, PARTED, OUT_OF_SIGHT -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_DEAD -> AWAITING
        after isolate_s -> LOCKOUT
    BREAKING
        HANDS_OFF, OUT_OF_SIGHT -> UNJUDGED
        SEEN_DEAD -> CLOSING_MAIN
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_BOTH -> PARTING
        FED_THROUGH -> ON_ALTERNATE
        after isolate_s -> LOCKOUT
    CLOSING_MAIN
        HANDS_OFF -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_ON_ALTERNATE, FED_THROUGH -> ON_ALTERNATE
        SEEN_BOTH -> PARTING
        NOT_CLOSED, after close_s -> AWAITING
    HELD (a person resets)
        RESET -> UNJUDGED
        SEEN_ON_MAIN -> ON_MAIN
        SEEN_DEAD -> AWAITING
        SEEN_BOTH -> EXPELLING
        ALTERNATE_LOST -> RELEASING
    LOCKOUT (a person resets)
        RESET -> UNJUDGED
"""

from __future__ import annotations

from typing import Final

from daemon.core.automaton import Table, Word, ignoring_the_rest


class Stage(Word):
    """Where a section stands."""

    UNJUDGED = "not judged: hand operation, own logic, or positions not known"
    ON_MAIN = "on mains"
    ISOLATING = "main told to open"
    AWAITING = "isolated, no source yet"
    FEEDING = "alternate told to close"
    ON_ALTERNATE = "on its alternate source"
    RELEASING = "alternate is dead and told to open"
    SYNCHRONISING = "main told to close in synchronism"
    PARTING = "both closed, alternate told to open"
    BACKING_OUT = "alternate is stuck, main told to open again"
    EXPELLING = "main was not let in or not seen to close, told to open again"
    BREAKING = "no synchronism: alternate told to open first"
    CLOSING_MAIN = "main told to close onto the dead section"
    HELD = "fed by an alternate that did not open: a person must look"
    LOCKOUT = "a breaker did not open: a person must look"


class Event(Word):
    """What the image says about a section."""

    HANDS_OFF = "selector or device's own logic took the scheme away from us"
    SEEN_ON_MAIN = "main closed, alternates open"
    SEEN_ON_ALTERNATE = "one alternate closed, main open"
    SEEN_BOTH = "main and an alternate closed"
    FED_THROUGH = "main and an alternate closed, and each is the last feed of something"
    NOT_LET_IN = "main and an alternate closed, and no synchronism was found"
    SEEN_DEAD = "all open"
    MAIN_LOST = "the main gives nothing, for good"
    CARRIES_ON = "beside the main an alternate that shows open carries current"
    MAIN_GONE = "the mains side of the main is not usable any more"
    MAIN_USABLE = "mains side live and stable, main may close"
    ALTERNATE_USABLE = "an alternate source may be closed"
    ALTERNATE_LOST = "the alternate gives nothing any more"
    PARTED = "the alternate is open or carries nothing, or another position cannot be read"
    OUT_OF_SIGHT = "what was told to move had its time, and its position cannot be read"
    NOT_CLOSED = "what was told to close did not, its one retry included"
    RETURN_PERMITTED = "mains are back and it is this section's turn"
    RESET = "a person has looked and resets"


_JUDGED_BY_POSITION: Final = {
    Event.SEEN_ON_MAIN: Stage.ON_MAIN,
    Event.SEEN_ON_ALTERNATE: Stage.ON_ALTERNATE,
    Event.SEEN_BOTH: Stage.PARTING,
    Event.SEEN_DEAD: Stage.AWAITING,
}


def _row(stage: Stage, **leads: Stage) -> dict[tuple[Stage, Event], Stage]:
    return {(stage, Event[event]): to for event, to in leads.items()}


_FED_THROUGH: Final = frozenset(Stage) - {Stage.ON_ALTERNATE, Stage.HELD, Stage.LOCKOUT}
_TRANSITIONS: Final = {
    **{(Stage.UNJUDGED, event): to for event, to in _JUDGED_BY_POSITION.items()},
    **_row(
        Stage.ON_MAIN,
        HANDS_OFF=Stage.UNJUDGED,
        MAIN_LOST=Stage.ISOLATING,
        CARRIES_ON=Stage.BACKING_OUT,
        SEEN_ON_ALTERNATE=Stage.UNJUDGED,
        SEEN_BOTH=Stage.PARTING,
        SEEN_DEAD=Stage.AWAITING,
    ),
    **_row(
        Stage.ISOLATING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_DEAD=Stage.AWAITING,
        SEEN_ON_ALTERNATE=Stage.UNJUDGED,
        SEEN_BOTH=Stage.PARTING,
        OUT_OF_SIGHT=Stage.UNJUDGED,
    ),
    **_row(
        Stage.AWAITING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.ON_ALTERNATE,
        SEEN_BOTH=Stage.PARTING,
        MAIN_USABLE=Stage.CLOSING_MAIN,
        ALTERNATE_USABLE=Stage.FEEDING,
    ),
    **_row(
        Stage.FEEDING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.ON_ALTERNATE,
        SEEN_BOTH=Stage.EXPELLING,
        NOT_CLOSED=Stage.AWAITING,
    ),
    **_row(
        Stage.ON_ALTERNATE,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.UNJUDGED,
        SEEN_DEAD=Stage.AWAITING,
        SEEN_BOTH=Stage.EXPELLING,
        ALTERNATE_LOST=Stage.RELEASING,
        RETURN_PERMITTED=Stage.SYNCHRONISING,
    ),
    **_row(
        Stage.RELEASING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_DEAD=Stage.AWAITING,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_BOTH=Stage.PARTING,
        OUT_OF_SIGHT=Stage.UNJUDGED,
    ),
    **_row(
        Stage.SYNCHRONISING,
        HANDS_OFF=Stage.UNJUDGED,
        NOT_LET_IN=Stage.EXPELLING,
        OUT_OF_SIGHT=Stage.EXPELLING,
        SEEN_BOTH=Stage.PARTING,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_DEAD=Stage.AWAITING,
        ALTERNATE_LOST=Stage.RELEASING,
        MAIN_GONE=Stage.EXPELLING,
        NOT_CLOSED=Stage.EXPELLING,
    ),
    **_row(
        Stage.PARTING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.ON_ALTERNATE,
        SEEN_DEAD=Stage.AWAITING,
        PARTED=Stage.UNJUDGED,
    ),
    **_row(
        Stage.BACKING_OUT,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.HELD,
        SEEN_DEAD=Stage.AWAITING,
        PARTED=Stage.UNJUDGED,
        OUT_OF_SIGHT=Stage.UNJUDGED,
    ),
    **_row(
        Stage.EXPELLING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.ON_ALTERNATE,
        SEEN_DEAD=Stage.AWAITING,
        PARTED=Stage.UNJUDGED,
        OUT_OF_SIGHT=Stage.UNJUDGED,
    ),
    **_row(
        Stage.BREAKING,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_DEAD=Stage.CLOSING_MAIN,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_BOTH=Stage.PARTING,
        OUT_OF_SIGHT=Stage.UNJUDGED,
    ),
    **_row(
        Stage.CLOSING_MAIN,
        HANDS_OFF=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_ON_ALTERNATE=Stage.ON_ALTERNATE,
        SEEN_BOTH=Stage.PARTING,
        NOT_CLOSED=Stage.AWAITING,
    ),
    **_row(
        Stage.HELD,
        RESET=Stage.UNJUDGED,
        SEEN_ON_MAIN=Stage.ON_MAIN,
        SEEN_DEAD=Stage.AWAITING,
        SEEN_BOTH=Stage.EXPELLING,
        ALTERNATE_LOST=Stage.RELEASING,
    ),
    **_row(Stage.LOCKOUT, RESET=Stage.UNJUDGED),
    **{(stage, Event.FED_THROUGH): Stage.ON_ALTERNATE for stage in _FED_THROUGH},
}

SECTION: Final = Table(
    first=Stage.UNJUDGED,
    transitions=_TRANSITIONS,
    after={
        Stage.ISOLATING: ("isolate_s", Stage.LOCKOUT),
        Stage.FEEDING: ("close_s", Stage.AWAITING),
        Stage.RELEASING: ("isolate_s", Stage.LOCKOUT),
        Stage.SYNCHRONISING: ("sync_s", Stage.BREAKING),
        Stage.PARTING: ("overlap_s", Stage.BACKING_OUT),
        Stage.BACKING_OUT: ("isolate_s", Stage.LOCKOUT),
        Stage.EXPELLING: ("isolate_s", Stage.LOCKOUT),
        Stage.BREAKING: ("isolate_s", Stage.LOCKOUT),
        Stage.CLOSING_MAIN: ("close_s", Stage.AWAITING),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.UNJUDGED, Stage.ON_MAIN, Stage.AWAITING, Stage.ON_ALTERNATE}),
    person=frozenset({Stage.HELD, Stage.LOCKOUT}),
)
