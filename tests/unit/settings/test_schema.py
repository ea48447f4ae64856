"""The schemas that editors read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from daemon.core.step import CONTROL
from daemon.model.natures import NATURES
from daemon.settings import schema


@pytest.mark.parametrize("kind", ["site", "device"])
def test_every_reference_leads_somewhere(kind: str) -> None:
    made = schema(kind)
    text = json.dumps(made)
    used = set(re.findall(r'"#/\$defs/([^"]+)"', text))
    assert used <= set(made["$defs"])
    assert made["$schema"].startswith("https://json-schema.org/")


def of_nature(made: dict[str, Any], nature: str) -> dict[str, Any]:
    rules = made["allOf"]
    return next(r["then"] for r in rules if r["if"]["properties"]["nature"]["const"] == nature)


def test_a_site_file_offers_natures_ratings_and_controllers() -> None:
    made = schema("site")
    equipment = made["$defs"]["EquipmentForm"]
    assert equipment["properties"]["nature"]["enum"] == list(NATURES)
    rule = of_nature(equipment, "generator")
    assert rule["properties"]["ratings"]["required"] == ["power_w", "power_va", "fuel_l"]
    assert of_nature(equipment, "ups")["properties"]["variant"]["enum"] == ["battery", "flywheel"]
    assert set(made["properties"]["control"]["properties"]) == set(CONTROL)
    assert made["additionalProperties"] is False
    assert "^x-" in made["patternProperties"]


def test_a_device_map_offers_the_points_of_its_nature() -> None:
    rule = of_nature(schema("device"), "relay")
    assert "pickup_27" in rule["properties"]["points"]["propertyNames"]["enum"]
