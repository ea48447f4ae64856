"""A site as a file: one line for each piece, in the order and the manner of the shipped sites."""

from __future__ import annotations

import re
from typing import Any, Final

from daemon.rehearsal.planning.blocks import Section

_PLAIN: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_ /.:-]*$")
_WORDS: Final = frozenset({"true", "false", "null", "inf", "nan"})
_OPEN: Final = frozenset({"buses", "gateways", "equipment", "schemes", "emulation"})


def written(site: Section, made_by: str) -> str:
    """Return the text of a site file.

    Args:
        site: its sections.
        made_by: the command that makes it again.
    """
    lines = [
        f"# {site['site']['name']}: the reference hall, scaled and repeated as power blocks.",
        f"# Made by: {made_by}",
        "# The format is explained in config/sites/README.md.",
    ]
    for name, section in site.items():
        lines.append("")
        if name in _OPEN or name == "balance":
            lines.append(f"{name}:")
            lines += [line for key, value in section.items() for line in _entry(key, value)]
        else:
            lines.append(f"{name}: {_flow(value=section)}")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any) -> list[str]:  # noqa: ANN401 - values of a file
    if key == "n_minus_1":
        return [f"  {key}:", *(f"    - {_flow(case)}" for case in value)]
    return [f"  {key}: {_flow(value)}"]


def _flow(value: Any) -> str:  # noqa: ANN401 - values of a file
    match value:
        case dict():
            return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.10g}"
        case str() if not _PLAIN.match(value) or value.lower() in _WORDS or ": " in value:
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)
