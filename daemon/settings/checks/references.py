"""Do all names lead somewhere, and to something of the right kind?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.model.natures import NATURES, PointKind
from daemon.settings.findings import Finding, choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from daemon.model.points import Profile
    from daemon.settings.findings import Location
    from daemon.settings.forms import BalanceForm, EquipmentForm, FallbackForm, PlantForm


class Names(NamedTuple):
    """Every id the file defines, also of entries that are broken."""

    buses: Set[str]
    gateways: Set[str]
    equipment: Set[str]


def check_references(
    plant: PlantForm, names: Names, profiles: Mapping[str, Profile | None]
) -> Iterator[Finding]:
    """Yield the references that lead nowhere or to the wrong kind of thing.

    Args:
        plant: the entries that fit their forms.
        names: every id of the file.
        profiles: every device map there is; None where its own problems keep it from loading.
    """
    for id_, form in plant.equipment.items():
        for i, bus in enumerate(form.buses):
            if bus not in names.buses:
                at = ("equipment", id_, "buses", i)
                yield Finding(at, f"bus {bus} is not defined", choices(names.buses, bus))
        if form.group:
            yield from _check_group(plant, names, id_, form)
        if form.device:
            yield from _check_device(plant, names, id_, form, profiles)


def check_cases(balance: BalanceForm, names: Names) -> Iterator[Finding]:
    """Yield the names in the `balance:` block that lead nowhere."""
    at: Location = ("balance",)
    for i, case in enumerate(balance.n_minus_1):
        for j, id_ in enumerate(case):
            if id_ not in names.equipment:
                valid = choices(names.equipment, id_)
                yield Finding((*at, "n_minus_1", i, j), f"{id_} is not defined", valid)
    for bus in balance.unlisted_w:
        if bus not in names.buses:
            text = f"bus {bus} is not defined"
            yield Finding((*at, "unlisted_w", bus), text, choices(names.buses, bus), at_key=True)
    for key in balance.demand_factor:
        if key not in names.equipment and key not in NATURES:
            text = "is neither a nature nor equipment"
            yield Finding((*at, "demand_factor", key), text, at_key=True)


def _check_group(
    plant: PlantForm, names: Names, id_: str, form: EquipmentForm
) -> Iterator[Finding]:
    at = ("equipment", id_, "group")
    group = plant.equipment.get(form.group)
    if group is not None and group.nature == "rack_row":
        return
    rows = [row for row, other in plant.equipment.items() if other.nature == "rack_row"]
    if form.group not in names.equipment:
        yield Finding(at, f"{form.group} is not defined", choices(rows, form.group))
    elif group is not None:
        text = f"{form.group} is a {group.nature}, not a rack_row"
        yield Finding(at, text, choices(rows, form.group))


def _check_device(
    plant: PlantForm,
    names: Names,
    id_: str,
    form: EquipmentForm,
    profiles: Mapping[str, Profile | None],
) -> Iterator[Finding]:
    device = form.device
    assert device is not None
    at = ("equipment", id_, "device")
    gateway = plant.gateways.get(device.gateway)
    if device.gateway not in names.gateways:
        text = f"gateway {device.gateway} is not defined"
        yield Finding((*at, "gateway"), text, choices(names.gateways, device.gateway))
    if device.profile not in profiles:
        near = [name for name in profiles if name.startswith(f"{form.nature}/")] or list(profiles)
        text = f"there is no device map {device.profile}"
        yield Finding((*at, "profile"), text, choices(near, device.profile))
        return
    profile = profiles[device.profile]
    if profile is None:
        return
    if form.nature in NATURES and profile.nature != form.nature:
        text = f"{device.profile} is the map of a {profile.nature}, {id_} is a {form.nature}"
        valid = choices(name for name in profiles if name.startswith(f"{form.nature}/"))
        yield Finding((*at, "profile"), text, valid)
    if gateway and gateway.protocol != profile.protocol:
        text = (
            f"{device.profile} speaks {profile.protocol}, "
            f"gateway {device.gateway} speaks {gateway.protocol}"
        )
        speak = [g for g, other in plant.gateways.items() if other.protocol == profile.protocol]
        yield Finding((*at, "gateway"), text, choices(speak))
    if form.nature == profile.nature:
        yield from _check_fallback(id_, form, profile)


def _check_fallback(id_: str, form: EquipmentForm, profile: Profile) -> Iterator[Finding]:
    """Yield what is wrong with what a device does when the daemon falls silent.

    An order acts once and leaves nothing to fall back from, a set-point goes on. So a device that
    takes any has to say what becomes of it, or nobody ever compares that with what is set in it.
    One that does not hear the daemon can only hold what it was told, whatever others of its nature
    do.
    """
    device = form.device
    assert device is not None
    nature, at = NATURES[profile.nature], ("equipment", id_, "device")
    hears = "heartbeat" in profile.points
    possible = nature.fallbacks if hears else ("hold",)
    valid = choices(possible)
    fallback = device.fallback
    if fallback is None:
        taken = [n for n in profile.points if nature.points[n].kind is PointKind.SETPOINT]
        if taken:
            told = f"{id_} takes {', '.join(taken)}"
            text = f"{told}, but what it does when the daemon falls silent is not said"
            yield Finding(at, text, f"fallback with action {valid}")
        return
    if not hears and fallback.action not in possible:
        text = f"{device.profile} has no heartbeat, so {id_} cannot know that the daemon is silent"
        yield Finding((*at, "fallback"), text, f"action {valid}")
    elif fallback.action not in possible:
        text = f"{id_} is a {form.nature}: no such device falls back by {fallback.action}"
        yield Finding((*at, "fallback", "action"), text, valid)
    else:
        yield from _check_ramp(id_, form, fallback, (*at, "fallback"))


def _check_ramp(
    id_: str, form: EquipmentForm, fallback: FallbackForm, at: Location
) -> Iterator[Finding]:
    """Yield what is wrong with the ramp by which a device falls back."""
    ramps = fallback.action == "ramp_to_zero"
    if ramps and fallback.ramp_w_s is None:
        yield Finding((*at, "action"), f"{id_} ramps to zero, but how fast is not said", "ramp_w_s")
    elif fallback.ramp_w_s is not None and not ramps and not _keeps_ramp(form, fallback):
        text = f"{id_} does not ramp when it falls back"
        valid = "action hold" if form.nature == "rack_row" else "action ramp_to_zero"
        yield Finding((*at, "ramp_w_s"), text, valid, at_key=True)


def _keeps_ramp(form: EquipmentForm, fallback: FallbackForm) -> bool:
    """Return whether it holds and keeps a slower ramp meanwhile, as rows of racks do."""
    return form.nature == "rack_row" and fallback.action == "hold"
