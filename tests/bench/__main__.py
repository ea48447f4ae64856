"""Run benchmarks: `python -m tests.bench NAME [--json]`; without a name, all of them."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys

import tests.bench
from tests.bench.harness import cpu_ticks, report, table, verdict

_NOT_A_BENCH = {"__main__", "harness"}


def names() -> list[str]:
    """Return the names of the benchmarks there are."""
    return sorted(
        m.name for m in pkgutil.iter_modules(tests.bench.__path__) if m.name not in _NOT_A_BENCH
    )


def main() -> int:
    """Run what was asked for and return the worst exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="print one JSON object per benchmark")
    asked = parser.parse_args()
    unknown = sorted(set(asked.name) - set(names()))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)} (valid: {', '.join(names())})")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the daemon sets it; before numpy comes
    worst = 0
    for name in asked.name or names():
        stolen, total = cpu_ticks()
        results = importlib.import_module(f"tests.bench.{name}").run()
        stolen_now, total_now = cpu_ticks()
        document = report(name, results, (stolen_now - stolen) / max(total_now - total, 1))
        print(json.dumps(document) if asked.json else table(document), flush=True)
        worst = max(worst, verdict(document))
    return worst


if __name__ == "__main__":
    sys.exit(main())
