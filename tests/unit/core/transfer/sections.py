"""Which sections of the board live on what, and how they come there."""

from __future__ import annotations

from functools import partial

from daemon.model.commands import OperatorRequest, Proposal
from tests.hall import Hall, settled


def fed_by_sets(hall: Hall, bus: str) -> bool:
    """Return whether sets and nothing else feed a bus."""
    sources = hall.sources_of(bus)
    return bool(sources) and all(s.startswith("DG") for s in sources)


def on_sets(hall: Hall) -> bool:
    """Return whether both sections are on sets."""
    return fed_by_sets(hall, "MVA") and fed_by_sets(hall, "MVB")


def on_mains(hall: Hall) -> bool:
    """Return whether both sections are on mains and the sets are off."""
    return all("U-A" in hall.sources_of(bus) for bus in ("MVA", "MVB")) and not any(
        s.startswith("DG") for s in hall.sources_of("MVA") | hall.sources_of("MVB")
    )


def island(sets: int = 4) -> Hall:
    """Return a hall that lives on its sets."""
    hall = settled()
    for number in range(sets + 1, 5):
        hall.start_s[f"DG-{number}"] = None
    hall.lose_mains()
    assert hall.run(30.0, until=partial(on_sets, hall))
    hall.run(1.0)
    return hall


def reset(hall: Hall) -> None:
    """Let a person reset the scheme."""
    looked = Proposal("CCTS-1", "scheme", "reset", 0.0, "person", "looked")
    hall.inbox.append(OperatorRequest("r1", "maria", looked))
