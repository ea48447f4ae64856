"""What energy costs in watts of peak: one price for the daemon, the backtest and its policies.

Money decides only how long storage may give for how much less peak. The peak is billed once, but
what is given for it today is given again on each day that is left of the period, as far as anybody
knows: so wear counts as often.
"""

from __future__ import annotations

import math
from typing import Final

from daemon.core.balance.shaving.forecast import DAY_S

DEMAND_EUR_KW: Final = 10.0
"""Source: low for what NREL/BR-6A20-68963 found in the USA, where a quarter of commercial customers
could have 15 USD a month and more [EUR/kW]."""
WEAR_EUR_MWH: Final = 60.0
"""Source: own estimate, 300 EUR/kWh over 6000 full cycles, and a tenth lost of energy at
100 EUR/MWh [EUR/MWh]."""
_MWH: Final = 3.6e9
_KW: Final = 1e3


def once_w_per_j(wear_eur_mwh: float, demand_eur_kw: float) -> float:
    """Return the price of a joule that storage gives once [W/J]."""
    return wear_eur_mwh / _MWH * _KW / demand_eur_kw


def until_the_end(once_w_per_j: float, left_s: float) -> float:
    """Return the price when it is given on each day that is left, once where nobody knows [W/J]."""
    return once_w_per_j * max(1.0, left_s / DAY_S) if math.isfinite(left_s) else once_w_per_j
