"""Does each piece of equipment say what its nature needs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, Nature, Role
from daemon.settings.findings import Finding, choices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.settings.forms import EquipmentForm, PlantForm

_SIGNED: Final = frozenset({"reactance_ohm"})
NORMALLY: Final = {
    Role.SWITCH: ("closed", "open"),
    Role.TRANSFER: ("source_1", "source_2", "open"),
    Role.EARTHING: ("open", "closed"),
}
"""Normal positions by role, the one that holds when none is given first."""
_SERVICE: Final = ("in_service", "out_of_service")


def positions(nature: Nature) -> tuple[str, ...]:
    """Return the normal positions that equipment of a nature may have, the default first."""
    return NORMALLY.get(nature.role, _SERVICE)


def check_equipment(plant: PlantForm) -> Iterator[Finding]:
    """Yield what is wrong with single pieces of equipment."""
    for id_, form in plant.equipment.items():
        at = ("equipment", id_)
        if form.nature not in NATURES:
            valid = choices(NATURES, form.nature)
            yield Finding((*at, "nature"), f"{form.nature} is no nature", valid)
            continue
        yield from _check_words(id_, form, NATURES[form.nature])
        yield from _check_ratings(id_, form, NATURES[form.nature])


def _check_words(id_: str, form: EquipmentForm, nature: Nature) -> Iterator[Finding]:
    at = ("equipment", id_)
    if form.variant and form.variant not in nature.variants:
        text = f"{form.variant} is no variant of {nature.name}"
        yield Finding((*at, "variant"), text, choices(nature.variants, form.variant))
    if form.normally and form.normally not in positions(nature):
        text = f"{form.normally} is no normal state of a {nature.name}"
        yield Finding((*at, "normally"), text, ", ".join(positions(nature)))
    most = len(nature.terminals)
    least = most - nature.optional_terminals
    if not least <= len(form.buses) <= most:
        names = ", ".join(name for name, _ in nature.terminals)
        count = str(most) if least == most else f"{least} or {most}"
        text = f"{id_} has {len(form.buses)} buses, a {nature.name} joins {count}"
        yield Finding((*at, "buses"), text, names)
    if nature.role is Role.LOAD and form.priority is None:
        yield Finding((*at, "priority"), f"{id_} is a load without a priority", "1 to 9")
    if form.critical and nature.role is not Role.LOAD:
        yield Finding((*at, "critical"), f"only loads are critical, {id_} is a {nature.name}")


def _check_ratings(id_: str, form: EquipmentForm, nature: Nature) -> Iterator[Finding]:
    at = ("equipment", id_, "ratings")
    missing = [n for n, r in nature.ratings.items() if r.required and n not in form.ratings]
    for name in missing:
        text = f"rating {name} of {id_} is missing: {nature.ratings[name].help}"
        yield Finding((*at, name), text, "above 0")
    for name, value in form.ratings.items():
        if name not in nature.ratings:
            text = f"a {nature.name} has no such rating"
            yield Finding((*at, name), text, choices(nature.ratings, name), at_key=True)
        elif value < 0 or (value == 0 and name not in _SIGNED):
            yield Finding((*at, name), f"{value:g} is no nameplate value", "above 0")
        elif name == "efficiency_pu" and value > 1:
            yield Finding((*at, name), f"{value:g} gives more than it takes", "above 0, at most 1")
    if form.ratings.get("power_w", 0) > form.ratings.get("power_va", float("inf")):
        yield Finding((*at, "power_w"), f"{id_} has more active than apparent power")
    yield from _check_class(id_, form)


def _check_class(id_: str, form: EquipmentForm) -> Iterator[Finding]:
    """Yield what contradicts ISO 8528-5: a load step of its own makes a set class G4."""
    at = ("equipment", id_, "ratings")
    number = form.ratings.get("performance_class_count")
    step_pu = form.ratings.get("load_step_pu")
    if number is not None and number not in {1, 2, 3, 4}:
        text = f"{number:g} is no class of ISO 8528-5"
        yield Finding((*at, "performance_class_count"), text, "1, 2, 3, 4")
    elif number == 4 and step_pu is None:
        text = f"{id_} is class G4, which goes by agreement: its load step is missing"
        yield Finding((*at, "performance_class_count"), text, "load_step_pu, or class 1, 2, 3")
    elif step_pu is not None and number != 4:
        text = f"a load step of its own makes {id_} class G4"
        yield Finding((*at, "load_step_pu"), text, "performance_class_count: 4")
    if step_pu is not None and step_pu > 1:
        yield Finding((*at, "load_step_pu"), f"{step_pu:g} is more than its rating", "at most 1")
