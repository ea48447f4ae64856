"""Verdicts on a trace: was the supply, or the load, within what the rules allow?

A rule set is data (`config/rules/`): a list of limits, each of one of the kinds in `limits`. A
limit is judged by an evaluator that takes the trace piece by piece, of any length down to one
sample, carries nothing but values and says at any time what the verdict is so far. So a live scan,
a simulation and a trace of last year are judged by the same code, and how a trace is cut changes
no verdict. `judging` runs the limits of many rule sets over one stream of samples.

A sample holds until the next; the last one for the usual step. Times are integer nanoseconds.
Windows are closed: a sample exactly `window_s` old is in. What equals a limit keeps it, and one
part in 10^9 is granted to the rounding of decimal files. Where a trace is too coarse to show what
a limit is about, the verdict is open (None), never passed.

Feed it live in blocks of some tenths of a second: a block costs hardly more than a sample.

Must not know: who recorded the trace, and any means to change the plant. No limit of a grid code
stands in code.

Add here: a kind of limit as a form in `limits`, its evaluator in a file of its own and its line in
`judging.KINDS`. A new rule set is one file in `config/rules/` and no code.
"""

from __future__ import annotations

from daemon.core.compliance.bounds import bounds
from daemon.core.compliance.judging import Court, begin, cut, take, verdicts
from daemon.core.compliance.limits import RuleSet, contract_rules
from daemon.core.compliance.samples import Given, Samples

__all__ = [
    "Court",
    "Given",
    "RuleSet",
    "Samples",
    "begin",
    "bounds",
    "contract_rules",
    "cut",
    "take",
    "verdicts",
]
