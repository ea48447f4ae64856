"""The aim without a forecast: a window once paid for may be drawn again."""

from __future__ import annotations


def aim_w(first_w: float, highest_w: float) -> float:
    """Return the demand to aim at: the first aim, or the highest demand since, if that is more [W].

    Args:
        first_w: aim at the begin of the billing period [W].
        highest_w: highest demand that has closed in it, 0 while there is none [W].
    """
    return max(first_w, highest_w)
