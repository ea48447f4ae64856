"""What a rule set may say: the kinds of limits, each a form that a file of `config/rules/` fills.

| kind | the limit holds while |
|---|---|
| excursion | `quantity` is not `below` or `above` a level for longer than `longest_s` in one go |
| recovery | after the voltage was below `below`, power is back at `to_pu` within `within_s` |
| swing | peak to peak within any `window_s`, filtered to `band_hz` if given, is at most the limit |
| change | the rise or fall between two instants at most `window_s` apart is at most the limit |
| ramp | the net change over every `window_s`, as `limit` in `per_s` seconds, is at most that |
| band_energy | of what fluctuates, at most `share_pu` of the energy lies in `band_hz` |
| share | of the means over `interval_s`, at least `share_pu` lie from `low` to `high` |
| demand | the mean over each full `window_s` of the clock is at most `limit_w` |

Limits of power are absolute (`limit_w`), scaled (`limit_pu`, of the rated power of the load), or
the lesser of both. `of: nominal` makes levels of frequency factors of the nominal frequency.

`ride_through: true` marks an excursion that the *load* has to outlast. In a trace without power the
verdict says whether the supply stayed within the curve. With power it binds the load only so far:
beyond the curve the load may part, its recovery is not asked for, and the verdict is open.

`exempt_after_s` takes out of a change or ramp what happens while the voltage is below 0.9 pu and so
long after, where the code exempts the recovery from a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le, MinLen

from daemon.core.compliance.samples import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Contract

Text = Annotated[str, MinLen(1)]
Seconds = Annotated[float, Gt(0.0), Le(1e9)]
Share = Annotated[float, Gt(0.0), Le(1.0)]
Band = tuple[Annotated[float, Gt(0.0)], Annotated[float, Gt(0.0)]]
DIP_PU: Final = 0.9
"""Voltage below which recovery from a fault is exempt where a code exempts it [pu]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What every limit has.

    Attributes:
        name: what is limited, for people; unique in its rule set.
        source: who sets it, where it differs from that of the rule set.
        note: what is uncertain about it, or how it was read.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: Text
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion(Limit):
    """See the module.

    Attributes:
        quantity: what is judged.
        below: level that the quantity must not stay below.
        above: level that it must not stay above.
        of: "nominal" makes the level a factor of the nominal frequency.
        longest_s: longest allowed in one go; 0 for never [s].
        ride_through: it is the load that has to outlast this.
    """

    quantity: Quantity
    below: float | None = None
    above: float | None = None
    of: Literal["", "nominal"] = ""
    longest_s: Annotated[float, Ge(0.0), Le(1e6)]
    ride_through: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Limit):
    """See the module.

    Attributes:
        below: a dip is a voltage below this [pu].
        to_pu: part of the power before the dip that has to be drawn again [pu].
        within_s: time for it from the return of the voltage [s].
        before_s: the power before is the mean over so long [s].
    """

    below: Annotated[float, Gt(0.0), Le(1.0)] = DIP_PU
    to_pu: Share
    within_s: Seconds
    before_s: Seconds = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled(Limit):
    """A limit of power, absolute, scaled, or the lesser of both.

    Attributes:
        window_s: length of the rolling window [s].
        limit_w: absolute limit [W].
        limit_pu: limit as part of the rated power of the load [pu].
    """

    window_s: Seconds
    limit_w: Annotated[float, Gt(0.0)] | None = None
    limit_pu: Annotated[float, Gt(0.0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing(Scaled):
    """See the module.

    Attributes:
        band_hz: corners of the filter, one pole each; None for no filter [Hz].
    """

    band_hz: Band | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Scaled):
    """See the module.

    Attributes:
        direction: which changes count.
        exempt_after_s: see the module; None exempts nothing [s].
    """

    direction: Literal["both", "rise", "fall"] = "both"
    exempt_after_s: Annotated[float, Ge(0.0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp(Limit):
    """See the module.

    Attributes:
        quantity: what is judged.
        window_s: the change is taken over so long [s].
        limit: largest change in `per_s`, in the unit of the quantity.
        per_s: 60 for a limit per minute [s].
        exempt_after_s: see the module [s].
    """

    quantity: Quantity
    window_s: Seconds
    limit: Annotated[float, Gt(0.0)]
    per_s: Seconds = 1.0
    exempt_after_s: Annotated[float, Ge(0.0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandEnergy(Limit):
    """See the module.

    Attributes:
        band_hz: lowest and highest frequency of the band [Hz].
        share_pu: most of the energy of all fluctuation that may lie in it [pu].
        segment_s: the spectrum is taken over so long, one after the other [s].
    """

    band_hz: Band
    share_pu: Share
    segment_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class InBand(Limit):
    """`kind: share`, see the module.

    Attributes:
        quantity: what is averaged.
        interval_s: length of a mean [s].
        low: lowest mean allowed.
        high: highest mean allowed.
        of: "nominal" makes them factors of the nominal frequency.
        share_pu: least part of the means that has to be within [pu].
        period_s: the code counts over so long; a shorter trace is judged and this is said [s].
    """

    quantity: Quantity
    interval_s: Seconds
    low: float
    high: float
    of: Literal["", "nominal"] = ""
    share_pu: Share
    period_s: Annotated[float, Ge(0.0)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(Limit):
    """See the module.

    Attributes:
        window_s: length of a demand window; windows begin at its multiples [s].
        limit_w: highest mean [W].
    """

    window_s: Seconds
    limit_w: Annotated[float, Gt(0.0)]


FORMS: Final[Mapping[str, type[Limit]]] = {
    "excursion": Excursion,
    "recovery": Recovery,
    "swing": Swing,
    "change": Change,
    "ramp": Ramp,
    "band_energy": BandEnergy,
    "share": InBand,
    "demand": Demand,
}
"""Forms by `kind`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a file says of itself before its limits.

    Attributes:
        title: for people.
        source: who sets the limits, with edition and date.
        mark: how sure the figures are, as the legend in `config/rules/README.md` has it.
        status: in force, draft, proposal.
        applies: to whom, for people.
        applies_from_w: power from which it binds; 0 for any [W].
        note: what is uncertain, or not judged at all.
        limits: as written; each is a form of `FORMS`.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    title: Text
    source: Text
    mark: Literal["P", "S", "V", "C", "M", "own"]
    status: str = ""
    applies: str = ""
    applies_from_w: Annotated[float, Ge(0.0)] = 0.0
    note: str = ""
    limits: Annotated[list[dict[str, Any]], MinLen(1)]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The limits of one code, standard or contract.

    Attributes:
        name: of its file.
        head: what it says of itself.
        limits: validated.
    """

    name: str
    head: Head
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a limit, for the loader to put file and line to.

    Attributes:
        key: the key in the limit.
        problem: one line.
        valid: what would do.
    """

    key: str
    problem: str
    valid: str = ""


def faults(limit: Limit) -> Iterator[Fault]:
    """Yield everything that types and bounds alone cannot find."""
    if isinstance(limit, Excursion) and (limit.below is None) == (limit.above is None):
        yield Fault("name", "an excursion has a level on one side", "below or above, not both")
    if isinstance(limit, Scaled) and limit.limit_w is None and limit.limit_pu is None:
        yield Fault("name", "there is no limit", "limit_w, limit_pu, or both for the lesser")
    if isinstance(limit, Excursion | InBand) and limit.of and limit.quantity != "frequency_hz":
        yield Fault("of", f"{limit.quantity} has no nominal value", "frequency_hz only")
    if isinstance(limit, InBand) and limit.low >= limit.high:
        yield Fault("low", "low is not below high")
    band = limit.band_hz if isinstance(limit, Swing | BandEnergy) else None
    if band is not None and band[0] >= band[1]:
        yield Fault("band_hz", "the band ends before it begins", "lowest, then highest")


def contract_rules(contract: Contract) -> RuleSet:
    """Return what a site's contract with its grid says, as rules.

    Recovery from a loss of the input is exempt from the ramp, as such contracts say.
    """
    swing_s, lowest_w = contract.swing_window_s, 0.0 - contract.export_limit_w
    head = Head(title="Contract of the site", source="site file, contract", mark="own", limits=[])
    limits = (
        Demand(name="demand", window_s=contract.demand_window_s, limit_w=contract.import_limit_w),
        Excursion(name="least import", quantity="power_w", below=lowest_w, longest_s=0.0),
        Swing(name=f"swing in {swing_s:g} s", window_s=swing_s, limit_w=contract.swing_limit_w),
        Change(
            name="change in 60 s",
            window_s=60.0,
            limit_w=60.0 * contract.ramp_limit_w_s,
            exempt_after_s=2.0,
        ),
    )
    return RuleSet("contract", head, limits)
