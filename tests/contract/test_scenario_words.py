"""The shipped scenarios, and the words their README promises, against the plant itself.

`python -m tests.contract.test_scenario_words` writes the tables of the README anew.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from daemon.model.natures import NATURES
from daemon.settings import config_dir, load
from device_emulators import scenario
from device_emulators.devices.kinds import KINDS
from device_emulators.faults.instruments import Instruments
from device_emulators.faults.words import (
    OF_CIRCUITS,
    OF_DAEMON,
    OF_FRAMES,
    OF_INSTRUMENTS,
    OF_MODBUS,
    OF_OPCUA,
    OF_OPERATOR,
    OF_SCHEDULER,
    OF_WAYS,
    points_of,
)
from device_emulators.plant.elements import HAPPENINGS
from device_emulators.plant.plant import Plant
from device_emulators.selection import nature_of, words_of
from device_emulators.vocabulary import vocabulary
from tests.tidy.rules import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.plant import Site

# Of no interest to a scenario; they can be asked all the same.
PLUMBING = {
    "life_count", "command_epoch", "command_id", "command", "heartbeat",
    "fallback_after_s", "fallback",
}  # fmt: skip
README = config_dir() / "scenarios" / "README.md"
SHIPPED = sorted((config_dir() / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def hall() -> Site:
    """Return the AI hall."""
    return load("ai_hall").site


def test_the_four_are_there() -> None:
    names = {path.stem for path in SHIPPED}
    assert names >= {"normal", "momentary_outage", "extended_outage", "generator_failure"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenario_is_accepted(path: object) -> None:
    assert isinstance(path, type(README))
    site = load(scenario.site_of(path)).site
    assert scenario.problems(path, site, vocabulary()) == ()
    assert scenario.load(path, site, vocabulary()).scenario == path.stem


def test_every_quantity_can_be_asked(hall: Site) -> None:
    plant, words = Plant(hall), vocabulary()
    for id_ in (*hall.equipment, *hall.buses):
        for name in words.quantities[nature_of(hall, id_)]:
            assert plant.quantity(id_, name) is not None, f"{id_}.{name}"


def test_every_event_can_be_done(hall: Site) -> None:
    plant, words = Instruments(Plant(hall)), vocabulary()
    for id_, item in hall.equipment.items():
        for event, values in words.events[item.nature].items():
            point = next(iter(points_of(item.nature)), "")
            others = [other.id for other in hall.of_nature(item.nature) if other.id != id_]
            special = {"point": point, "kind": "earth", "with": (others or [id_])[0]}
            plant.inject(id_, event, {name: special.get(name, 0.0) for name in values})


def _said() -> Iterator[str]:
    """Yield the name of every event that plant and devices report by themselves."""
    for path, tree in modules(ROOT):
        if not path.startswith(("device_emulators/plant/", "device_emulators/devices/")):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "say":
                name = node.args[1]
                if isinstance(name, ast.Constant):
                    yield str(name.value)


def test_every_event_the_plant_reports_is_listed() -> None:
    assert set(_said()) == HAPPENINGS


def tables() -> dict[str, str]:
    """Return the generated parts of the README by name."""
    words = vocabulary()
    events = ["| Kind | Events and their values | Settings for `initial` |", "|---|---|---|"]
    asked = ["| Kind | Quantities |", "|---|---|"]
    for nature in KINDS:
        own = words.events[nature].items()
        not_own = {"clear", *OF_INSTRUMENTS, *OF_CIRCUITS}
        done = _done({e: v for e, v in own if e not in not_own})
        settings = ", ".join(f"`{name}`" for name in words.settings[nature])
        events.append(f"| {nature} | {done} | {settings} |")
        asked.append(f"| {nature} | {', '.join(_quantities(nature))} |")
    asked.append(f"| a bus, by its id | {', '.join(f'`{q}`' for q in words.quantities['bus'])} |")
    reported = ", ".join(f"`{name}`" for name in sorted(HAPPENINGS))
    beside = {
        "gateways, by their ids": {**OF_WAYS, **OF_FRAMES},
        "gateways that speak Modbus TCP": OF_MODBUS,
        "gateways that speak OPC UA": OF_OPCUA,
        "a bus, by its id; a breaker or cable, for what is behind it": OF_CIRCUITS,
        "instruments of any device": OF_INSTRUMENTS,
        "`daemon`": OF_DAEMON,
        "`operator`": OF_OPERATOR,
        "`scheduler`": OF_SCHEDULER,
    }
    return {
        "beside": "\n".join(
            ["| Target | Events and their values |", "|---|---|"]
            + [f"| {target} | {_done(found)} |" for target, found in beside.items()]
        ),
        "events": "\n".join(events),
        "quantities": "\n".join(asked),
        "happenings": f"{reported}. What a scenario does is reported as `injected`.",
    }


def _done(events: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(
        f"`{event}`" + (f" ({', '.join(values)})" if values else "")
        for event, values in events.items()
    )


def _quantities(nature: str) -> Iterator[str]:
    for name in vocabulary().quantities[nature]:
        if name in PLUMBING:
            continue
        states = words_of(nature, name)
        bare = not states or states == ("false", "true")
        yield f"`{name}`" if bare else f"`{name}` ({', '.join(states)})"


def _filled(text: str) -> str:
    for name, table in tables().items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def test_readme_lists_them_all() -> None:
    text = README.read_text()
    assert text == _filled(text), "python -m tests.contract.test_scenario_words writes it anew"


def test_readme_example_is_accepted(tmp_path: object, hall: Site) -> None:
    assert isinstance(tmp_path, type(README))
    (example,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    path = tmp_path / "example.yaml"
    path.write_text(example)
    assert scenario.problems(path, hall, vocabulary()) == ()


def test_kinds_and_natures_are_the_same() -> None:
    assert set(KINDS) == set(NATURES)


if __name__ == "__main__":
    README.write_text(_filled(README.read_text()))
