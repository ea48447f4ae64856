"""What every interlock and guard is for: `python -m tests.proof_rows [--scheme NAME] [--json]`.

Each part of a scheme is searched with all of them, with the faults that take little time or, with
`--full`, with all that it can be searched with for every row (`FAULTS`), and it is noted which rows
of the interlocks refuse an action together, and which guards of synchronism
(`daemon.rehearsal.prove_without`) make any difference. Then each is judged, part by part:

- *counterexample*: without it the search finds what surely goes wrong, or one that joins nothing
  does where that is not sure (`tests.proof_apart`); or a bus that could be fed surely stays dark
  for longer than it does at most with it;
- *covered*: whatever the row refuses, others refuse too, so without it all would be the same; or it
  goes wrong without it and all that is named beside it, and with any one of these there the search,
  gone through, finds nothing (`tests.proof_together`; some of them it is told, `PAIRS`);
- *harmless*: neither; what it refuses comes to nothing, by all faults that it is asked for in;
- *not asked*: nothing in this part depends on it.

A row that is asked for in no part is tried on the whole hall (`tests.proof_on_plant`), and is a
counterexample or covered there, or keeps a device from wear. So each row of the table has a verdict
of its own, and one that has none is open (`BY_SEARCH`, `PLAYED`).

What came of it by the cheap faults, and by what a row is searched with at any rate (`FOR_ROW`: a
loss and one disturbance that is named, or two losses):

- counterexamples on the mains: `faulted_bus`, `last_feed`, `may_part` (a section is given up for
  nothing); by a loss and a wish `closing_nearby` and `endless_overlap`; by a loss and a main that
  shows closed too early `found_synchronism` and `carries_nothing` (the alternate is opened, the
  last feed); by two losses `spring_not_charged` (the intake is told to close, its device refuses,
  and it is given up until a person looks); by a loss and a wish `not_live_live` (what seeks
  synchronism with a dead bus does so in vain for as long as its device looks for it, and nothing
  else may close there: the section waits for longer than it ever does with the row);
- counterexamples at the intake: `onto_island` and `switch_waits`; among the sets, by a call and a
  wish, `stopped_on_bus` (a set is stopped on its bus) and `machine_at_rest` (one that was asked to
  stop is closed, and runs out on the bus);
- covered on the mains: `mains_and_generators`, `live_live`, `main_in_step` and the refusal of the
  breaker itself, each by the others: by a disturbance and a hidden fault only without all four a
  main joins two sources without synchronism (by a loss and a hidden fault without the last three).
  `protection_trip` by the lockout of the breaker. `one_at_a_time` by `endless_overlap`: only
  without both two sections overlap at once, which lasts too long. `let_in` by `carries_nothing`: a
  main that shows closed while it still seeks is known by either; where its current cannot be read,
  by `let_in` alone. `local`, `position_unknown`, `voltage_unknown`, `backfeed`, `no_neutral`,
  `overload` and `third_of_three` never refuse alone;
- covered among the sets: `one_set_onto_dead_bus`, `closing_nearby` and `second_dead_bus_close`,
  each by the others: only without all three a set joins another without synchronism. `set_in_step`
  by `live_live`, `no_neutral`, `second_dead_bus_close` and the refusal of the breaker itself;
- covered at the intake: `faulted_load` by `no_move_to_fault`, which asks the same before it moves;
  so the row is there for persons, whose wishes for that switch the model has not.

What no search judges: that `one_at_a_time` also gives a set time to recover from one block of load
before the next. The model has no frequency; on the whole hall four sets take both sections at once,
and nothing is lost (`simulate` of an outage without it).

Two disturbances of any kind, or a loss and one of any kind, were not gone through on the mains
without each row.

On the whole hall came out, with the emulated devices:

- counterexamples: `emergency_off` (storage forms behind the button), `maintenance` (a feeder of a
  board with a tag), `own_logic` (two sets meet on a dead bus, one by hand and one by the board),
  `racked_out` (the intake is given up until a person looks), `earthed`, `second_storage_feeder`
  and `low_voltage_parallel` (transformers side by side), `second_neutral`, `started_on_bus` (a set
  runs up onto the bus of another), `storage_empty` (a section has voltage for some tenths of a
  second), `on_maintenance`, `ups_fault` and `ups_overload` (an inverter onto a short circuit),
  `partner_not_normal` (both feeds of a server sag);
- covered: `target_not_live` by `onto_island`, `not_auto` by `not_available` and the set itself,
  `second_reference` by `overload` and the storage itself; and by the device alone, which refuses
  or checks by itself: `no_sync_check`, `bypass_not_ready`, `out_of_phase`, `not_available`,
  `not_testable`. Of the last three nothing is known that would go wrong in the emulated plant;
- wear: `too_often`, without which a set is cranked eleven times in 15 s and without end;
- of the guards `rejoins_in_step` is covered by `live_live` and the breaker itself (without all of
  them the reactor joins the grid out of step), and `onto_storage_in_step` is a counterexample (a
  section stays with a store that runs empty, though a set is there).

A guard that is asked for in no part has its minimal case among the unit tests, which is named. What
is none of these is open: it was not gone through in time, or what was found is not sure, or nobody
tests it. Exit code 0 exactly when nothing is open and nothing is found with all rows there.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon import settings
from daemon.core import interlocks
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.picture import Decided
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.replay import scenario
from daemon.rehearsal.proof.situation import Deed
from daemon.rehearsal.prove_without import NAMES, ROWS, Heard, heeded, without
from daemon.runtime.clock import processor_s
from tests import proof_on_plant
from tests.proof_apart import Apart, apart
from tests.proof_cases import unit_case
from tests.proof_together import ANYTHING, Given, Least, search_of, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.rehearsal.proof.explore import Tally
    from daemon.settings import SiteFile

_CHEAP: Final = tuple(Given(Faults(*f)) for f in ((1, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 1)))
_DEAR: Final = tuple(Given(Faults(*f)) for f in ((0, 2, 0), (2, 0, 0), (1, 1, 0)))
_WISHED: Final = Given(Faults(1, 1, 0), only=(ANYTHING,))


def _asked(wish: str) -> Given:
    """Return a loss of the utility, and that a person asks for one thing."""
    return _WISHED._replace(only=(f"a person asks {wish}",))


FAULTS: Final = {
    "ALTS-1": _DEAR,
    "CCTS-1/mains": (Given(Faults(2, 0, 0)), _WISHED),
    "CCTS-1/sets": _DEAR,
}
"""By part the faults that are given with `--full` beside the cheap ones; what takes least comes
first, for a row is missed early. The mains with two disturbances of any kind, or one and a loss,
take too long to be searched for every row: there the disturbance is what a person asks for."""
_ONE: Final = Faults(1, 1, 0)
"""A loss of the utility and a disturbance."""
_UNTRUE: Final = Given(_ONE, only=("52-VCB-MA shows closed and is not",), seeking=True)
FOR_ROW: Final = {
    ("CCTS-1/mains", "closing_nearby"): _asked("52-VCB-TIE to close"),
    ("CCTS-1/mains", "endless_overlap"): _asked("52-VCB-GA to close_in_sync"),
    ("CCTS-1/mains", "not_live_live"): _asked("52-VCB-MA to close_in_sync"),
    ("CCTS-1/mains", "spring_not_charged"): Given(Faults(2, 0, 0)),
    ("CCTS-1/mains", "found_synchronism"): _UNTRUE,
    ("CCTS-1/mains", "let_in"): _UNTRUE,
    ("CCTS-1/mains", "carries_nothing"): _UNTRUE._replace(seeking=False),
    ("CCTS-1/sets", "stopped_on_bus"): _asked("DG-1 to stop"),
    ("CCTS-1/sets", "machine_at_rest"): _asked("DG-1 to stop"),
}
"""What a row is searched with in a part at any rate, since the cheap faults do not miss it."""


BY_SEARCH: Final = frozenset(
    {
        "local", "position_unknown", "spring_not_charged", "protection_trip", "faulted_bus",
        "voltage_unknown", "live_live", "not_live_live", "backfeed", "closing_nearby",
        "machine_at_rest", "no_neutral", "second_dead_bus_close", "third_of_three",
        "mains_and_generators", "endless_overlap", "last_feed", "faulted_load", "onto_island",
        "stopped_on_bus", "overload",
    }
)  # fmt: skip
"""Rows that some part of the proof depends on; all others are played on the hall (`PLAYED`)."""


class Pair(NamedTuple):
    """What covers one another in a part, beyond what is found without being told.

    Attributes:
        away: rows and guards of which each covers the others.
        given: faults by which it goes wrong without all of them, and without the device's own
            refusal where that is one of them.
    """

    away: tuple[str, ...]
    given: Given


PAIRS: Final = {
    "ALTS-1": (Pair(("faulted_load", "no_move_to_fault"), Given(Faults(0, 1, 0))),),
    "CCTS-1/mains": (
        Pair(("one_at_a_time", "endless_overlap"), Given(Faults(1, 0, 0))),
        Pair(("let_in", "carries_nothing"), _UNTRUE),
    ),
    "CCTS-1/sets": (
        Pair(
            ("set_in_step", "live_live", "no_neutral", "second_dead_bus_close"),
            Given(Faults(1, 0, 0), obeyed=True),
        ),
    ),
}
_APART_S: Final = 300.0
"""Processor time after which a search that joins nothing is given up, without another limit [s]."""
_DARKER_S: Final = 120.0
"""Processor time after which it is given up to show that a bus stays dark for longer [s]."""
_KEPT: Final = ("counterexample", "covered", "wear", "harmless", "not asked", "open")
"""Verdicts; of a name in several parts the first of these counts, but that open ones stay open."""


class Verdict(NamedTuple):
    """What is to be said of a row or guard in a part.

    Attributes:
        name: of the row or guard.
        part: where it was judged, "" in all.
        said: one of `_KEPT`.
        why: what goes wrong, what else refuses, or which test has the minimal case of a guard.
        faults: that were given where it went wrong.
        steps: how it goes wrong.
    """

    name: str
    part: str
    said: str
    why: str = ""
    faults: str = ""
    steps: tuple[tuple[int, str], ...] = ()


class Whole(NamedTuple):
    """What a part comes to by some faults with everything there.

    Attributes:
        heard: what rows and guards said.
        known: what is wrong.
        dark_ms: longest time for which a bus that could be fed was not [ms].
        complete: it was gone through.
    """

    heard: Heard
    known: frozenset[str]
    dark_ms: int
    complete: bool


class Baseline(NamedTuple):
    """A part with everything there.

    Attributes:
        part: name of it.
        givens: faults by which every row and guard is judged that anything depends on.
        whole: what it comes to by these, and by those of single rows.
        limit_s: processor time for a search, 0 without a limit [s].
    """

    part: str
    givens: tuple[Given, ...]
    whole: dict[Given, Whole]
    limit_s: float

    @property
    def known(self) -> frozenset[str]:
        """Return what is wrong with everything there."""
        return frozenset().union(*(whole.known for whole in self.whole.values()))

    def add(self, given: Given) -> Whole:
        """Search the part by some faults unless that has been done."""
        if given not in self.whole:
            # What was said once to one question is not asked again: each search has a mind of its
            # own.
            with heeded() as heard:
                tally = searched(_part(self.part), given, self.limit_s, frozenset())
            whole = Whole(heard, frozenset(tally.found), tally.hungry_ms, tally.complete)
            self.whole[given] = whole
        return self.whole[given]

    def asked(self, name: str) -> list[Given]:
        """Return by which faults anything depends on a row or guard alone."""
        own = FOR_ROW.get((self.part, name))
        if own:
            self.add(own)
        found = [given for given in self.givens if name in self.whole[given].heard.alone()]
        return [*dict.fromkeys((*found, own) if own else found)]


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
    base = Baseline(name, tuple(givens), {}, limit_s)
    for given in givens:
        base.add(given)
    return base


def judged(base: Baseline, name: str) -> Verdict:
    """Return what is to be said of a row or guard in a part."""
    asked = base.asked(name)
    if not asked:
        heard = [base.whole[given].heard for given in base.givens]
        beside = sorted({other for said in heard for other in said.beside(name)})
        if any(name in rows for said in heard for rows in said.rows):
            return Verdict(name, base.part, "covered", ", ".join(beside))
        return Verdict(name, base.part, "not asked")
    doubt = ""
    with without((name,)):
        part = _part(base.part)
        for given in asked:
            tally = searched(part, given, base.limit_s, base.known)
            if more := sorted(tally.sure - base.known):
                steps = _steps(tally, more[0])
                return Verdict(name, base.part, "counterexample", more[0], str(given), steps)
            if not tally.complete:
                doubt = doubt or f"not gone through with {given}"
            elif unsure := sorted({*tally.found} - base.known):
                if sure := surely(part, given, base.known, base.limit_s):
                    wrong, steps = sure
                    return Verdict(name, base.part, "counterexample", wrong, str(given), steps)
                doubt = doubt or f"not sure with {given}: {unsure[0]}"
            elif steps := darker(part, given, base, tally.hungry_ms):
                longer = f"a bus that could be fed is dark for more than {_dark(base, given)}"
                return Verdict(name, base.part, "counterexample", longer, str(given), steps)
    if doubt:
        return Verdict(name, base.part, "open", doubt)
    return Verdict(name, base.part, "harmless", f"gone through with {'; '.join(map(str, asked))}")


def _dark(base: Baseline, given: Given) -> str:
    return f"{base.whole[given].dark_ms / 1000:.1f} s, which with it is the most"


def darker(
    part: schemes.Part, given: Given, base: Baseline, dark_ms: int
) -> tuple[tuple[int, str], ...]:
    """Return how a bus surely stays dark for longer than it does at most with everything there."""
    whole = base.whole[given]
    if given in base.givens or not whole.complete or dark_ms <= whole.dark_ms:
        return ()  # by what every row is judged by, it would take too long
    longer = part._replace(bound_ms=whole.dark_ms)
    sure = surely(longer, given, base.known, _DARKER_S)
    return sure[1] if sure else ()


def covered(base: Baseline, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield what covers those without which alone nothing goes wrong in a part."""
    alone = {v.name: v for v in verdicts if v.said == "harmless" and v.part == base.part}
    # What others always refuse beside may be what covers.
    beside = [v.name for v in verdicts if v.said == "covered" and v.part == base.part]
    for least in chain(
        (
            shown(base, pair)
            for pair in PAIRS.get(base.part, ())
            if not alone.keys().isdisjoint(pair.away)
        ),
        together(partial(_part, base.part), (*alone, *beside), _CHEAP, base.limit_s)
        if alone
        else (),
    ):
        for name in least.away if least.shown else ():
            if verdict := alone.pop(name, None):
                others = [other for other in least.away if other != name]
                others += ["the device's own refusal"] * least.given.obeyed
                why = f"by {', '.join(others)}: {least.wrong} without all of them"
                steps = tuple((d.at_ms, d.text) for d in least.deeds)
                faults = f"{least.given}; alone {verdict.why}"
                yield Verdict(name, base.part, "covered", why, faults, steps)


