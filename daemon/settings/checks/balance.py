"""Does the power balance close, with everything in service and in the declared N-1 cases?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.plant import Site
    from daemon.settings.forms import BalanceForm
    from daemon.settings.problems import Finding


def check_balance(site: Site, balance: BalanceForm) -> Iterator[Finding]:
    """Yield the cases in which something would carry more than its rating."""
    yield from ()
