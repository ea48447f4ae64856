"""What an entry of `config/alarms/` may say, and what is wrong with one.

A rule is written once for a nature and holds for every piece of equipment of it, so a site needs no
alarm list of its own. `condition` says how the value of `point` is judged:

| condition | true while |
|---|---|
| above, below | the value is beyond `limit`, times what `of` names |
| is, is_not | the stage is (not) one of `states`; a status is (not) true |
| stale | the value is older than `limit` seconds |
| silent | nothing that the device itself serves is good (gateway: none of its devices) |
| happened | a message of the topic `point` came in the last `limit` seconds |
| told | `topic.key` of what a controller of either lane concluded is true, or one of `states` |

What is told of a source in words of its own follows `text`, while it is told.

`nature` is a key of `daemon.model.natures`, or `device` (whatever has one), `gateway` or `site`.
Nothing but `silent` and `stale` is ever raised from a value that is not good.

**Suppression by design.** `suppressed_by` names the classes of which this one is a consequence. An
alarm of the site hides its consequences everywhere, one of a gateway on the devices behind it, one
of a row on its racks, any other on its own equipment. `only_while` names stage points and the
labels under which the alarm makes sense: low oil pressure only while the set runs. `needs_supply`
hides it while its buses are not known to be joined to a running source, as below an opened breaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from annotated_types import Ge, Interval, MinLen

from daemon.model.natures import NATURES, PointKind, PointSpec

Text = Annotated[str, MinLen(1)]
Seconds = Annotated[float, Ge(0.0)]
Condition = Literal["above", "below", "is", "is_not", "stale", "silent", "happened", "told"]

SCOPES: Final = ("device", "gateway", "site")
"""What a rule may be about beside a nature."""
NOMINAL: Final = "nominal"
"""`of: nominal`: the bus's voltage for volts, the site's frequency for hertz."""
CONTRACT: Final = "contract"
"""`of: contract`: the import limit of the grid contract."""
_LABELLED: Final = frozenset({PointKind.STAGE, PointKind.POSITION})
_POSITIONS: Final = ("travelling", "open", "closed", "bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alarm class: the condition, how it is filtered, and what a person has to know.

    Attributes:
        text: one line for people; `{source}` stands for the equipment.
        nature: what it is about, see the module's docstring.
        condition: how the point is judged.
        point: point name, or `topic.key` for `told`.
        variant: only equipment of this variant.
        at: only equipment that shares a bus with equipment of this nature.
        normally: only equipment that is normally so, e.g. "in_service".
        states: labels for `is` and `is_not`; none for a status.
        limit: in the unit of the point, or a factor of `of`; [s] for `stale` and `happened`.
        of: rating the limit is a factor of, "nominal", "contract", or "" for an absolute limit.
        dead_band: how far a value must come back, in the unit of the point (or factor of `of`).
        on_delay_s: the condition must hold this long to be annunciated [s].
        off_delay_s: it must be clear this long to have returned [s].
        priority: 1 (highest) to 4.
        latching: stays until a person resets it.
        group: alarms of one group mark the first of them as first-out.
        only_while: labels by stage point of the same equipment that let it exist.
        needs_supply: hidden while its buses are not known to be joined to a running source.
        suppressed_by: classes of which this is a consequence.
        cause: the usual reason.
        consequence: what happens when nobody acts.
        response: what to do.
        respond_within_s: time to act in [s].
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - pydantic's own spelling

    text: Text
    nature: Text
    condition: Condition
    point: str = ""
    variant: str = ""
    at: str = ""
    normally: str = ""
    states: tuple[str, ...] = ()
    limit: float = 0.0
    of: str = ""
    dead_band: Annotated[float, Ge(0.0)] = 0.0
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    priority: Annotated[int, Interval(ge=1, le=4)]
    latching: bool = False
    group: str = ""
    only_while: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_supply: bool = False
    suppressed_by: tuple[str, ...] = ()
    cause: Text
    consequence: Text
    response: Text
    respond_within_s: Annotated[float, Ge(0.0)]


Rules = dict[str, Rule]
RULES: Final[type] = Rules
"""What the files of `config/alarms/` hold together: rules by class; for the loader."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a rule, for the loader to put file and line to.

    Attributes:
        alarm_class: the entry.
        key: the key in it.
        problem: one line.
        valid: what would do.
    """

    alarm_class: str
    key: str
    problem: str
    valid: tuple[str, ...] = ()


def faults(rules: Mapping[str, Rule]) -> tuple[Fault, ...]:
    """Return everything that types and bounds alone cannot find."""
    return tuple(fault for name, rule in rules.items() for fault in _faults(name, rule, rules))


def labels(spec: PointSpec) -> tuple[str, ...]:
    """Return the label of every value a point can show; a status shows none."""
    return _POSITIONS if spec.kind is PointKind.POSITION else spec.states


def _faults(name: str, rule: Rule, rules: Mapping[str, Rule]) -> Iterator[Fault]:
    unknown = set(rule.suppressed_by) - set(rules)
    if unknown:
        yield Fault(name, "suppressed_by", f"no class {', '.join(sorted(unknown))}", tuple(rules))
    if rule.condition in {"told", "happened"}:
        if "." not in rule.point and rule.condition == "told":
            yield Fault(name, "point", "not of the form topic.key")
        if rule.nature not in SCOPES and rule.nature not in NATURES:
            yield Fault(name, "nature", f"no nature {rule.nature}", (*NATURES, *SCOPES))
        return
    if rule.nature in SCOPES:
        if rule.condition != "silent":
            yield Fault(
                name, "condition", f"{rule.nature} has no points", ("silent", "happened", "told")
            )
        return
    nature = NATURES.get(rule.nature)
    if nature is None:
        yield Fault(name, "nature", f"no nature {rule.nature}", (*NATURES, *SCOPES))
        return
    if rule.variant and rule.variant not in nature.variants:
        yield Fault(name, "variant", f"no variant {rule.variant}", nature.variants)
    if rule.at and rule.at not in NATURES:
        yield Fault(name, "at", f"no nature {rule.at}", tuple(NATURES))
    yield from _faults_of_points(name, rule)


def _faults_of_points(name: str, rule: Rule) -> Iterator[Fault]:
    nature = NATURES[rule.nature]
    for point, states in rule.only_while.items():
        gate = nature.points.get(point)
        if gate is None:
            yield Fault(name, "only_while", f"no point {point}", tuple(nature.points))
        elif extra := set(states) - set(labels(gate)):
            yield Fault(name, "only_while", f"no state {', '.join(sorted(extra))}", labels(gate))
    if rule.condition == "silent":
        return
    spec = nature.points.get(rule.point)
    if spec is None:
        yield Fault(name, "point", f"no point {rule.point}", tuple(nature.points))
        return
    if rule.condition in {"is", "is_not"}:
        if spec.kind in _LABELLED and not rule.states:
            yield Fault(name, "states", "none given", labels(spec))
        elif extra := set(rule.states) - set(labels(spec)):
            yield Fault(name, "states", f"no state {', '.join(sorted(extra))}", labels(spec))
    valid = (*nature.ratings, NOMINAL, CONTRACT)
    if rule.of and rule.of not in valid:
        yield Fault(name, "of", f"no rating {rule.of}", valid)
