"""The settings that the README of the sites promises, against the controllers themselves.

`python -m tests.contract.test_control_words` writes its table anew.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Interval, Le, Lt

from daemon.core.step import CONTROL
from daemon.settings import config_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

README = config_dir() / "sites" / "README.md"
BOUNDS = ((Gt, "above"), (Ge, "from"), (Lt, "below"), (Le, "to"))


def said(params: type) -> dict[str, str]:
    """Return what the docstring of a block says of each setting, "" of the block itself."""
    text = inspect.cleandoc(params.__doc__ or "")
    head, _, rest = text.partition("\nAttributes:\n")
    own = re.split(r"\n\n(?! )", rest)[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", own, re.MULTILINE)
    return {
        "": " ".join(head.split("\n\n")[0].split()),
        **{name: " ".join(told.split()) for name, told in found},
    }


def rows(params: type, under: str = "") -> Iterator[str]:
    """Yield a row of the table for each setting of a block."""
    told, hints = said(params), get_type_hints(params, include_extras=True)
    for field in fields(params):
        if is_dataclass(hints[field.name]):
            yield from rows(hints[field.name], f"{under}{field.name}.")
            continue
        default = field.default
        if default is MISSING:
            assert field.default_factory is not MISSING, f"{field.name} has no default"
            default = field.default_factory()
        is_ = told[field.name].split(" Source:")[0].rstrip(".").replace("|", "\\|")
        valid = taken(hints[field.name])
        yield f"| `{under}{field.name}` | {shown(default)} | {valid} | {is_} |"


def shown(default: object) -> str:
    """Return a default as a site file writes it."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (int, float)):
        return f"{default:g}" if abs(default) < 1e5 else f"{default:.0e}".replace("e+0", "e")
    if isinstance(default, str):
        return default
    return "[]" if isinstance(default, tuple) else "{}"


def taken(hint: Any) -> str:
    """Return in words what a setting takes."""
    if get_origin(hint) is not Annotated:
        if get_origin(hint) is Literal:
            return ", ".join(f"`{word}`" for word in get_args(hint))
        words = [word for part in get_args(hint) for word in words_of(part)]
        return ", ".join(f"`{word}`" for word in words) or {bool: "true, false"}.get(hint, "")
    bounds = [bound for meta in get_args(hint)[1:] for bound in narrowed(meta)]
    return ", ".join(bounds) or {str: "text"}.get(get_args(hint)[0], "")


def words_of(part: Any) -> tuple[str, ...]:
    return get_args(part) if get_origin(part) is Literal else ()


def narrowed(meta: object) -> Iterator[str]:
    """Yield each bound that one annotation sets."""
    for bound in meta if isinstance(meta, Interval) else (meta,):
        for kind, word in BOUNDS:
            if isinstance(bound, kind):
                yield f"{word} {shown(getattr(bound, kind.__name__.lower()))}"


def table() -> str:
    """Return the settings of every block as the README has them."""
    lines = ["| Setting | Default | Valid | What it is |", "|---|---|---|---|"]
    for name, params in CONTROL.items():
        lines.append(f"| **`{name}`** | | | {said(params)['']} |")
        lines += rows(params)
    return "\n".join(lines)


def filled(text: str) -> str:
    """Return the README with its table as it should be."""
    pattern = r"(<!-- control -->\n).*?(<!-- end of control -->)"
    assert re.search(pattern, text, re.DOTALL), "the README has lost its table"
    return re.sub(pattern, lambda m: f"{m[1]}{table()}\n{m[2]}", text, flags=re.DOTALL)


def test_every_setting_is_said_with_default_and_bounds() -> None:
    text = README.read_text()
    assert text == filled(text), "python -m tests.contract.test_control_words writes it anew"


def test_every_number_has_bounds() -> None:
    for line in table().splitlines()[2:]:
        name, default, valid = (cell.strip() for cell in line.split("|")[1:4])
        if default[:1].isdigit():
            assert valid, name


def test_no_setting_is_taken_that_is_not_known() -> None:
    asked: list[Any] = [*CONTROL.values()]
    for params in asked:
        assert params.__pydantic_config__["extra"] == "forbid", params
        asked += [hint for hint in get_type_hints(params).values() if is_dataclass(hint)]


def test_bounds_are_read_from_the_annotations() -> None:
    assert taken(Annotated[float, Gt(0), Le(120)]) == "above 0, to 120"
    assert taken(Annotated[float, Interval(ge=0.0, le=1.0)]) == "from 0, to 1"
    assert taken(tuple[Literal["a", "b"], ...]) == "`a`, `b`"


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
