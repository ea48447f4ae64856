"""Does a device map fit its nature and the wire?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, PointKind
from daemon.settings.findings import Finding, choices
from daemon.settings.forms import NodeMapForm, RegisterForm, RegisterMapForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.natures import PointSpec
    from daemon.settings.forms import NodeForm

_SERIAL: Final = "serial"
_COMMAND_BLOCK: Final = ("command_epoch", "command_id", "command")
_WRITTEN: Final = {PointKind.SETPOINT, PointKind.COMMAND, PointKind.HEARTBEAT}
_NUMBERS: Final = {
    "u16": (0, 65_535),
    "i16": (-32_768, 32_767),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "UInt16": (0, 65_535),
    "UInt32": (0, 2**32 - 1),
    "Int32": (-(2**31), 2**31 - 1),
}
_TYPES: Final = {
    PointKind.STATUS: ("bit", "Boolean"),
    PointKind.POSITION: ("dpi", "UInt16", "UInt32", "Int32"),
}
_READS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_WRITES: Final = {"coil": (5, 15), "holding": (6, 16)}
"""Functions that write one address and several."""
_INSTEAD: Final = {5: 15, 6: 16}
_WIDTH: Final = {"bit": 1, "dpi": 2, "u16": 16, "i16": 16, "u32": 32, "i32": 32, "f32": 32}


def check_map(form: RegisterMapForm | NodeMapForm, folder: str) -> list[Finding]:
    """Return what is wrong with a map that lies in the folder of a nature."""
    if form.nature not in NATURES:
        return [Finding(("nature",), f"{form.nature} is no nature", choices(NATURES, form.nature))]
    findings = []
    if form.nature != folder:
        text = f"{form.nature} must lie in a folder named {form.nature}, not {folder}"
        findings.append(Finding(("nature",), text, folder if folder in NATURES else ""))
    points = NATURES[form.nature].points
    for name, place in form.points.items():
        if name not in points:
            text = f"{form.nature} has no such point"
            findings.append(Finding(("points", name), text, choices(points, name), at_key=True))
        else:
            findings += _check_point(points[name], place)
    findings += _check_block(form)
    if isinstance(form, RegisterMapForm):
        findings += _check_overlaps(form)
        findings += _check_functions(form)
    else:
        findings += _check_paths(form)
    return findings


def _check_point(spec: PointSpec, place: RegisterForm | NodeForm) -> Iterator[Finding]:
    at = ("points", spec.name)
    yield from _check_access(spec, place)
    allowed = _TYPES.get(spec.kind)
    if allowed and place.type not in allowed:
        text = f"a {spec.kind.value} cannot be a {place.type}"
        yield Finding((*at, "type"), text, ", ".join(allowed))
    if not allowed and place.type in {"bit", "dpi", "Boolean"}:
        yield Finding((*at, "type"), f"a {spec.kind.value} does not fit a {place.type}")
    if place.scale == 0:
        yield Finding((*at, "scale"), "every value would read 0")
    needed = spec.unit if spec.kind in {PointKind.MEASURE, PointKind.SETPOINT} else ""
    if needed and place.unit != needed:
        text = f"unit {place.unit} is not that of the point" if place.unit else "unit is missing"
        yield Finding((*at, "unit"), text, needed)
    if isinstance(place, RegisterForm):
        yield from _check_table(spec, place)
    yield from _check_limits(spec, place)


def _check_access(spec: PointSpec, place: RegisterForm | NodeForm) -> Iterator[Finding]:
    at = ("points", spec.name, "access")
    if spec.kind in _WRITTEN and "w" not in place.access:
        yield Finding(at, f"a {spec.kind.value} must be writable", "w, rw")
    if spec.kind not in _WRITTEN and spec.name not in _COMMAND_BLOCK and place.access != "r":
        yield Finding(at, f"a {spec.kind.value} is only read", "r")
    table = getattr(place, "table", "")
    if "w" in place.access and table in {"input", "discrete"}:
        yield Finding(at, f"nothing can be written to the {table} table", "r")


def _check_table(spec: PointSpec, place: RegisterForm) -> Iterator[Finding]:
    at = ("points", spec.name)
    if place.table in {"discrete", "coil"} and place.type != "bit":
        yield Finding((*at, "type"), f"the {place.table} table holds single bits", "bit")
    if place.bit and (place.type not in {"bit", "dpi"} or place.table in {"discrete", "coil"}):
        yield Finding((*at, "bit"), "only a bit or dpi inside a register has a place in a word")
    if place.type == "dpi" and place.bit > 14:
        yield Finding((*at, "bit"), "a dpi takes two bits of one word", "0 to 14")
    if "w" in place.access and place.type in {"bit", "dpi"} and place.table == "holding":
        yield Finding((*at, "type"), "writing one bit would write the whole register")
    if place.address + _WIDTH[place.type] // 32 > 65_535:
        yield Finding((*at, "address"), "ends behind the last address", "0 to 65534")


def _check_limits(spec: PointSpec, place: RegisterForm | NodeForm) -> Iterator[Finding]:
    at = ("points", spec.name, "limits")
    if place.limits is None:
        if spec.kind is PointKind.SETPOINT:
            yield Finding(at, "limits are missing: what is written must be bounded")
        return
    low, high = place.limits
    if low >= high:
        yield Finding(at, f"limits are inverted: {low:g} is not below {high:g}")
    elif place.type in _NUMBERS and place.scale:
        ends = [raw * place.scale + getattr(place, "offset", 0.0) for raw in _NUMBERS[place.type]]
        if low < min(ends) or high > max(ends):
            text = f"a {place.type} at scale {place.scale:g} cannot carry {low:g} to {high:g}"
            yield Finding(at, text, f"{min(ends):g} to {max(ends):g}")


def _check_block(form: RegisterMapForm | NodeMapForm) -> Iterator[Finding]:
    """Hold a command block to being whole and, with Modbus, writable at once."""
    if "command" not in form.points:
        return
    missing = [name for name in _COMMAND_BLOCK if name not in form.points]
    for name in missing:
        yield Finding(("points", "command"), f"a command needs {name}", at_key=True)
    if missing or isinstance(form, NodeMapForm):
        return
    places = [form.points[name] for name in _COMMAND_BLOCK]
    first = places[0].address
    for i, (name, place) in enumerate(zip(_COMMAND_BLOCK, places, strict=True)):
        if place.table != "holding" or place.type != "u16" or place.address != first + i:
            text = "the command block must be one write: three u16 in a row"
            yield Finding(("points", name), text, f"holding register {first + i}", at_key=True)


def _check_overlaps(form: RegisterMapForm) -> Iterator[Finding]:
    """Two points may share a word only as different bits of it."""
    spans: dict[str, list[tuple[int, int, int, str]]] = {}
    places = dict(form.points)
    if form.serial is not None:
        places[_SERIAL] = RegisterForm(
            table=form.serial.table, address=form.serial.address, type="u32"
        )
    for i, (name, place) in enumerate(places.items()):
        word = 1 if place.table in {"discrete", "coil"} else 16
        start = place.address * word + (place.bit if place.type in {"bit", "dpi"} else 0)
        spans.setdefault(place.table, []).append((start, i, start + _WIDTH[place.type], name))
    for table, found in spans.items():
        reach, owner = 0, ""
        for start, _, end, name in sorted(found):
            if owner and start < reach:
                text = f"overlaps {owner} in the {table} table"
                at = ("serial",) if name == _SERIAL else ("points", name)
                yield Finding((*at, "address"), text)
            if end > reach:
                reach, owner = end, name


def _check_functions(form: RegisterMapForm) -> Iterator[Finding]:
    """Hold the functions that are obeyed to reading and writing every point of the map."""
    obeyed = set(form.functions)
    missing: dict[int, str] = {}
    for name, place in form.points.items():
        needed = [_READS[place.table]] if "r" in place.access else []
        if "w" in place.access and place.table in _WRITES:
            several = name in _COMMAND_BLOCK or _WIDTH[place.type] > 16
            needed.append(_WRITES[place.table][several])
        for function in needed:
            if obeyed and function not in obeyed and _INSTEAD.get(function) not in obeyed:
                missing.setdefault(function, name)
    for function, name in missing.items():
        text = f"{name} cannot be reached without function {function}"
        yield Finding(("functions",), text, f"{function}")


def _check_paths(form: NodeMapForm) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, place in form.points.items():
        at = ("points", name, "path")
        if "{id}" not in place.path:
            yield Finding(at, "two devices of one server would share this node", "{id}.<name>")
        if place.path in seen:
            yield Finding(at, f"is also the path of {seen[place.path]}")
        seen[place.path] = name
