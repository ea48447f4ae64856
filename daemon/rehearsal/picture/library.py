"""The script that draws the figures, as it comes with plotly: the one file that knows plotly."""

from __future__ import annotations


class PictureError(ValueError):
    """A picture cannot be made; the message says why."""


def script() -> str:
    """Return plotly.js as text for a page.

    Raises:
        PictureError: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs  # noqa: PLC0415 - the daemon does without it
    except ImportError:
        said = "a report needs plotly: install ridethrough[picture]"
        raise PictureError(said) from None
    return str(get_plotlyjs())
