"""Values against forms: pydantic's errors in the words of the plant.

Values are handed over as JSON in strict mode: text is never taken for a number, nor true for 1.
"""

from __future__ import annotations

import dataclasses
import json
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from daemon.settings.findings import Finding, Location, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails


_BOUNDS: Final = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
"""Where pydantic says which bound was passed, and how people say it."""
_MAPPING: Final = "a mapping (`key: value`)"
_WANTED: Final = {
    "float_type": "a number, without quotes or a unit",
    "int_type": "a whole number, without quotes or a unit",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "a text that is not empty",
    "list_type": "a list (`[a, b]`)",
    "tuple_type": "a list (`[a, b]`)",
    "frozen_set_type": "a list (`[a, b]`)",
    "set_type": "a list (`[a, b]`)",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "dataclass_exact_type": _MAPPING,
}
"""What a value of another type should be, by the error of pydantic."""


def fill(form: Any, data: Any, at: Location = ()) -> tuple[Any, list[Finding]]:  # noqa: ANN401
    """Return `data` as `form` (None if it does not fit) and what does not fit.

    Args:
        form: a form, or any type pydantic can validate.
        data: plain values as read.
        at: where `data` stands in its file.
    """
    try:
        return _adapter(form).validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, [_finding(form, detail, at) for detail in error.errors(include_url=False)]


@lru_cache(maxsize=128)
def _adapter(form: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(form)


def _finding(form: Any, detail: ErrorDetails, at: Location) -> Finding:  # noqa: ANN401
    """Translate one error of pydantic."""
    here: Location = (*at, *(part for part in detail["loc"] if part != "[key]"))
    given, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            valid = choices(_fields(form, detail["loc"][:-1]), str(here[-1]))
            return Finding(here, "unknown key", valid, at_key=True)
        case "missing" | "missing_argument":
            return Finding(here, f"{here[-1]} is missing")
        case "literal_error" | "enum":
            valid = context["expected"].replace(" or ", ", ").replace("'", "")
            return Finding(here, f"{_said(given)} is not known", valid)
        case "union_tag_not_found":
            return Finding(here, f"{context['discriminator'].strip(chr(39))} is missing")
        case "union_tag_invalid":
            tag = (*here, context["discriminator"].strip("'"))
            valid = context["expected_tags"].replace("'", "")
            return Finding(tag, f"{context['tag']} is not known", valid)
        case "predicate_failed":
            # Named for what it asks: "Predicate is_time_zone failed".
            _, asked, _ = detail["msg"].replace("'", "").split()
            return Finding(here, f"{_said(given)} is no {asked[3:].replace('_', ' ')}")
        case "string_pattern_mismatch":
            text = f"{_said(given)} is no id: letters, digits, - and _ only"
            return Finding(here, text, at_key="[key]" in detail["loc"])
        case _:
            return Finding(here, f"{_said(given)} {_expected(detail)}")


def _expected(detail: ErrorDetails) -> str:
    """Return what a value should be instead, as the end of a sentence about it."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case kind if kind in _WANTED:
            return f"should be {_WANTED[kind]}"
        case "too_short" | "too_long":
            few = detail["type"] == "too_short"
            wanted = context["min_length" if few else "max_length"]
            word = "entry" if wanted == 1 else "entries"
            bound = "at least" if few else "at most"
            return f"with {_count(context['actual_length'])} should have {bound} {wanted} {word}"
        case kind if (found := _BOUNDS.get(kind)) is not None:
            name, word = found
            return f"should be {word} {context[name]:g}"
        case _:
            said = detail["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            return f"should be {said[:1].lower()}{said[1:]}"


def _count(entries: int | None) -> str:
    if entries is None:
        return "more entries than that"
    return f"{entries or 'no'} {'entry' if entries == 1 else 'entries'}"


def _said(value: Any) -> str:  # noqa: ANN401 - whatever the file holds
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _fields(form: Any, loc: Iterable[str | int]) -> tuple[str, ...]:  # noqa: ANN401
    """Return the keys that are allowed at a location below `form`."""
    for part in loc:
        form = _below(form, part)
    return tuple(_hints(form))


def _hints(form: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the fields of a form with their types."""
    form = _bare(form)
    if isinstance(form, type) and issubclass(form, BaseModel):
        return {f.alias or name: f.annotation for name, f in form.model_fields.items()}
    if not dataclasses.is_dataclass(form):
        return {}
    hints = get_type_hints(
        form, include_extras=True
    )  # also of what is no field: __pydantic_config__
    return {field.name: hints[field.name] for field in dataclasses.fields(form)}


def _bare(form: Any) -> Any:  # noqa: ANN401
    """Return a type without its annotations and without "or None"."""
    if get_origin(form) is Annotated:
        return _bare(get_args(form)[0])
    if get_origin(form) in {Union, types.UnionType}:
        rest = [arg for arg in get_args(form) if arg is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else form
    return form


def _below(form: Any, part: str | int) -> Any:  # noqa: ANN401
    """Return the type of what stands at `part` of a form."""
    form = _bare(form)
    if get_origin(form) in {Union, types.UnionType}:  # `part` is the tag of a member
        return next((arg for arg in get_args(form) if part in _tags(arg)), form)
    if hints := _hints(form):
        return hints.get(str(part))
    return next((arg for arg in reversed(get_args(form)) if arg is not ...), None)


def _tags(form: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the values of `kind` or `protocol` that choose a form."""
    hints = _hints(form)
    return get_args(hints.get("kind") or hints.get("protocol"))
