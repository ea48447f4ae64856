"""What is taken away from the daemon under proof, to see what it is for.

Taken away can be a row of the interlocks, or a *guard*: a place outside their table where
synchronism, or who may come beside whom, decides (25). Each is named here once with what is left
when it is gone. While nothing is taken away, `heeded` notes which rows refused an action together,
and which guards said anything else than what would be left without them: where one never did, no
way of the search depends on it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.core import interlocks
from daemon.core.generation import rejoin, start, turbine
from daemon.core.interlocks import Verdict
from daemon.core.transfer import guards, intake, main_tie_main, ways
from daemon.core.transfer.section import Event, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from daemon.core.transfer.board import Scan, SectionState
    from daemon.core.view import Turn
    from daemon.model.commands import Proposal


class Guard(NamedTuple):
    """A guard of the automata.

    Attributes:
        name: of it.
        about: what it keeps, for people.
        module: where it stands.
        attribute: function there.
        left: returns what is left of that function when the guard is gone.
    """

    name: str
    about: str
    module: ModuleType
    attribute: str
    left: Callable[[Callable[..., Any]], Callable[..., Any]]


def _always(answer: object) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda _: lambda *_: answer


def _plain(wish: Proposal) -> Proposal:
    return replace(wish, action="close") if wish.action == "close_in_sync" else wish


def _one_plain(ask: Callable[..., Proposal | None]) -> Callable[..., Proposal | None]:
    def asked(*args: Any) -> Proposal | None:  # noqa: ANN401 - whatever the function takes
        wish = ask(*args)
        return wish and _plain(wish)

    return asked


def _mains_plain(ask: Callable[[Scan], list[Proposal]]) -> Callable[[Scan], list[Proposal]]:
    def asked(scan: Scan) -> list[Proposal]:
        mains = {section.main for section in scan.scheme.sections}
        return [_plain(wish) if wish.equipment in mains else wish for wish in ask(scan)]

    return asked


def _intake_plain(ask: Callable[[Scan], list[Proposal]]) -> Callable[[Scan], list[Proposal]]:
    def asked(scan: Scan) -> list[Proposal]:
        at = scan.scheme.intake
        return [_plain(wish) if wish.equipment == at else wish for wish in ask(scan)]

    return asked


def _turn_plain(step: Callable[..., Turn[Any]]) -> Callable[..., Turn[Any]]:
    def stepped(*args: Any) -> Turn[Any]:  # noqa: ANN401 - whatever a controller takes
        turn = step(*args)
        return turn._replace(proposals=tuple(map(_plain, turn.proposals)))

    return stepped


def _none_sent_out(ask: Callable[..., list[Event]]) -> Callable[..., list[Event]]:
    def asked(*args: Any) -> list[Event]:  # noqa: ANN401 - whatever the guard takes
        return [event for event in ask(*args) if event is not Event.NOT_LET_IN]

    return asked


def _may_return(scan: Scan, i: int, state: SectionState) -> bool:
    main = scan.scheme.sections[i].main
    return ways._its_turn(scan, i) and not ways._failed(state, main)


GUARDS: Final = (
    Guard(
        "main_in_step", "a main closes beside its alternate by its synchronism check",
        main_tie_main, "_propose", _mains_plain,
    ),
    Guard(
        "intake_in_step", "the intake closes onto an island by its synchronism check",
        main_tie_main, "_propose", _intake_plain,
    ),
    Guard(
        "let_in", "a main that shows closed and has found no synchronism is sent out again",
        guards, "_by_position", _none_sent_out,
    ),
    Guard(
        "carries_nothing", "a main that nobody let in and that carries nothing only shows closed",
        guards, "_main_only_shows_closed", _always(answer=False),
    ),
    Guard(
        "found_synchronism", "synchronism is found when the check says so, not when it is sought",
        guards, "in_sync", lambda _: lambda _scan, _drawn, at: at.stage is Stage.SYNCHRONISING,
    ),
    Guard(
        "time_to_return", "no return begins that the interlocks would refuse",
        ways, "may_return", lambda _: _may_return,
    ),
    Guard(
        "one_at_a_time", "one section at a time is fed, synchronised or parted",
        ways, "_its_turn", _always(answer=True),
    ),
    Guard(
        "may_part", "without synchronism the alternate is opened only where a gap is allowed",
        ways, "may_part", _always(answer=True),
    ),
    Guard(
        "onto_storage_in_step", "onto a section that storage holds all closes in step",
        ways, "manner", _always(answer="close"),
    ),
    Guard(
        "switch_waits", "the switch of the intake waits until the interlocks let it",
        intake, "_refusal", _always(answer=Verdict("", "")),
    ),
    Guard(
        "no_move_to_fault", "the switch of the intake does not move while a fault stands behind it",
        intake, "fault_behind", _always(answer=False),
    ),
    Guard(
        "set_in_step", "a set closes onto a live bus by its synchronism check",
        start, "_wish", _one_plain,
    ),
    Guard(
        "one_set_onto_dead_bus", "one set at a time closes onto a dead bus",
        start, "_may_close", _always(answer=True),
    ),
    Guard(
        "turbine_in_step", "a turbine closes onto a live bus by its synchronism check",
        turbine, "_wish", _one_plain,
    ),
    Guard(
        "rejoins_in_step", "a machine rejoins a live bus by its synchronism check",
        rejoin, "step", _turn_plain,
    ),
)  # fmt: skip

ROWS: Final = tuple(row.name for row in interlocks.INTERLOCKS)
NAMES: Final = (*ROWS, *(guard.name for guard in GUARDS))
"""All that can be taken away."""


@contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Take rows and guards away while it lasts.

    Raises:
        ValueError: there is no such row or guard.
    """
    if unknown := [name for name in names if name not in NAMES]:
        valid = f"interlocks {', '.join(sorted(ROWS))}"
        valid += f"; guards {', '.join(sorted({*NAMES}.difference(ROWS)))}"
        text = f"--without {', '.join(unknown)}: there is no such interlock or guard"
        raise ValueError(f"{text} (valid: {valid})")
    table = interlocks.BY_ACTION
    left = {key: tuple(row for row in rows if row.name not in names) for key, rows in table.items()}
    interlocks.BY_ACTION = left  # type: ignore[misc]
    try:
        with _put({g: g.left(getattr(g.module, g.attribute)) for g in GUARDS if g.name in names}):
            yield
    finally:
        interlocks.BY_ACTION = table  # type: ignore[misc]


