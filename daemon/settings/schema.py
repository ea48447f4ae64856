"""JSON Schema of the files people write, for editors that complete and underline."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from daemon.core.step import CONTROL
from daemon.model.natures import NATURES
from daemon.settings.forms import EmulationForm, MapForm, SiteForm

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str = "site") -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    Args:
        kind: "site" for a site file, "device" for a device map.
    """
    return _site() if kind == "site" else _device()
