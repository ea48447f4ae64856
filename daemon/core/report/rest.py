"""Is all at rest? What the events say about it, and which of them begin a report.

Theory of operation. `Rest` holds the last stage that every feed of the story has told: the supply
of the site, every section of a board and every store that may hold one, every standby set, every
UPS. A report begins with the first
event that finds one of them out of rest, or with one of `LOCAL`, which are over when they are said.
It is closed when all have been at rest for `settle_s`.

A section on its alternate source is at rest: with a utility that stays away for days, the sets that
feed it are not, so the report of an outage goes on to the end of the retransfer. What only a person
can resolve (a lockout, a failed set, a UPS on bypass) is at rest too: nothing more will happen by
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.model.events import Event

LOCAL: Final = frozenset({"transferred", "transfer_failed", "breaker_failure", "set_failed"})
_SUPPLY: Final = frozenset(
    {
        "delivery_lost",
        "outage_detected",
        "outage_confirmed",
        "mains_returned",
        "supply_restored",
        "sag_ended",
    }
)
_SETS: Final = frozenset({"set_starting", "set_ready", "set_on_bus", "set_failed", "stage"})
_AT_REST: Final[Mapping[str, frozenset[str]]] = {
    "supply": frozenset({"normal"}),
    "section": frozenset({"on_main", "on_alternate", "held", "lockout", "unjudged"}),
    "store": frozenset({"at_rest", "carrying", "unable"}),
    "set": frozenset({"at_rest", "failed"}),
    "ups": frozenset({"normal", "static_bypass", "maintenance_bypass", "off", "fault"}),
}


@dataclass(frozen=True, slots=True)
class Rest:
    """Last stage told, by kind and name; what was never told is at rest."""

    told: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def busy(self) -> tuple[str, ...]:
        """Return who is not at rest, with the stage it is in."""
        return tuple(
            f"{name} ({stage.replace('_', ' ')})"
            for (kind, name), stage in self.told.items()
            if stage not in _AT_REST[kind]
        )


def hear(rest: Rest, event: Event) -> Rest:
    """Return what is known after an event."""
    key = _whose(event)
    if key is None:
        return rest
    return replace(rest, told={**rest.told, key: str(event.fields["stage"])})


def _whose(event: Event) -> tuple[str, str] | None:
    """Return kind and name of what an event tells the stage of, or None."""
    if "stage" not in event.fields:
        return None
    if event.source == "supply" and event.name in _SUPPLY:
        return "supply", "utility"
    if event.name.startswith("ups_"):
        return "ups", event.source
    if event.name in _SETS and "since_loss_s" in event.fields:
        return "set", event.source
    if event.name == "stage" and {"bus", "before"} <= event.fields.keys():
        return "store", event.source
    if event.name == "stage" and "section" in event.fields and "before" in event.fields:
        return "section", str(event.fields["section"])
    return None
