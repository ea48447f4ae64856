"""Site files: from YAML to the plant as drawn, or to the list of everything that is wrong."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.model import plant as model
from daemon.model.natures import NATURES
from daemon.settings.alarms import load_alarms
from daemon.settings.broker import broker_at
from daemon.settings.checks.addresses import check_addresses
from daemon.settings.checks.balance import check_balance
from daemon.settings.checks.connections import check_connections, check_reach
from daemon.settings.checks.emulation import check_emulation
from daemon.settings.checks.enclosure import (
    check_enclosure,
    check_owned,
    check_owners,
    check_places,
)
from daemon.settings.checks.endurance import check_endurance
from daemon.settings.checks.equipment import check_equipment, positions
from daemon.settings.checks.limits import check_limits
from daemon.settings.checks.references import Names, check_cases, check_references
from daemon.settings.checks.relief import check_relief
from daemon.settings.checks.sags import refuse_counting
from daemon.settings.checks.schemes import check_schemes
from daemon.settings.checks.timers import check_frequency, check_timers
from daemon.settings.control import load_control
from daemon.settings.device_map import find_map, known_maps, load_map
from daemon.settings.document import Document, read
from daemon.settings.findings import Finding, Problem, SettingsError
from daemon.settings.folders import alarm_folder, map_folders, refuse_unknown, site_path
from daemon.settings.forms import (
    EquipmentForm,
    IntakeForm,
    MainTieMainForm,
    NorthForm,
    PlantForm,
    SiteForm,
)
from daemon.settings.validate import fill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from daemon.core.step import Control
    from daemon.model.points import Profile
    from daemon.settings.checks.emulation import SettingsOf
    from daemon.settings.forms import SchemeForm


_LAST_PORT: Final = 65_535


@dataclass(frozen=True)
class SiteFile:
    """A site file that was accepted.

    Attributes:
        site: the plant as drawn.
        control: settings of the controllers .
        path: the file.
        document: where each value stands, for messages about it.
    """

    site: model.Site
    control: Control
    path: Path
    document: Document

    @property
    def digest(self) -> str:
        """Return what tells one site, as checked, from another."""
        return hashlib.sha256(repr((self.site, self.control)).encode()).hexdigest()


def load(site: str | Path) -> SiteFile:
    """Return a site file: a path, or the name of a shipped site such as `ai_hall`.

    Raises:
        SettingsError: with everything that is wrong in it and in the device maps it uses.
    """
    file = site_path(site)
    refuse_unknown("site", site, file)
    loaded, found = examine(file)
    if loaded is None:
        raise SettingsError(found)
    return loaded


def shift_ports(site_file: SiteFile, offset: int) -> SiteFile:
    """Return the site with every TCP port moved by `offset`, for a second plant on one machine.

    Raises:
        ValueError: a port would be none any more.
    """
    site = site_file.site
    used = [gateway.port for gateway in site.gateways.values()]
    used += [site.north.metrics_port, site.north.mqtt_port]
    low, high = 1 - min(used), _LAST_PORT - max(used)
    if not low <= offset <= high:
        text = f"port offset {offset} moves ports of {site.id} out of range"
        raise ValueError(f"{text} (valid: {low} to {high})")
    gateways = {
        id_: dataclasses.replace(gateway, port=gateway.port + offset)
        for id_, gateway in site.gateways.items()
    }
    north = dataclasses.replace(
        site.north,
        metrics_port=site.north.metrics_port + offset,
        mqtt_port=site.north.mqtt_port + offset,
    )
    shifted = dataclasses.replace(site, gateways=gateways, north=north)
    return dataclasses.replace(site_file, site=shifted)


def with_hook(site_file: SiteFile, program: str | None) -> SiteFile:
    """Return the site with another program that is told of orderly shutdowns, if one is named."""
    if not program:
        return site_file
    hook = dataclasses.replace(site_file.site.north.hook, program=(program,))
    north = dataclasses.replace(site_file.site.north, hook=hook)
    return dataclasses.replace(site_file, site=dataclasses.replace(site_file.site, north=north))


def with_broker(site_file: SiteFile, address: str | None) -> SiteFile:
    """Return the site with another broker, if one is named as `broker_at` reads it.

    Raises:
        ValueError: `address` is not that of a broker.
    """
    if not address:
        return site_file
    host, port = broker_at(address)
    north = dataclasses.replace(site_file.site.north, mqtt_host=host, mqtt_port=port)
    return dataclasses.replace(site_file, site=dataclasses.replace(site_file.site, north=north))


def with_broker_user(site_file: SiteFile, name: str | None, secret_file: Path | None) -> SiteFile:
    """Return the site with a name for its broker, and the secret that stands in a file.

    Raises:
        ValueError: one of the two is missing, or no secret can be read there.
    """
    if not name and secret_file is None:
        return site_file
    if not name or secret_file is None:
        raise ValueError("a broker that asks who we are wants both a user and a secret file")
    try:
        secret = secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(
            f"the secret for the broker cannot be read: {secret_file}: {why}"
        ) from None
    if not secret:
        raise ValueError(f"the secret for the broker is empty: {secret_file}")
    return _at_north(site_file, mqtt_user=name, mqtt_secret=secret)


def with_metrics(site_file: SiteFile, address: str | None) -> SiteFile:
    """Return the site with /metrics served elsewhere, if `address` says host and port.

    Raises:
        ValueError: it is not `host:port`.
    """
    if not address:
        return site_file
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{address!r} is no address (valid: host:port, port 1 to 65535)")
    return _at_north(site_file, metrics_host=host, metrics_port=int(port))


def _at_north(site_file: SiteFile, **changed: str | int) -> SiteFile:
    north = dataclasses.replace(site_file.site.north, **changed)  # type: ignore[arg-type]
    return dataclasses.replace(site_file, site=dataclasses.replace(site_file.site, north=north))


def examine(
    path: Path, settings_of: SettingsOf | None = None
) -> tuple[SiteFile | None, list[Problem]]:
    """Return a site file, or None and everything that is wrong with it.

    Args:
        path: the file.
        settings_of: what the emulators let a site change of a nature; unchecked without it.
    """
    document = read(path)
    if not isinstance(document.data, dict):
        if not document.problems:
            document.problems.append(document.problem(Finding((), "a site file is a mapping")))
        return None, document.problems
    data = {key: value for key, value in document.data.items() if not key.startswith("x-")}
    form, findings = fill(SiteForm, data)
    plant = form or _salvage(data, findings)
    profiles, found = _profiles(path, plant)
    names = Names(*(set(_block(data, key)) for key in ("buses", "gateways", "equipment")))
    findings += check_equipment(plant)
    findings += check_references(plant, names, profiles)
    findings += check_cases(plant.balance, names)
    findings += check_emulation(_block(data, "emulation"), plant, names, settings_of)
    findings += check_connections(plant)
    findings += check_relief(plant, profiles)
    findings += check_addresses(plant, _north(data))
    joined = not any("buses" in finding.at for finding in findings)
    known = not any("schemes" in finding.at[:1] for finding in findings)
    findings += _schemes(plant, names, joined=joined, known=known)
    rules, wrong_rules = load_alarms(alarm_folder(path))
    found += wrong_rules
    control, wrong = load_control(data.get("control", {}), rules)
    findings += wrong
    findings += check_limits(control, _block(data, "control"))
    findings += check_timers(plant, control, _block(data, "control"))
    if form is not None:
        findings += check_frequency(form.site.frequency_hz, control)
    site = None
    # A missing breaker leaves buses unfed and loads unsupplied: these wait until the rest is sound.
    if form is not None and not findings and not document.problems and not found:
        site = _site(form, {k: v for k, v in profiles.items() if v is not None})
        findings += check_reach(site)
        findings += check_balance(site, form.balance)
        findings += check_endurance(site, form.balance, control)
    findings = refuse_counting(findings)
    found = sorted({*document.problems, *(document.problem(f) for f in findings)}) + found
    if site is None or found:
        return None, found
    return SiteFile(site, control, path, document), []


def _block(data: dict[str, Any], section: str) -> dict[str, Any]:
    entries = data.get(section)
    return entries if isinstance(entries, dict) else {}


def _north(data: dict[str, Any]) -> NorthForm | None:
    north: NorthForm | None = fill(NorthForm, data.get("north"))[0]
    return north


def _salvage(data: dict[str, Any], findings: list[Finding]) -> PlantForm:
    """Return the entries that are sound, so that one bad entry does not hide the rest."""
    sound: dict[str, Any] = {key: data.get(key, {}) for key in PlantForm.model_fields}
    sound = copy.deepcopy({k: v if isinstance(v, dict) else {} for k, v in sound.items()})
    for finding in findings:
        if len(finding.at) > 1 and (section := sound.get(str(finding.at[0]))):
            section.pop(finding.at[1], None)
    plant, _ = fill(PlantForm, sound)
    return plant or PlantForm(buses={}, gateways={}, equipment={})


def _schemes(plant: PlantForm, names: Names, *, joined: bool, known: bool) -> list[Finding]:
    """Return what is wrong with schemes; what follows from a wrong name is not another mistake.

    Args:
        plant: the entries that fit their forms.
        names: every id of the file.
        joined: equipment stands at buses that are there and fit it.
        known: no scheme is left out because it does not fit its form.
    """
    findings = check_schemes(plant, names)
    if findings or not joined:
        return findings
    twice = list(check_owners(plant))
    findings += [*twice, *check_enclosure(plant)]
    if not twice:
        findings += check_places(plant)
    if known and not twice:
        findings += check_owned(plant)
    return findings


def _profiles(path: Path, plant: PlantForm) -> tuple[dict[str, Profile | None], list[Problem]]:
    """Return every profile by name, loading those in use, and the problems of their files."""
    folders = map_folders(path)
    profiles: dict[str, Profile | None] = dict.fromkeys(known_maps(folders))
    found: list[Problem] = []
    used = {form.device.profile for form in plant.equipment.values() if form.device}
    for name in sorted(used):
        if file := find_map(name, folders):
            loaded = load_map(file)
            profiles[name] = loaded.profile
            found += loaded.problems
    return profiles, found


def _site(form: SiteForm, profiles: Mapping[str, Profile]) -> model.Site:
    return model.Site(
        id=form.site.id,
        name=form.site.name,
        frequency_hz=float(form.site.frequency_hz),
        buses={
            id_: model.Bus(id_, b.kind, b.voltage_v, b.area, b.earthing)
            for id_, b in form.buses.items()
        },
        equipment={id_: _equipment(id_, item) for id_, item in form.equipment.items()},
        gateways={
            id_: model.Gateway(id_, g.protocol, g.host, g.port, g.mirror, g.block)
            for id_, g in form.gateways.items()
        },
        schemes={id_: _scheme(id_, scheme) for id_, scheme in form.schemes.items()},
        contract=model.Contract(**form.contract.model_dump()),
        north=model.North(
            form.north.metrics.host,
            form.north.metrics.port,
            form.north.mqtt.host,
            form.north.mqtt.port,
            hook=_hook(form.north),
        ),
        scan_s={
            "fast": form.scan.fast_s,
            "normal": form.scan.normal_s,
            "slow": form.scan.slow_s,
        },
        profiles=profiles,
        emulation=form.emulation,
    )


def _hook(north: NorthForm) -> model.Hook:
    if north.hook is None:
        return model.Hook()
    return model.Hook(tuple(north.hook.program), north.hook.limit_s)


def _equipment(id_: str, form: EquipmentForm) -> model.Equipment:
    nature = NATURES[form.nature]
    device = None
    if form.device:
        fallback = form.device.fallback
        device = model.Device(
            profile=form.device.profile,
            gateway=form.device.gateway,
            unit=form.device.unit,
            scan=form.device.scan,
            fallback_after_s=fallback.after_s if fallback else 0.0,
            fallback=fallback.action if fallback else "none",
            fallback_ramp_w_s=(fallback.ramp_w_s or 0.0) if fallback else 0.0,
            serial=form.device.serial or 0,
        )
    return model.Equipment(
        id=id_,
        nature=form.nature,
        variant=form.variant or nature.variants[0],
        buses=tuple(form.buses),
        ratings=dict(form.ratings),
        device=device,
        normally=form.normally or positions(nature)[0],
        priority=form.priority or 0,
        critical=form.critical,
        group=form.group,
    )


def _scheme(id_: str, form: SchemeForm) -> model.Scheme:
    match form:
        case IntakeForm():
            return model.IntakeScheme(
                id=id_,
                authority=form.authority,
                fallback_s=form.fallback_s,
                switch=form.switch,
                feeds=(form.feeds[0], form.feeds[1]),
                relays=(form.relays[0], form.relays[1]),
            )
        case MainTieMainForm():
            return model.MainTieMainScheme(
                id=id_,
                authority=form.authority,
                fallback_s=form.fallback_s,
                controller=form.controller,
                intake=form.intake,
                sections=tuple(
                    model.Section(s.bus, s.main, s.generator_feeder, s.upstream)
                    for s in form.sections
                ),
                tie=form.tie,
                generator_bus=form.generator_bus,
                sets=dict(form.sets),
                storage_feeders=tuple(form.storage_feeders),
            )
        case _:
            return model.SupervisedScheme(id_, form.kind, form.authority, tuple(form.members))
