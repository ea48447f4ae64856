"""Do schemes name switches that exist, are of the right kind and stand where the scheme says?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.settings.findings import Finding, Location, choices
from daemon.settings.forms import IntakeForm, MainTieMainForm, SupervisedForm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.settings.checks.references import Names
    from daemon.settings.forms import EquipmentForm, PlantForm


def check_schemes(plant: PlantForm, names: Names) -> list[Finding]:
    """Return what is wrong with the schemes of a plant."""
    findings: list[Finding] = []
    for id_, scheme in plant.schemes.items():
        check = _Check(plant, names, ("schemes", id_), findings)
        match scheme:
            case IntakeForm():
                check.intake(scheme)
            case MainTieMainForm():
                check.main_tie_main(scheme)
            case SupervisedForm():
                check.supervised(scheme)
    return findings


@dataclass
class _Check:
    """Looks through one scheme and notes what it finds."""

    plant: PlantForm
    names: Names
    at: Location
    findings: list[Finding] = field(default_factory=list)

    def intake(self, scheme: IntakeForm) -> None:
        switch = self.find(scheme.switch, ("switch",), "transfer_switch")
        for i, breaker in enumerate(scheme.feeds):
            source = switch.buses[i : i + 1] if switch else []
            self.touches(breaker, ("feeds", i), source)
        for i, relay in enumerate(scheme.relays):
            self.find(relay, ("relays", i), "relay")
        self.takes_over(scheme.switch, scheme.authority, scheme.fallback_s)

    def main_tie_main(self, scheme: MainTieMainForm) -> None:
        self.find(scheme.controller, ("controller",), "switchgear_controller")
        self.find(scheme.intake, ("intake",), "breaker")
        self.bus(scheme.generator_bus, ("generator_bus",))
        for i, section in enumerate(scheme.sections):
            at = ("sections", i)
            self.bus(section.bus, (*at, "bus"))
            self.touches(section.main, (*at, "main"), [section.bus])
            ends = [section.bus, scheme.generator_bus]
            self.touches(section.generator_feeder, (*at, "generator_feeder"), ends)
            if section.upstream:
                self.find(section.upstream, (*at, "upstream"), "breaker")
        self.touches(scheme.tie, ("tie",), [section.bus for section in scheme.sections])
        for set_, breaker in scheme.sets.items():
            generator = self.find(set_, ("sets", set_), "generator", at_key=True)
            ends = [scheme.generator_bus, *(generator.buses if generator else ())]
            self.touches(breaker, ("sets", set_), ends)
        for i, feeder in enumerate(scheme.storage_feeders):
            self.find(feeder, ("storage_feeders", i), "breaker")
        self.takes_over(scheme.controller, scheme.authority, scheme.fallback_s)

    def supervised(self, scheme: SupervisedForm) -> None:
        nature = "ups" if scheme.kind == "ups" else "transfer_switch"
        for i, member in enumerate(scheme.members):
            form = self.find(member, ("members", i), nature)
            if form and nature == "transfer_switch" and form.variant != scheme.kind:
                self.say(("members", i), f"{member} is not of variant {scheme.kind}")

    def find(
        self, id_: str, at: Location, nature: str, *, at_key: bool = False
    ) -> EquipmentForm | None:
        """Return equipment of a nature, noting if there is none."""
        form = self.plant.equipment.get(id_)
        if form and form.nature == nature:
            return form
        known = [name for name, other in self.plant.equipment.items() if other.nature == nature]
        if form:
            self.say(at, f"{id_} is a {form.nature}, not a {nature}", choices(known, id_), at_key)
        elif id_ not in self.names.equipment:
            self.say(at, f"{nature} {id_} is not defined", choices(known, id_), at_key)
        return None

    def bus(self, id_: str, at: Location) -> None:
        if id_ not in self.names.buses:
            self.say(at, f"bus {id_} is not defined", choices(self.names.buses, id_))

    def touches(self, id_: str, at: Location, buses: Iterable[str]) -> None:
        """Note if a breaker does not stand at each of these buses."""
        breaker = self.find(id_, at, "breaker")
        for bus in buses:
            if breaker and bus in self.names.buses and bus not in breaker.buses:
                there = [
                    name
                    for name, form in self.plant.equipment.items()
                    if form.nature == "breaker" and bus in form.buses
                ]
                joins = " and ".join(breaker.buses)
                self.say(at, f"{id_} joins {joins}, not bus {bus}", choices(there, id_))

    def takes_over(self, id_: str, authority: str, fallback_s: float) -> None:
        """Note if the device would not take over when the daemon falls silent, or not in time."""
        form = self.plant.equipment.get(id_)
        if form is None or authority != "daemon":
            return
        fallback = form.device.fallback if form.device else None
        if fallback is None or fallback.action != "own_logic":
            text = f"the daemon has authority, but {id_} has no fallback to its own logic"
            self.say(("authority",), text, f"device.fallback of {id_} with action own_logic")
        elif fallback.after_s != fallback_s:
            text = f"{fallback_s:g} s here, {fallback.after_s:g} s at {id_}"
            self.say(("fallback_s",), text, f"{fallback.after_s:g}")

    def say(self, at: Location, text: str, valid: str = "", at_key: bool = False) -> None:
        self.findings.append(Finding((*self.at, *at), text, valid, at_key))
