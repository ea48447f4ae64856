"""The transfer report for people: lines for a terminal, and one file for the meeting after.

`lines` says it on a terminal. `page` makes an HTML file that needs nothing but itself: no script,
no network, light and dark, and fit for paper; `drawing` draws its figures. Both read a
`TransferReport` and nothing else, so a report of last year can be shown on a machine that has never
seen the site.

Must not know: how a report is made, and the emulated plant.

Add here: the words of a new stage in `words`.
"""

from __future__ import annotations

from daemon.console.report.lines import lines, listed
from daemon.console.report.page import document, parts, style

__all__ = ["document", "lines", "listed", "parts", "style"]
