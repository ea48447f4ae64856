"""The demand as billed: the mean import over windows that begin at multiples of their length."""

from __future__ import annotations

from typing import NamedTuple

from daemon.model.quantities import SECOND


class Window(NamedTuple):
    """The window that runs.

    Attributes:
        begun_ns: its begin, a multiple of its length [ns].
        at_ns: until here it is summed up [ns].
        drawn_j: what was drawn in it until then [J].
    """

    begun_ns: int
    at_ns: int
    drawn_j: float


def opened(now_ns: int, length_ns: int) -> Window:
    """Return a window that is first seen at `now_ns`; what was drawn before counts as nothing."""
    return Window(now_ns - now_ns % length_ns, now_ns, 0.0)


def advanced(
    window: Window, now_ns: int, power_w: float, length_ns: int
) -> tuple[Window, tuple[float, ...]]:
    """Return the window after a power that held until `now_ns`, and the demands that closed [W].

    Args:
        window: the one that ran.
        now_ns: time by the clock that bills [ns].
        power_w: mean import since `window.at_ns` [W].
        length_ns: of a window [ns].
    """
    begun_ns, at_ns, drawn_j = window
    closed: list[float] = []
    while now_ns >= begun_ns + length_ns:
        end_ns = begun_ns + length_ns
        drawn_j += power_w * (end_ns - at_ns) / SECOND
        closed.append(drawn_j * SECOND / length_ns)
        begun_ns, at_ns, drawn_j = end_ns, end_ns, 0.0
    drawn_j += power_w * (now_ns - at_ns) / SECOND
    return Window(begun_ns, now_ns, drawn_j), tuple(closed)


def mean_w(window: Window) -> float:
    """Return the mean of the window so far, nothing before it has lasted [W]."""
    lasted_ns = window.at_ns - window.begun_ns
    return window.drawn_j * SECOND / lasted_ns if lasted_ns else 0.0


def room_w(window: Window, limit_w: float, length_ns: int) -> float:
    """Return the import until the end of the window that leads to a demand of `limit_w` [W]."""
    left_ns = window.begun_ns + length_ns - window.at_ns
    return (limit_w * length_ns / SECOND - window.drawn_j) * SECOND / left_ns
