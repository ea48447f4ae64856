"""The operation path: the one way in which anything is switched, for automata and people alike.

    a person selects -> approves -> operates (`selection`), an automaton proposes (`path`)
        -> interlocks -> record -> command -> acknowledgement -> position in time -> over (`task`)

`path` is the last stage of a lane for actions: it sorts out who wants what, gives every wish that
may be acted on a task, and makes the commands. Set-points take the other way, arbitration.

**At most once.** A task makes one command, and another only where it is certain that the first
reached nobody (it expired in our own queue), or where an automaton's close was acknowledged and the
breaker is seen not to have moved. A person's selection makes one command, whatever becomes of it.
No or no clear answer means that the device may have acted: nothing is sent again, the position
decides. What a device has already done is not asked for, so a repeated wish does nothing.

**Fencing.** A command carries the epoch of the daemon that gave it and a number. A device refuses
an epoch below the highest it has seen, which silences a predecessor that wakes up late, and obeys a
number once. Only actions are numbered; a heartbeat and a set-point say the same when they come
twice. On the wire the number has sixteen bits, so the 65,537th action of a boot carries the number
of the first. A device that remembers its last few dozen numbers would take it for a repetition only
if it had itself been told fewer than that in between: it would then not act, and the missing
position is told like any other. That is the safe side, and at a few hundred actions a day it is
most of a year away, in a daemon that was never started again.

Must not know: what the action is good for. It asks the interlocks and `daemon.core.consequence`.

Add here: what shows that a new action was done, in `task.SHOWN`; an action that a second person has
to approve, in `selection.needs_approval`.
"""

from __future__ import annotations

from daemon.core.operation.path import Params, State, initial, step
from daemon.core.operation.selection import SELECTION, Chosen, needs_approval
from daemon.core.operation.task import QUEUED, TASK, Task, reached

__all__ = [
    "QUEUED",
    "SELECTION",
    "TASK",
    "Chosen",
    "Params",
    "State",
    "Task",
    "initial",
    "needs_approval",
    "reached",
    "step",
]
