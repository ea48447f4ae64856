"""A power block: the reference AI hall in another size, under names of its own.

What grows with the power is scaled (powers, energies, currents, pick-ups), what belongs to a kind
of device stays (times, efficiencies, impedances in per unit, breaking capacity). The rows of racks
are not scaled but counted: as many as the block can feed, each with racks of the power asked for.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Section = dict[str, Any]

RACKS_PER_ROW: Final = 8
_GROWS: Final = re.compile(
    r"^(?!short_circuit_va$|breaking_a$).*_(w|w_s|va|var|wh|a|l)$|^supercap_j$"
)
"""Ratings that grow with the power of what they belong to."""
_ROW: Final = re.compile(r"^(ROW-|RACK-|72-[AB]|D[AB]|GW-ROW)(\d+)(-\d+)?$")
_BOARDS: Final = {"72-A": "72-TIE", "72-B": "72-EB"}
"""A breaker of each 800 V board: row breakers are behind the same gateway."""
_MIRRORED_UNITS: Final = 31


@dataclass(frozen=True, slots=True)
class Size:
    """How large a block is.

    Attributes:
        share_pu: power of everything but the racks, by that of the reference hall.
        rows: rows of racks.
        rack_w: rated power of a rack [W].
    """

    share_pu: float
    rows: int
    rack_w: float


def rows_max(hall: Section) -> int:
    """Return how many row breakers the gateways of the 800 V boards of a hall have units for."""
    return min(
        _MIRRORED_UNITS - len(_others_behind(hall, hall["equipment"][board]["device"]["gateway"]))
        for board in _BOARDS.values()
    )


def sized(hall: Section, size: Size) -> Section:
    """Return a hall of another size.

    Args:
        hall: the sections of the site file of the reference hall.
        size: how large.
    """
    block = copy.deepcopy(hall)
    rack_pu = size.rack_w / hall["equipment"]["RACK-1-1"]["ratings"]["power_w"]
    for section in ("buses", "gateways", "equipment"):
        block[section] = dict(_with_rows(hall[section], size.rows))
    for id_, item in block["equipment"].items():
        part = rack_pu if _ROW.match(id_) else size.share_pu
        item["ratings"] = scaled(item.get("ratings", {}), part)
        if fallback := (item.get("device") or {}).get("fallback"):
            item["device"] = item["device"] | {"fallback": scaled(fallback, part)}
    _number_row_breakers(block)
    balance = block.get("balance", {})
    balance["unlisted_w"] = _times(balance.get("unlisted_w", {}), size.share_pu)
    return block


def scaled(ratings: Mapping[str, float], part: float) -> dict[str, float]:
    """Return ratings of something `part` times as powerful, as numbers a plate would bear."""
    return {k: _round(v * part) if _GROWS.match(k) else v for k, v in ratings.items()}


def renamed(block: Section, prefix: str, shared: frozenset[str]) -> Section:
    """Return a block whose buses, gateways, equipment and schemes begin with `prefix`.

    Args:
        block: the sections of a site file.
        prefix: what names begin with.
        shared: names that stay, since all blocks mean the same by them.
    """
    own: set[str] = set()
    for section in ("buses", "gateways", "equipment", "schemes"):
        own |= set(block[section])
    own -= shared

    def name(value: Any) -> Any:  # noqa: ANN401 - values of a file
        if isinstance(value, str):
            return prefix + value if value in own else value
        if isinstance(value, dict):
            return {name(k): name(v) for k, v in value.items()}
        if isinstance(value, list):
            return [name(v) for v in value]
        return value

    kept = ("buses", "gateways", "equipment", "schemes", "balance", "emulation")
    found: Section = {section: name(block.get(section, {})) for section in kept}
    for bus in found["buses"].values():
        bus["area"] = f"{prefix}{bus['area']}"
    for gateway in found["gateways"].values():
        gateway["block"] = prefix.rstrip("-")
    return found


def _with_rows(section: Section, rows: int) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a section with as many rows as wanted, in place of the first one."""
    row = [id_ for id_ in section if (found := _ROW.match(id_)) and found[2] == "1"]
    drawn = len({found[2] for id_ in section if (found := _ROW.match(id_))})
    for id_, entry in section.items():
        if not _ROW.match(id_):
            yield id_, copy.deepcopy(entry)
        elif id_ == row[0]:
            for number in range(1, rows + 1):
                # Ranks follow those of the reference hall: its first rows are kept longest.
                like = str(1 + (number - 1) * drawn // rows)
                yield from _row(section, row, number, like)


def _row(section: Section, row: list[str], number: int, like: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of one row, made like another one of the reference hall."""

    def rename(value: Any) -> Any:  # noqa: ANN401 - values of a file
        if isinstance(value, str) and (found := _ROW.match(value)) and found[2] == like:
            return f"{found[1]}{number}{found[3] or ''}"
        if isinstance(value, dict):
            return {k: rename(v) for k, v in value.items()}
        return [rename(v) for v in value] if isinstance(value, list) else value

    for id_ in row:
        found = _ROW.match(id_)
        assert found is not None
        twin = f"{found[1]}{like}{found[3] or ''}"
        yield f"{found[1]}{number}{found[3] or ''}", rename(copy.deepcopy(section[twin]))


def _others_behind(hall: Section, gateway: str) -> list[str]:
    return [
        id_
        for id_, item in hall["equipment"].items()
        if (item.get("device") or {}).get("gateway") == gateway and not _ROW.match(id_)
    ]


def _number_row_breakers(block: Section) -> None:
    """Give the row breakers of each board the units that nobody else behind its gateway has."""
    for kind, other in _BOARDS.items():
        gateway = block["equipment"][other]["device"]["gateway"]
        others = _others_behind(block, gateway)
        taken = {block["equipment"][id_]["device"]["unit"] for id_ in others}
        free = (unit for unit in range(2, 250) if unit not in taken)
        for id_, item in block["equipment"].items():
            if _ROW.match(id_) and id_.startswith(kind):
                item["device"]["unit"] = next(free)


def _times(values: Mapping[str, float], part: float) -> dict[str, float]:
    return {key: _round(value * part) for key, value in values.items()}


def _round(value: float) -> float:
    """Return a number without the noise of binary fractions; sums of parts stay their whole."""
    return float(f"{value:.9g}")
