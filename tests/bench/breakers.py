"""Is a breaker that shows the wrong position found, and is none blamed that shows the right one?

The AI hall settled in three states (normal, both intakes lost, a transformer tripped), each breaker
shown wrong once per run, with fresh noise (0.5 % of voltages, 1 % of powers and currents). *Found*:
it alone is contradicted within three readings, where physics must tell: it carries more than 2 % of
its rated current, or one of its sides is live and the other dead. *Undetermined*: where physics
cannot tell, that is said. *False*: breakers contradicted in scans in which all show the truth.
`python -m tests.bench breakers` takes a sample; SOAK_SCANS in the environment sets the sound scans.
"""

from __future__ import annotations

import os

from tests.bench.harness import Result, at_least, at_most
from tests.unit.core.estimation.test_switch_status import CLOSED, OPEN, STATES, Watch

RUNS, CLEAN_SCANS = 4, 3000
SETTLING, READINGS = 5, 3
FOUND_PART = 0.999


def run() -> list[Result]:
    """Return all figures."""
    must = found = cannot = said = wrong = 0
    for events in STATES.values():
        for turn in range(RUNS):
            for number, name in enumerate(Watch(*events).names):
                watch = Watch(*events, seed=1000 * turn + number)
                watch.look(SETTLING)
                wrong += len(watch.contradicted())
                if watch.picture.true[watch.index(name)] not in {OPEN, CLOSED}:
                    continue
                watch.lie(name)
                watch.look(READINGS)
                tells, may = watch.telling(name)
                must, found = must + tells, found + (tells and watch.contradicted() == (name,))
                cannot += not may
                said += not may and watch.verdict(name) == "undetermined"
    scans = int(os.environ.get("SOAK_SCANS", str(CLEAN_SCANS)))
    for number, events in enumerate(STATES.values()):
        watch = Watch(*events, seed=number)
        watch.look(scans // len(STATES))
        wrong += len(watch.told)
    against = f"{scans} sound scans"
    return [
        at_least("found in three readings", found / must, "", FOUND_PART, f"{must} lies that show"),
        at_least("undetermined said", said / max(cannot, 1), "", 1.0, f"{cannot} that do not"),
        at_most("sound breakers blamed", wrong, "", 0.0, against),
    ]
