"""How the entries are written: groups of points that many natures share, and a row of the table."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from daemon.model.natures.terms import Current, Nature, PointKind, PointSpec, RatingSpec, Role


def _measure(name: str, text: str) -> PointSpec:
    unit = "hz_s" if name.endswith("hz_s") else name.rsplit("_", 1)[-1]
    return PointSpec(name, PointKind.MEASURE, unit, text)


def measures(**points: str) -> tuple[PointSpec, ...]:
    """Return measurands by name, the unit being the last part of it."""
    return tuple(_measure(name, text) for name, text in points.items())


def statuses(**points: str) -> tuple[PointSpec, ...]:
    """Return points that are true or false."""
    return tuple(PointSpec(name, PointKind.STATUS, "", text) for name, text in points.items())


def counters(**points: str) -> tuple[PointSpec, ...]:
    """Return numbers that only rise."""
    return tuple(PointSpec(name, PointKind.COUNTER, "count", text) for name, text in points.items())


def setpoints(**points: str) -> tuple[PointSpec, ...]:
    """Return numbers that the daemon may write, the unit being the last part of the name."""
    return tuple(
        PointSpec(
            name,
            PointKind.SETPOINT,
            "w_s" if name.endswith("_w_s") else name.rsplit("_", 1)[-1],
            text,
        )
        for name, text in points.items()
    )


def stage(
    *states: str, name: str = "stage", text: str = "What the device is doing."
) -> tuple[PointSpec, ...]:
    """Return the point that names one of these states."""
    return (PointSpec(name, PointKind.STAGE, "", text, states),)


def commands(*names: str) -> tuple[PointSpec, ...]:
    """Return what makes a device act once: the fence, the number, and the code."""
    return (
        PointSpec(
            "command_epoch",
            PointKind.COUNTER,
            "count",
            "Epoch of the writer; an older one is refused.",
        ),
        PointSpec(
            "command_id",
            PointKind.COUNTER,
            "count",
            "Number of the command; a repeated one is ignored.",
        ),
        PointSpec("command", PointKind.COMMAND, "", "Makes the device act once.", ("none", *names)),
    )


FALLBACKS: Final = ("none", "hold", "zero", "own_logic", "ramp_to_zero")
"""What a device does when the daemon has been silent for its fall-back time."""


def heartbeat(*fallbacks: str) -> tuple[PointSpec, ...]:
    """Return what ties a device to the daemon: the beat, and what it does without, one of these."""
    return (
        PointSpec(
            "heartbeat",
            PointKind.HEARTBEAT,
            "count",
            "Daemon is alive; silence hands authority over.",
        ),
        *statuses(daemon_present="The heartbeat came within the fall-back time."),
        *measures(
            fallback_after_s="Silence of the daemon after which the device falls back, as set."
        ),
        PointSpec(
            "fallback",
            PointKind.STAGE,
            "",
            "What the device then does, as set in it.",
            FALLBACKS,
            fallbacks,
        ),
    )


LIFE = counters(life_count="Rises each second while the device itself is alive.")
POSITION = (PointSpec("position", PointKind.POSITION, "", "Double-point position."),)
SELECTOR = stage(
    "auto", "manual", "test", name="selector", text="AUTO / MANUAL / TEST switch on the panel."
)


def nature(
    name: str,
    role: Role,
    text: str,
    logical_node: str,
    terminals: str,
    ratings: dict[str, str],
    *points: tuple[PointSpec, ...],
    variants: tuple[str, ...] = (),
    optional_terminals: int = 0,
) -> Nature:
    """Build a row: `terminals` is "name:ac name:dc ..."; a rating text led by ~ is optional."""
    pairs = (pair.split(":") for pair in terminals.split())
    return Nature(
        name=name,
        role=role,
        help=text,
        logical_node=logical_node,
        terminals=tuple((label, Current(current)) for label, current in pairs),
        optional_terminals=optional_terminals,
        variants=variants or (name,),
        ratings=MappingProxyType(
            {
                key: RatingSpec(value.lstrip("~"), not value.startswith("~"))
                for key, value in ratings.items()
            }
        ),
        points=MappingProxyType({p.name: p for group in points for p in group}),
    )


NEUTRAL = {
    "neutral_ohm": "~Resistance between neutral and earth; left out: by the earthing of its bus."
}

BATTERY = {
    "battery_v": "~Voltage of its battery, averaged over a discharge without load.",
    "chemistry_count": "~Cells: 1 lithium iron phosphate, 2 with nickel, 3 lead acid.",
}
