"""Is a transfer to be triggered by a number of sags? Rules for large loads forbid it.

A large load that leaves the grid after so many sags takes hundreds of megawatts away in the middle
of a grid fault. So there is no key for it anywhere, and whoever writes one is told why.

Source: ERCOT NOGRR 282; on 2024-07-10 six faults within 82 s made 1,500 MW of load leave.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.settings.findings import Finding

_COUNTING: Final = re.compile(r"(?:^|_)(?:sag|dip|undervoltage|disturbance)s?(?:_|$)")
_TEXT: Final = (
    "counting sags to trigger a transfer is forbidden for large loads (ERCOT NOGRR 282); "
    "a sag shorter than its limit starts nothing, however many there are"
)
_VALID: Final = "outage.confirm_s, how long one loss has to last"


def refuse_counting(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings; an unknown key that would count sags is refused with the reason."""
    return [
        replace(f, text=_TEXT, valid=_VALID)
        if f.at_key and f.at and _COUNTING.search(str(f.at[-1]).lower())
        else f
        for f in findings
    ]
