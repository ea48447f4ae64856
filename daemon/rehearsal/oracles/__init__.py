"""The laws that a run is held to, judged on the plant's truth from outside the code under test.

Safety holds at every instant while faults act: loads are fed as fast as the fastest healthy path
allows (`fed`), nothing is joined that must not be (`parallel`), islands have one reference, one
neutral and sources enough (`islands`), nothing is sent late or twice (`commands`) nor moved round
in circles (`transfers`), nothing carries more than it may (`ratings`), the energy that rides
through is not spent on economy (`reserve`). What happened is said in time (`alarms`) and nothing is
said that is not so (`unexplained`). Liveness holds once everything has healed (`liveness`).

Each module says in its docstring the exact rule and what it cannot see. All are event-driven: they
work when the topology changed, a device reported, or something stands that must end, and else cost
next to nothing. A rule is generous where real equipment is (short-time ratings, own times of
devices) and strict where a command of ours is the cause.

Must not know: the verbs of the daemon (core, runtime, drivers). An oracle that shared code with
what it judges would share its mistakes. Values (model, settings) are common ground.

Add here: a module with one subclass of `oracle.Oracle`, a line in `ORACLES`, a test that shows it
fail, and a planted defect in tests/simulation/defects.py that it alone catches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.rehearsal.oracles.alarms import Alarms
from daemon.rehearsal.oracles.commands import Commands
from daemon.rehearsal.oracles.fed import Fed
from daemon.rehearsal.oracles.islands import Islands
from daemon.rehearsal.oracles.liveness import Liveness
from daemon.rehearsal.oracles.parallel import Parallel
from daemon.rehearsal.oracles.ratings import Ratings
from daemon.rehearsal.oracles.reserve import Reserve
from daemon.rehearsal.oracles.transfers import Transfers
from daemon.rehearsal.oracles.unexplained import Unexplained

if TYPE_CHECKING:
    from daemon.rehearsal.oracles.oracle import Oracle
    from daemon.rehearsal.simulation.observer import Observer

ORACLES: Final[tuple[type[Oracle], ...]] = (
    Fed,
    Parallel,
    Islands,
    Commands,
    Transfers,
    Ratings,
    Reserve,
    Alarms,
    Unexplained,
    Liveness,
)
"""In the order in which their verdicts are shown: safety, then word, then liveness."""


def oracles() -> tuple[Observer, ...]:
    """Return one of each, for one run."""
    return tuple(kind() for kind in ORACLES)
