"""Device maps: from a file of `config/devices/<nature>/` to a `Profile`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from daemon.model.points import Node, Profile, Register
from daemon.settings.checks.points import check_map
from daemon.settings.document import read
from daemon.settings.findings import Finding, Problem
from daemon.settings.forms import MapForm, NodeForm, NodeMapForm, RegisterForm, RegisterMapForm
from daemon.settings.validate import fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DeviceMap:
    """A device map as loaded.

    Attributes:
        profile: the map, or None when it has problems.
        problems: what is wrong with it.
    """

    profile: Profile | None
    problems: tuple[Problem, ...]


def load_map(path: Path) -> DeviceMap:
    """Return the device map in a file, `<nature>/<make_model>.yaml`."""
    return _load_map(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=256)
def _load_map(path: Path, changed_at_ns: int) -> DeviceMap:
    """Load a map once per state of its file: many sites share few maps."""
    document = read(path)
    if document.problems:
        return DeviceMap(None, tuple(document.problems))
    if not isinstance(document.data, dict):
        text = "a device map is a mapping (`nature`, `protocol`, `points`, ...)"
        return DeviceMap(None, (document.problem(Finding((), text)),))
    form, findings = fill(MapForm, document.data)
    if form is not None:
        findings = check_map(form, path.parent.name)
    if findings:
        return DeviceMap(None, tuple(document.problem(f) for f in findings))
    return DeviceMap(_profile(f"{path.parent.name}/{path.stem}", form), ())


def find_map(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the file of a profile in the first folder that has it."""
    return next((p for f in folders if (p := f / f"{name}.yaml").is_file()), None)


def known_maps(folders: Sequence[Path]) -> list[str]:
    """Return the names of all profiles that a site may use."""
    return sorted({f"{p.parent.name}/{p.stem}" for f in folders for p in f.glob("*/*.yaml")})


def _profile(name: str, form: RegisterMapForm | NodeMapForm) -> Profile:
    if isinstance(form, NodeMapForm):
        nodes = {key: _node(place) for key, place in form.points.items()}
        return Profile(
            name, form.nature, form.protocol, form.namespace, nodes, form.make, form.model
        )
    registers = {key: _register(place, form.word_order) for key, place in form.points.items()}
    serial = None
    if form.serial is not None:
        place = RegisterForm(table=form.serial.table, address=form.serial.address, type="u32")
        serial = _register(place, form.word_order)
    return Profile(
        name,
        form.nature,
        form.protocol,
        "",
        registers,
        form.make,
        form.model,
        frozenset(form.functions),
        form.gaps == "zero",
        serial,
    )


def _register(form: RegisterForm, word_order: str) -> Register:
    low, high = form.limits or (None, None)
    return Register(
        table=form.table,
        address=form.address,
        type=form.type,
        bit=form.bit,
        word_order=word_order,
        scale=form.scale,
        offset=form.offset,
        access=form.access,
        low=low,
        high=high,
        scan=form.scan,
    )


def _node(form: NodeForm) -> Node:
    low, high = form.limits or (None, None)
    return Node(form.path, form.type, form.scale, form.access, low, high)
