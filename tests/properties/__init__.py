"""The laws, held by hypothesis for whatever it can think of.

Every transition table is total, reachable and free of traps; every wait ends; energy is kept;
interlocks are never talked round; a worse quality never makes a decision bolder; what is written
reads back the same. A counterexample found once stays as an `@example`.
"""

from __future__ import annotations

import os

import hypothesis

FACTOR = int(os.environ.get("RIDETHROUGH_EXAMPLES", "1"))
"""How many times as many examples `make soak` draws."""


def examples(count: int) -> hypothesis.settings:
    """Return the settings of a law that is tried on `count` examples, many more in a soak."""
    return hypothesis.settings(max_examples=count * FACTOR)
