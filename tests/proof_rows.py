"""What every interlock and guard is for: `python -m tests.proof_rows [--scheme NAME] [--json]`.

Each part of a scheme is searched with all of them, with the faults that take little time or, with
`--full`, with all that it can be searched with for every row (`FAULTS`), and it is noted which rows
of the interlocks refuse an action together, and which guards of synchronism
(`daemon.rehearsal.prove_without`) make any difference. Then each is judged, part by part:

- *counterexample*: without it the search finds what surely goes wrong, or one that joins nothing
  does where that is not sure (`tests.proof_apart`);
- *covered*: whatever the row refuses, others refuse too, so without it all would be the same; or it
  goes wrong without it and all that is named beside it, and with any one of these there the search,
  gone through, finds nothing (`tests.proof_together`);
- *harmless*: neither; what it refuses comes to nothing, by all faults that it is asked for in;
- *not asked*: nothing in this part depends on it.

What came of it by the cheap faults, and on the mains a loss beside what a person asks for:

- counterexamples: on the mains without `faulted_bus`, `last_feed`, `may_part` (a section is given
  up for nothing) and, by the loss and the wish, `closing_nearby` and `endless_overlap`; at the
  intake without `onto_island` and `switch_waits`;
- covered on the mains: `mains_and_generators`, `live_live`, `main_in_step` and the refusal of the
  breaker itself, each by the others: by a disturbance and a hidden fault only without all four a
  main joins two sources without synchronism (by a loss and a hidden fault without the last three).
  `protection_trip` by the lockout of the breaker. `local`, `position_unknown`,
  `voltage_unknown`, `backfeed`, `machine_at_rest`, `no_neutral`, `overload` and `third_of_three`
  never refuse alone;
- covered among the sets: `one_set_onto_dead_bus`, `closing_nearby` and `second_dead_bus_close`,
  each by the others: only without all three a set joins another without synchronism;
  `machine_at_rest` and `no_neutral`, each by the other;
- harmless on the mains: `not_live_live`, `spring_not_charged`, `let_in`, `found_synchronism`,
  `one_at_a_time`; among the sets: `not_live_live`, `spring_not_charged`, `stopped_on_bus`,
  `set_in_step`; at the intake: `faulted_load`, which the automaton asks itself before it moves.

Two disturbances of any kind, or a loss and one of any kind, were not gone through on the mains
without each row.

What is asked for in no part has its minimal case among the unit tests, which is named. What is none
of these is open: it was not gone through in time, or what was found is not sure, or nobody tests
it. Exit code 0 exactly when nothing is open and nothing is found with all rows there.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon import settings
from daemon.core import interlocks
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.picture import Decided
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.replay import scenario
from daemon.rehearsal.prove_without import GUARDS, NAMES, Heard, heeded, without
from daemon.runtime.clock import processor_s
from tests.proof_apart import Apart, apart
from tests.proof_together import ANYTHING, Given, search_of, together
from tests.tidy.rules import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.rehearsal.proof.explore import Tally
    from daemon.settings import SiteFile

_CHEAP: Final = tuple(Given(Faults(*f)) for f in ((1, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 1)))
_DEAR: Final = tuple(Given(Faults(*f)) for f in ((0, 2, 0), (2, 0, 0), (1, 1, 0)))
_WISHED: Final = Given(Faults(1, 1, 0), wished=ANYTHING)
FAULTS: Final = {
    "ALTS-1": _DEAR,
    "CCTS-1/mains": (Given(Faults(2, 0, 0)), _WISHED),
    "CCTS-1/sets": _DEAR,
}
"""By part the faults that are given with `--full` beside the cheap ones; what takes least comes
first, for a row is missed early. The mains with two disturbances of any kind, or one and a loss,
take too long to be searched for every row: there the disturbance is what a person asks for."""
FOR_ROW: Final = {
    ("CCTS-1/mains", row): (_WISHED._replace(wished=f"a person asks {wish}"),)
    for row, wish in {
        "closing_nearby": "52-VCB-TIE to close",
        "endless_overlap": "52-VCB-GA to close_in_sync",
    }.items()
}
"""What a row is searched with in a part at any rate, since the cheap faults do not miss it."""
_APART_S: Final = 300.0
"""Processor time after which a search that joins nothing is given up, without another limit [s]."""
_KEPT: Final = ("counterexample", "covered", "harmless", "not asked", "open")
"""Verdicts; of a name in several parts the first of these counts, but that open ones stay open."""


class Verdict(NamedTuple):
    """What is to be said of a row or guard in a part.

    Attributes:
        name: of the row or guard.
        part: where it was judged, "" in all.
        said: one of `_KEPT`.
        why: what goes wrong, what else refuses, or which test has the minimal case.
        faults: that were given where it went wrong.
        steps: how it goes wrong.
    """

    name: str
    part: str
    said: str
    why: str = ""
    faults: str = ""
    steps: tuple[tuple[int, str], ...] = ()


class Baseline(NamedTuple):
    """A part with everything there: what was said by which faults, and whether all is well."""

    part: str
    heard: dict[Given, Heard]
    known: frozenset[str]
    complete: bool

    def asked(self, name: str) -> list[Given]:
        """Return by which faults anything depends on a row or guard alone."""
        found = [given for given, heard in self.heard.items() if name in heard.alone()]
        return [*dict.fromkeys((*found, *FOR_ROW.get((self.part, name), ())))]


@cache
def site() -> SiteFile:
    """Return the hall."""
    return settings.load(settings.site_path(Path("ai_hall")))


def _part(name: str) -> schemes.Part:
    (part,) = schemes.parts(site().site, site().control, name)
    return part


def searched(part: schemes.Part, given: Given, limit_s: float, known: frozenset[str]) -> Tally:
    """Return what the search of a part came to, up to anything sure that is not known.

    Args:
        part: with a mind that has only ever had the rows that it has now.
        given: what the adversary may do.
        limit_s: processor time after which it is given up, 0 without a limit [s].
        known: what is wrong with all rows.
    """
    begun_s = processor_s()

    def stop(tally: Tally) -> bool:
        late = tally.situations % 512 == 0 and 0.0 < limit_s < processor_s() - begun_s
        return late or bool(tally.sure - known)

    return search_of(part, given).run(stop)


def surely(
    part: schemes.Part, given: Given, known: frozenset[str], limit_s: float
) -> tuple[str, tuple[tuple[int, str], ...]] | None:
    """Return what surely goes wrong in a part, and how, if a search that joins nothing finds it."""
    begun_s = processor_s()

    def stop(tally: Tally) -> bool:
        late = tally.situations % 512 == 0 and (limit_s or _APART_S) < processor_s() - begun_s
        return late or bool(tally.sure - known)

    with apart():
        tally = search_of(part, given, Apart).run(stop)
    more = sorted(tally.sure - known)
    return (more[0], _steps(tally, more[0])) if more else None


def _steps(tally: Tally, wrong: str) -> tuple[tuple[int, str], ...]:
    return tuple((deed.at_ms, deed.text) for deed in tally.found[wrong])


def baseline(name: str, givens: Sequence[Given], limit_s: float) -> Baseline:
    """Search a part with all rows and guards, and note what they say."""
    heard, wrong, complete = {}, set[str](), True
    for given in givens:
        # What was said once to one question is not asked again: each search has a mind of its own.
        with heeded() as said:
            tally = searched(_part(name), given, limit_s, frozenset())
        heard[given] = said
        wrong |= {*tally.found}
        complete = complete and tally.complete
    return Baseline(name, heard, frozenset(wrong), complete)


def judged(base: Baseline, name: str, limit_s: float) -> Verdict:
    """Return what is to be said of a row or guard in a part."""
    asked = base.asked(name)
    if not asked:
        beside = sorted({other for heard in base.heard.values() for other in heard.beside(name)})
        if any(name in rows for heard in base.heard.values() for rows in heard.rows):
            return Verdict(name, base.part, "covered", ", ".join(beside))
        return Verdict(name, base.part, "not asked")
    doubt = ""
    with without((name,)):
        part = _part(base.part)
        for given in asked:
            tally = searched(part, given, limit_s, base.known)
            if more := sorted(tally.sure - base.known):
                steps = _steps(tally, more[0])
                return Verdict(name, base.part, "counterexample", more[0], str(given), steps)
            if not tally.complete:
                doubt = doubt or f"not gone through with {given}"
            elif unsure := sorted({*tally.found} - base.known):
                if sure := surely(part, given, base.known, limit_s):
                    wrong, steps = sure
                    return Verdict(name, base.part, "counterexample", wrong, str(given), steps)
                doubt = doubt or f"not sure with {given}: {unsure[0]}"
    if doubt:
        return Verdict(name, base.part, "open", doubt)
    return Verdict(name, base.part, "harmless", f"gone through with {'; '.join(map(str, asked))}")


def covered(base: Baseline, verdicts: Sequence[Verdict], limit_s: float) -> Iterator[Verdict]:
    """Yield what covers those without which alone nothing goes wrong in a part."""
    alone = {v.name: v for v in verdicts if v.said == "harmless" and v.part == base.part}
    # What others always refuse beside may be what covers.
    beside = [v.name for v in verdicts if v.said == "covered" and v.part == base.part]
    names = (*alone, *beside)
    for least in together(partial(_part, base.part), names, _CHEAP, limit_s) if alone else ():
        for name in least.away if least.shown else ():
            if verdict := alone.pop(name, None):
                others = [other for other in least.away if other != name]
                others += ["the device's own refusal"] * least.given.obeyed
                why = f"by {', '.join(others)}: {least.wrong} without all of them"
                steps = tuple((d.at_ms, d.text) for d in least.deeds)
                faults = f"{least.given}; alone {verdict.why}"
                yield Verdict(name, base.part, "covered", why, faults, steps)


_TRANSFER: Final = "tests/unit/core/transfer"
_GENERATION: Final = "tests/unit/core/generation"
UNIT: Final = {
    "main_in_step": f"{_TRANSFER}/test_board_by_look.py::test_each_stage_asks_for_one_breaker",
    "intake_in_step": (
        f"{_TRANSFER}/test_board_by_look.py::test_the_intake_parts_and_joins_in_step_with_an_island"
    ),
    "let_in": f"{_TRANSFER}/test_guards_by_look.py::test_positions_say_what_feeds_a_section",
    "found_synchronism": (
        f"{_TRANSFER}/test_guards_by_look.py"
        "::test_synchronism_that_was_found_stays_found_while_the_main_closes"
    ),
    "time_to_return": (
        f"{_TRANSFER}/test_guards_by_look.py"
        "::test_a_section_goes_back_when_its_mains_have_settled_and_it_is_its_turn"
    ),
    "one_at_a_time": (
        f"{_TRANSFER}/test_ways_by_look.py::test_of_three_sections_one_that_moves_holds_up_the_others"
    ),
    "may_part": (
        f"{_TRANSFER}/test_guards_by_look.py::test_a_main_is_given_up_when_it_seeks_in_vain_or_did_not_close"
    ),
    "onto_storage_in_step": (
        f"{_TRANSFER}/test_ways_by_look.py"
        "::test_onto_a_section_that_storage_holds_breakers_close_in_step"
    ),
    "switch_waits": (
        f"{_TRANSFER}/test_intake_by_look.py::test_what_holds_a_ready_switch_back_is_told_once"
    ),
    "set_in_step": f"{_GENERATION}/test_start_by_look.py::test_onto_a_live_bus_it_closes_in_step",
    "one_set_onto_dead_bus": (
        f"{_GENERATION}/test_start_by_look.py::test_onto_a_dead_bus_it_closes_alone"
    ),
    "turbine_in_step": (
        f"{_GENERATION}/test_turbine_by_look.py::test_onto_the_island_of_another_it_closes_in_step"
    ),
    "rejoins_in_step": (
        f"{_GENERATION}/test_rejoin_by_look.py::test_only_a_source_that_holds_its_voltage_can_be_synchronised"
    ),
}
"""Where the minimal case of a guard is; those of rows name the row."""


def unit_case(name: str) -> str:
    """Return a unit test that has the minimal case of a row or guard, "" where there is none."""
    if name in {guard.name for guard in GUARDS}:
        where, _, test = UNIT.get(name, "::").partition("::")
        there = where and f"def {test}(" in (ROOT / where).read_text(encoding="utf-8")
        return UNIT[name] if there else ""
    for path in sorted((ROOT / "tests/unit/core/interlocks").glob("test_*.py")):
        if f'"{name}"' in path.read_text(encoding="utf-8"):
            return str(path.relative_to(ROOT))
    return ""


def in_all(verdicts: Sequence[Verdict], name: str) -> Verdict:
    """Return what is to be said of a row or guard in all parts together."""
    # What was found to be covered stands after what was said of it alone.
    mine = [*{v.part: v for v in verdicts if v.name == name}.values()]
    best = min(mine, key=lambda v: _KEPT.index(v.said))
    still_open = [v for v in mine if v.said == "open"]
    if still_open and best.said != "counterexample":
        best = still_open[0]
    if best.said != "not asked":
        return best
    case = unit_case(name)
    return best._replace(part="", said="not asked" if case else "open", why=case or "no unit test")


def told(
    given: Mapping[str, Sequence[Given]], names: Sequence[str], limit_s: float
) -> Iterator[Verdict | str]:
    """Yield a line for each part, and a verdict for every row and guard in it."""
    done = set()
    for name in given:
        base = baseline(name, given[name], limit_s)
        whole = "gone through" if base.complete else "NOT gone through"
        faults = "; ".join(map(str, base.heard))
        yield f"{name}: {whole} with {faults}{', FOUND: ' * bool(base.known)}" + "; ".join(
            sorted(base.known)
        )
        verdicts = []
        for one in names:
            if one not in done:
                verdicts.append(judged(base, one, limit_s))
                if verdicts[-1].said == "counterexample":
                    done.add(one)
                yield verdicts[-1]
        yield from covered(base, verdicts, limit_s)


def _write(folder: Path, verdict: Verdict) -> Path:
    """Write a counterexample as a scenario."""
    from daemon.rehearsal.proof.situation import Deed

    drawn = site().site.schemes[verdict.part.partition("/")[0]]
    assert isinstance(drawn, Decided)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"without_{verdict.name}.yaml"
    deeds = [Deed(text, at_ms) for at_ms, text in verdict.steps]
    page = scenario(site().site, drawn, verdict.why, deeds, (verdict.name,))
    path.write_text(page, encoding="utf-8")
    return path


def _line(verdict: Verdict) -> str:
    given = f" ({verdict.part}, {verdict.faults})" if verdict.faults else ""
    return f"  {verdict.name:<22} {verdict.said:<14} {verdict.why}{given}"


def main() -> int:
    """Print what is found as it is found, then all of it, and return whether nothing is open."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof_rows")
    parser.add_argument("--scheme", default="", metavar="NAME", help="a scheme, or NAME/part of it")
    parser.add_argument("--full", action="store_true", help="by two sudden faults or losses, too")
    parser.add_argument("--only", action="append", metavar="ROW", help="this row or guard")
    parser.add_argument(
        "--for", dest="limit_s", type=float, default=0.0, metavar="S", help="per search"
    )
    parser.add_argument("--to", type=Path, metavar="DIR", help="write counterexamples there")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    options = parser.parse_args()
    names = options.only or NAMES
    given = {
        part: (*_CHEAP, *(dear if options.full else ()))
        for part, dear in FAULTS.items()
        if options.scheme in {"", part, part.partition("/")[0]}
    }
    verdicts, ok = [], True
    for said in told(given, names, options.limit_s):
        if isinstance(said, str):
            ok = ok and "NOT gone" not in said and "FOUND" not in said
            print(said, flush=True)
            continue
        verdicts.append(said)
        print(_line(said), flush=True)
        if said.said == "counterexample" and options.to:
            print(f"    written: {_write(options.to, said)}", flush=True)
    found = [in_all(verdicts, name) for name in names]
    print("in all:")
    for verdict in found:
        print(_line(verdict))
    ok = ok and all(v.said != "open" for v in found)
    if options.json:
        rows = {row.name for row in interlocks.INTERLOCKS}
        plain = [_plain(v, "row" if v.name in rows else "guard") for v in found]
        asked = {"scheme": options.scheme, "full": options.full, "limit_s": options.limit_s}
        print(json.dumps({"ok": ok, "asked": asked, "verdicts": plain}))
    return int(not ok)


def _plain(verdict: Verdict, kind: str) -> dict[str, Any]:
    steps = [{"at_ms": at_ms, "what": text} for at_ms, text in verdict.steps]
    return {**verdict._asdict(), "kind": kind, "ok": verdict.said != "open", "steps": steps}


if __name__ == "__main__":
    sys.exit(main())
