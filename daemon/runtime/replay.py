"""Last night's incident once more: recorded inputs through the same step, decisions compared.

Beginning at a boot record the state is known, and every input after it is recorded, so each
decision must come out as it stands in the journal, bit for bit. A difference means that the step
function reads something that is not in its inputs, or that it is another step function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from daemon.core.step import Inputs, Params, initial, step
from daemon.journal.records import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.core.step import Step
    from daemon.model.commands import Command


@dataclass(frozen=True, slots=True)
class Difference:
    """A scan that came out otherwise than recorded."""

    lane: str
    now_ns: int
    recorded: tuple[Command, ...]
    replayed: tuple[Command, ...]


def replay(
    records: Iterable[Mapping[str, Any]], lanes: Mapping[str, Params]
) -> Iterator[Difference]:
    """Yield every difference between recorded and replayed decisions.

    Args:
        records: as `daemon.journal.journal.read` gives them, from a first boot record on.
        lanes: what does not change, by lane; the epoch is taken from the record.
    """
    states: dict[str, Any] = {}
    params = dict(lanes)
    open_steps: dict[str, tuple[int, Step]] = {}
    epoch = None
    for record in records:
        if record["k"] == "boot" and record["epoch"] != epoch:
            yield from _undecided(open_steps)
            epoch = record["epoch"]
            params = {name: replace(p, epoch=epoch) for name, p in lanes.items()}
            states = {name: initial(p, record["n"]) for name, p in params.items()}
        elif record["k"] == "in":
            lane, image = record["lane"], record["image"]
            yield from _undecided({lane: open_steps.pop(lane)} if lane in open_steps else {})
            done = step(states[lane], Inputs(image, record["inbox"]), params[lane])
            states[lane] = done.state
            if done.commands or done.events:
                open_steps[lane] = image.now_ns, done
        elif record["k"] == "out" and record["lane"] in params:
            yield from _compared(record, open_steps.pop(record["lane"], None))
    # The last scan may have been recorded without its decision: a kill can come between the two.


def _compared(record: Mapping[str, Any], replayed: tuple[int, Step] | None) -> Iterator[Difference]:
    if replayed is None:
        yield Difference(record["lane"], record["n"], record["commands"], ())
        return
    now_ns, done = replayed
    same_events = plain(record["events"]) == plain(done.events)
    if now_ns != record["n"] or record["commands"] != done.commands or not same_events:
        yield Difference(record["lane"], now_ns, record["commands"], done.commands)


def _undecided(steps: dict[str, tuple[int, Step]]) -> Iterator[Difference]:
    """Yield a difference for decisions that the record does not have."""
    for lane, (now_ns, done) in steps.items():
        yield Difference(lane, now_ns, (), done.commands)
    steps.clear()