def shown(base: Baseline, pair: Pair) -> Least:
    """Return what goes wrong without all of a pair, and whether nothing does with any of them."""
    away, given = pair
    known = base.add(given).known
    with without(away):
        sure = surely(_part(base.part), given, known, base.limit_s)
    if not sure:
        return Least(away, given, "", ())
    fewer = [(tuple(other for other in away if other != name), given) for name in away]
    fewer += [(away, given._replace(obeyed=False))] * given.obeyed
    held = True
    for names, by in fewer:
        with without(names):
            tally = searched(_part(base.part), by, base.limit_s, known)
        held = held and tally.complete and known.issuperset(tally.found)
    wrong, steps = sure
    return Least(away, given, wrong, tuple(Deed(text, at_ms) for at_ms, text in steps), held)


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
    if name in proof_on_plant.PLAYED:
        _, said, why = proof_on_plant.judged(name)
        return best._replace(part="", said=said, why=why, faults="the whole hall")
    case = unit_case(name) if name not in ROWS else ""
    return best._replace(
        part="", said="not asked" if case else "open", why=case or "nothing asks for it"
    )


def told(
    given: Mapping[str, Sequence[Given]], names: Sequence[str], limit_s: float
) -> Iterator[Verdict | str]:
    """Yield a line for each part, and a verdict for every row and guard in it."""
    done = set()
    for name in given:
        base = baseline(name, given[name], limit_s)
        complete = all(whole.complete for whole in base.whole.values())
        whole = "gone through" if complete else "NOT gone through"
        faults = "; ".join(map(str, base.givens))
        yield f"{name}: {whole} with {faults}{', FOUND: ' * bool(base.known)}" + "; ".join(
            sorted(base.known)
        )
        verdicts = []
        for one in names:
            if one not in done:
                verdicts.append(judged(base, one))
                if verdicts[-1].said == "counterexample":
                    done.add(one)
                yield verdicts[-1]
        yield from covered(base, verdicts)


def _write(folder: Path, verdict: Verdict) -> Path:
    """Write a counterexample as a scenario."""
    drawn = site().site.schemes[verdict.part.partition("/")[0]]
    assert isinstance(drawn, Decided)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"without_{verdict.name}.yaml"
    deeds = [Deed(text, at_ms) for at_ms, text in verdict.steps]
    page = scenario(site().site, drawn, verdict.why, deeds, (verdict.name,))
    path.write_text(page, encoding="utf-8")
    return path


def _line(verdict: Verdict) -> str:
    given = ", ".join(filter(None, (verdict.part, verdict.faults))) if verdict.faults else ""
    given = f" ({given})" if given else ""
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
