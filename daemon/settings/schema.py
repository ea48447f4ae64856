"""JSON Schema of what people and programs write, for editors that complete and underline."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from daemon.core.step import CONTROL
from daemon.model.natures import NATURES, Nature
from daemon.settings import job_notice
from daemon.settings.checks.equipment import positions
from daemon.settings.forms import MapForm, SiteForm

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str = "site") -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    Args:
        kind: "site" for a site file, "device" for a device map, "job-notice" for what a scheduler
            says over MQTT.
    """
    if kind == "job-notice":
        return {"$schema": _DIALECT, "title": "Ridethrough notice of a job", **job_notice.form()}
    made = _site() if kind == "site" else _device()
    return {"$schema": _DIALECT, "title": f"Ridethrough {kind} file", **made}


def _site() -> dict[str, Any]:
    """Return the form of a site with what each nature and each controller adds to it."""
    _, made = models_json_schema([(SiteForm, "validation")])
    definitions = made["$defs"]
    site = definitions.pop("SiteForm")
    site["patternProperties"] = {"^x-": {"description": "Anchors; means nothing by itself."}}
    equipment = definitions["EquipmentForm"]
    equipment["properties"]["nature"]["enum"] = list(NATURES)
    equipment["allOf"] = [_of_nature(nature) for nature in NATURES.values()]
    blocks = {name: TypeAdapter(params).json_schema() for name, params in CONTROL.items()}
    for block in blocks.values():
        definitions |= block.pop("$defs", {})
    site["properties"]["control"] |= {"properties": blocks, "additionalProperties": False}
    return {**site, "$defs": definitions}


def _of_nature(nature: Nature) -> dict[str, Any]:
    """Return what a site file may and must say of equipment of one nature."""
    ratings = {
        "properties": {
            n: {"type": "number", "description": r.help} for n, r in nature.ratings.items()
        },
        "required": [name for name, rating in nature.ratings.items() if rating.required],
        "additionalProperties": False,
    }
    own = {
        "description": nature.help,
        "properties": {
            "variant": {"enum": list(nature.variants)},
            "normally": {"enum": list(positions(nature))},
            "ratings": ratings,
        },
        "required": ["ratings"] if ratings["required"] else [],
    }
    return {"if": {"properties": {"nature": {"const": nature.name}}}, "then": own}


def _device() -> dict[str, Any]:
    """Return the form of a device map with the points of every nature."""
    made = TypeAdapter(MapForm).json_schema()
    made["properties"] = {"nature": {"enum": list(NATURES)}}
    made["allOf"] = [
        {
            "if": {"properties": {"nature": {"const": nature.name}}},
            "then": {"properties": {"points": {"propertyNames": {"enum": list(nature.points)}}}},
        }
        for nature in NATURES.values()
    ]
    return made
