"""The scheme of a main-tie-main board: its settings, its memory, and what its guards see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.transfer import acceptance, joint
from daemon.core.transfer.section import Stage

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import MainTieMainScheme

MOVING: Final = frozenset(
    {Stage.FEEDING, Stage.SYNCHRONISING, Stage.PARTING, Stage.BACKING_OUT, Stage.BREAKING}
)
"""A section in one of these is about to take load, or to give it back."""


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the scheme.

    Attributes:
        section_confirm_s: a section dead this long while mains are there has lost its path [s].
        alternate_confirm_s: an alternate that gives nothing this long is lost [s].
        mains_settle_s: mains side live this long before the main may be used [s].
        reclose_s: feed healthy this long before the intake recloses after a momentary loss [s].
        isolate_s: a breaker told to open is open within this, else lockout [s].
        close_s: a breaker told to close is closed within this, its one retry included [s].
        sync_s: synchronism comes within this, else open transition [s].
        overlap_s: longest time with both sources closed [s].
        join_s: the intake closes within this [s].
        between_blocks_s: time between two load blocks given or taken back [s].
        sets_wait_s: longest wait for more sets once the first is on the bus [s].
        caps_wait_s: longest wait for row caps to be seen in force [s].
        again_s: a breaker that did not close, nor at its retry, is tried again after this [s].
        call_s: a section without any source this long calls for generation [s].
        load: what the sets are trusted with.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    section_confirm_s: Annotated[float, Gt(0), Le(60)] = 1.5
    alternate_confirm_s: Annotated[float, Gt(0), Le(10)] = 0.5
    mains_settle_s: Annotated[float, Ge(0), Le(600)] = 2.0
    reclose_s: Annotated[float, Ge(0), Le(60)] = 0.3
    isolate_s: Annotated[float, Gt(0), Le(10)] = 1.0
    close_s: Annotated[float, Gt(0), Le(60)] = 15.0
    sync_s: Annotated[float, Gt(0), Le(120)] = 13.0
    overlap_s: Annotated[float, Gt(0), Le(2)] = 0.5
    join_s: Annotated[float, Gt(0), Le(60)] = 15.0
    between_blocks_s: Annotated[float, Ge(0), Le(60)] = 3.0
    sets_wait_s: Annotated[float, Ge(0), Le(60)] = 6.0
    caps_wait_s: Annotated[float, Ge(0), Le(30)] = 2.0
    again_s: Annotated[float, Gt(0), Le(3600)] = 60.0
    call_s: Annotated[float, Ge(0), Le(60)] = 2.0
    load: acceptance.Params = field(default_factory=acceptance.Params)


@dataclass(frozen=True, slots=True)
class SectionState:
    """Memory of one section.

    Attributes:
        stage: where it stands.
        since_ns: since when [ns].
        alternate: breaker of its alternate source, "" when it has none.
        dead_ns: since when the section is dead, 0 when it is not [ns].
        mains_ns: since when its mains side is usable, 0 when it is not [ns].
        sync_ns: since when it is known that its main, told to close, found synchronism, 0 when
            it is not [ns].
        failed: breakers that did not close, and until when they are left alone [ns].
    """

    stage: Stage = Stage.UNJUDGED
    since_ns: int = 0
    alternate: str = ""
    dead_ns: int = 0
    mains_ns: int = 0
    sync_ns: int = 0
    failed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SchemeState:
    """Memory of one scheme.

    Attributes:
        sections: in the order of the site file.
        intake: stage of the intake breaker.
        intake_ns: since when [ns].
        feed_ns: since when what lies behind the intake is usable, 0 when it is not [ns].
        block_ns: when the last load block was given or taken back [ns].
        sets_ns: since when a set is on the bus, 0 without one [ns].
        shed: feeders that this scheme or its board's own logic opened, to be closed again.
        closed: outgoing feeders closed when the own logic last rested, None before the first look.
        joined: the intake has been seen closed: what opened it since is known.
    """

    sections: tuple[SectionState, ...]
    intake: joint.Stage = joint.Stage.JOINED
    intake_ns: int = 0
    feed_ns: int = 0
    block_ns: int = 0
    sets_ns: int = 0
    shed: tuple[str, ...] = ()
    closed: tuple[str, ...] | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Memory of every main-tie-main scheme that the daemon decides, by id."""

    schemes: Mapping[str, SchemeState] = field(default_factory=dict)


class Scan(NamedTuple):
    """One scheme in one scan: what its guards look at."""

    view: View
    scheme: MainTieMainScheme
    state: SchemeState
    params: Params
    waits_ns: Mapping[str, int]
    auto: bool | None
    reset: bool
    capability_w: float
    limit_w: float