@contextmanager
def _put(functions: dict[Guard, Callable[..., Any]]) -> Iterator[None]:
    """Let functions stand where guards are while it lasts."""
    before = [(guard, getattr(guard.module, guard.attribute)) for guard in functions]
    for guard, function in functions.items():
        setattr(guard.module, guard.attribute, function)
    try:
        yield
    finally:
        for guard, function in before:
            setattr(guard.module, guard.attribute, function)


@dataclass
class Heard:
    """What rows and guards have said.

    Attributes:
        rows: how often by which rows together an action was refused.
        guards: names of those that said anything else than what is left without them.
    """

    rows: Counter[frozenset[str]] = field(default_factory=Counter)
    guards: set[str] = field(default_factory=set)

    def alone(self) -> set[str]:
        """Return which rows refused something that no other refused, and the guards that spoke."""
        return {name for rows in self.rows if len(rows) == 1 for name in rows} | self.guards

    def beside(self, name: str) -> list[str]:
        """Return which rows have refused something together with one."""
        return sorted({other for rows in self.rows if name in rows for other in rows} - {name})


@contextmanager
def heeded() -> Iterator[Heard]:
    """Listen to rows and guards while it lasts."""
    heard = Heard()
    table = interlocks.BY_ACTION

    def attentive(rows: tuple[interlocks.Interlock, ...]) -> tuple[interlocks.Interlock, ...]:
        def forbids(case: interlocks.Case) -> bool:
            against = frozenset(row.name for row in rows if row.forbids(case))
            if against:
                heard.rows[against] += 1
            return rows[0].name in against

        return (rows[0]._replace(forbids=forbids), *rows[1:])

    interlocks.BY_ACTION = {  # type: ignore[misc]
        key: attentive(rows) for key, rows in table.items() if rows
    }
    try:
        with _listened(heard.guards):
            yield heard
    finally:
        interlocks.BY_ACTION = table  # type: ignore[misc]


@contextmanager
def _listened(spoke: set[str]) -> Iterator[None]:
    """Note which guards make a difference while it lasts."""
    attended: dict[Guard, Callable[..., Any]] = {}
    last: dict[tuple[ModuleType, str], Callable[..., Any]] = {}
    for guard in GUARDS:
        place = guard.module, guard.attribute
        whole = last.get(place) or getattr(guard.module, guard.attribute)
        attended[guard] = last[place] = _compared(guard, whole, spoke)
    with _put(attended):
        yield


def _compared(guard: Guard, whole: Callable[..., Any], spoke: set[str]) -> Callable[..., Any]:
    def asked(*args: Any) -> Any:  # noqa: ANN401 - whatever the guard takes and gives
        answer = whole(*args)
        if guard.left(lambda *_: answer)(*args) != answer:
            spoke.add(guard.name)
        return answer

    return asked
