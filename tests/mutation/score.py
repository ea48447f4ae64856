"""The score: how many of the mutants that were drawn a test noticed. Run inside the copy."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console
from rich.progress import Progress

from tests.mutation.judging import JUDGED, judges, quiet, targets
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import trial

EQUIVALENT: Final = Path("tests/mutation/equivalent.yaml")
KILLED_MIN: Final = 0.9


def main() -> int:
    """Draw mutants, try them, tell who lives, and return 0 where enough were noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--sample", type=int, default=0, help="try so many, not all")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--only", default="", help="mutants whose name has this pattern")
    parser.add_argument("--jobs", type=int, default=1, help="so many at the same time")
    parser.add_argument("--patience", type=float, default=6.0, help="s of processor for one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    drawn = [one for one in every(parser) if re.search(asked.only, one.name)]
    if 0 < asked.sample < len(drawn):
        drawn = random.Random(asked.seed).sample(drawn, asked.sample)
    if not drawn:
        parser.error(f"no mutant has {asked.only!r} in its name")
    with (
        os.fdopen(os.dup(2), "w") as people,
        Progress(console=Console(file=people), disable=not people.isatty()) as bar,
    ):
        task = bar.add_task("tests without mutants", total=None)
        with quiet():
            known = judges({one.path for one in drawn})
        bar.update(task, description="mutants", total=len(drawn))

        tried = count(1)

        def tell(one: Mutant, lives: bool) -> None:
            bar.advance(task)
            nth = next(tried)
            if lives:
                text = f"lives, {nth} of {len(drawn)}: {one.name} (line {one.line})"
                bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

        living = trial(drawn, known, asked.jobs, asked.patience, tell)
    document = report(drawn, living, asked.seed)
    print(json.dumps(document) if asked.json else table(document))
    return 0 if document["ok"] else 1


def every(parser: argparse.ArgumentParser) -> list[Mutant]:
    """Return all mutants but those that cannot be told from the original."""
    equal = {one["mutant"] for one in yaml.safe_load(EQUIVALENT.read_text())}
    found = [
        one
        for glob in JUDGED
        for path in targets(glob)
        for one in mutants(path, Path(path).read_text())
    ]
    if gone := equal - {one.name for one in found}:
        parser.error(f"{EQUIVALENT}: no such mutant: {'; '.join(sorted(gone))}")
    return [one for one in found if one.name not in equal]


def report(drawn: list[Mutant], living: set[str], seed: int) -> dict[str, Any]:
    """Return the score as one document, file by file and in all."""
    of = Counter(one.path for one in drawn)
    killed = Counter(one.path for one in drawn if one.name not in living)
    of["all"], killed["all"] = of.total(), killed.total()
    low, high = interval(killed["all"], of["all"])
    return {
        "ok": killed["all"] >= KILLED_MIN * of["all"],
        "mutants": of["all"],
        "seed": seed,
        "low": low,
        "high": high,
        "living": [f"{one.name} (line {one.line})" for one in drawn if one.name in living],
        "verdicts": [
            {
                "name": name,
                "ok": killed[name] >= KILLED_MIN * of[name],
                "value": killed[name] / of[name],
                "limit": KILLED_MIN,
                "unit": "pu",
                "of": of[name],
            }
            for name in sorted(of, key=lambda name: (name == "all", name))
        ],
    }


def interval(killed: int, of: int) -> tuple[float, float]:
    """Return where the share lies with 95 % confidence. Source: doi:10.2307/2276774 (Wilson)."""
    z, share = 1.96, killed / of
    middle = share + z * z / (2 * of)
    half = z * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def table(document: dict[str, Any]) -> str:
    """Return the score as text: the share killed of each file, and in all."""
    lines = [
        f"{one['name']:45} {one['of']:5} mutants {one['value']:7.1%} killed"
        for one in document["verdicts"]
    ]
    within = f"{document['low']:.1%} to {document['high']:.1%} with 95 % confidence"
    return "\n".join([*lines, f"{within}; limit {KILLED_MIN:.0%}"])


if __name__ == "__main__":
    sys.exit(main())
