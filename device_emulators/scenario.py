"""A scenario: what happens to the plant, when, and what must then be seen.

The file format is described for its writers in config/scenarios/README.md. Here are its forms, and
the checks that need the site: whether the ids exist, whether their kind knows the event, whether an
expectation can be met at all. All that is wrong with a file is found before anything runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import ConfigDict, Field, ValidationError

from daemon.settings.document import read
from daemon.settings.findings import SettingsError
from daemon.settings.folders import config_dir, refuse_unknown
from daemon.settings.forms import Finite, Form, Id, NotNegative, Positive
from daemon.settings.validate import fill
from device_emulators.scenario_checks import CONTRACT, look_over
from device_emulators.selection import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Site
    from daemon.settings.findings import Problem
    from device_emulators.scenario_checks import Vocabulary

Selection = str | tuple[str, ...]
"""Equipment ids, natures, or patterns such as `RACK-4-*`; one or a list of them."""


class Targeted(Form):
    """Something about equipment; keys beside those named here are values, the unit last."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    target: Selection

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the values by name."""
        return self.__pydantic_extra__ or {}


class Initial(Targeted):
    """What is different about equipment from the beginning, such as its state of charge."""


class Happening(Targeted):
    """Something done to equipment, to a gateway or to the daemon's process."""

    at_s: NotNegative
    """Scenario time [s]."""
    event: str


def happening(target: str, event: str, values: Mapping[str, Any]) -> Happening:
    """Return something done by hand, outside a scenario.

    Raises:
        ValueError: a value stands for something else, or the event is no word.
    """
    try:
        return Happening(at_s=0.0, target=target, event=event, **values)
    except ValidationError as error:
        found = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, found['loc']))}: {found['msg']}") from None
    except TypeError:
        raise ValueError(f"no value is called target, event or at_s: {', '.join(values)}") from None


class Window(Form):
    """A part of the scenario."""

    from_s: NotNegative = 0.0
    to_s: Positive | None = None
    """End of the window [s]; the end of the scenario when left out."""


class Condition(Form):
    """What a quantity of some equipment shall be."""

    quantity: str
    """`<equipment>.<point>`; the equipment may be an id, a nature or a pattern."""
    is_: Annotated[float | bool | str | None, Field(alias="is")] = None
    is_not: float | bool | str | None = None
    at_least: Finite | None = None
    at_most: Finite | None = None
    total_at_least: Finite | None = None
    """Limits for the sum over all equipment selected."""
    total_at_most: Finite | None = None
    at_least_count: Annotated[int, Field(ge=1)] | None = None
    """How many of the equipment selected must fulfil it; all when left out."""


class Fed(Window):
    """Loads that must not be outside the ITIC curve at their own terminals."""

    loads: Selection
    """`critical`, ids, natures or patterns."""
    except_: Annotated[tuple[str, ...], Field(alias="except")] = ()
    max_unfed_ms: NotNegative = 0.0
    """Longest time outside the curve that is allowed [ms]."""


class Reach(Condition):
    """A condition that must become true in time."""

    from_s: NotNegative = 0.0
    by_s: Positive


class Hold(Condition, Window):
    """A condition that must be true throughout a window."""


class Never(Window):
    """An event of the plant that must not happen."""

    event: str
    of: Selection | None = None


class Happens(Form):
    """An event of the plant that must happen in time."""

    event: str
    of: Selection | None = None
    from_s: NotNegative = 0.0
    by_s: Positive


class Order(Form):
    """A condition that equipment may fulfil only in this order; those that never do are passed."""

    quantity: str
    """Name of the point, without equipment."""
    is_: Annotated[float | bool | str, Field(alias="is")]
    of: tuple[str, ...]


class Alarm(Form):
    """An alarm the daemon must raise, and clear."""

    id: str
    raised_by_s: Positive
    cleared_by_s: Positive | None = None


class NoAlarm(Window):
    """Alarms the daemon must not raise."""

    id: str = "*"
    """Alarm id or a pattern."""
    priority_at_most: Annotated[int, Field(ge=1, le=4)] = 4
    """Only alarms at least this urgent count: 2 means priorities 1 and 2."""


class Comply(Window):
    """Rule sets that the import of the site must keep."""

    rules: Annotated[tuple[str, ...], Field(min_length=1)] = (CONTRACT,)
    """`contract` for what the site's own contract allows, or names of shipped rule sets."""
    goes_on: bool = False
    """What is drawn at the end goes on until the demand window that runs is over: what is billed
    then is judged, though the run is shorter than the window."""


class Expectation(Form):
    """One thing to be seen; exactly one of its kinds is given."""

    name: str
    fed: Fed | None = None
    reach: Reach | None = None
    hold: Hold | None = None
    never: Never | None = None
    happens: Happens | None = None
    order: Order | None = None
    alarm: Alarm | None = None
    no_alarm: NoAlarm | None = None
    comply: Comply | None = None

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Return the names of all kinds."""
        return tuple(name for name in cls.model_fields if name != "name")

    @property
    def kind(self) -> str:
        """Return which of the kinds is given."""
        return next(name for name in self.kinds() if getattr(self, name) is not None)

    @property
    def of_daemon(self) -> bool:
        """Return whether it is judged on what the daemon says instead of on the plant."""
        return self.kind in {"alarm", "no_alarm"}

    @property
    def of_plant(self) -> bool:
        """Return whether whoever plays the plant can judge it alone."""
        return not self.of_daemon and self.kind != "comply"


class Scenario(Form):
    """A timeline of plant events and what is expected of everybody."""

    scenario: Id
    """Short id: letters, digits, _ and -."""
    description: str
    site: str = "ai_hall"
    """Site it is written for: the name of a shipped one, or a path."""
    for_s: Positive
    """How long it runs [s]."""
    initial: tuple[Initial, ...] = ()
    """What is different before it begins."""
    timeline: tuple[Happening, ...] = ()
    expect: tuple[Expectation, ...] = ()


def scenario_path(scenario: str | Path) -> Path:
    """Return the file of a scenario: a path, or the name of a shipped one.

    Raises:
        UnknownNameError: it is neither.
    """
    path = Path(scenario)
    shipped = config_dir() / "scenarios" / f"{scenario}.yaml"
    file = shipped if not path.suffix and not path.exists() and shipped.is_file() else path
    refuse_unknown("scenario", scenario, file)
    return file


def site_of(path: Path) -> str:
    """Return the site that a scenario file is written for, whatever else is wrong with it."""
    data = read(path).data
    site = data.get("site") if isinstance(data, dict) else None
    return site if isinstance(site, str) else str(Scenario.model_fields["site"].default)


def load(path: Path, site: Site, vocabulary: Vocabulary, *, where: str = "") -> Scenario:
    """Return the scenario in a file.

    Args:
        path: the file.
        site: the plant it is to run on.
        vocabulary: what can be done to a plant and asked of it.
        where: where it is to be played (see `faults.words`), if that is known.

    Raises:
        SettingsError: with all problems, by line and column.
    """
    document = read(path)
    if document.problems:
        raise SettingsError(document.problems)
    scenario, findings = fill(Scenario, document.data)
    if scenario is not None:
        findings = [*look_over(scenario, site, vocabulary, where=where)]
    if findings:
        raise SettingsError(sorted(document.problem(finding) for finding in findings))
    return scenario  # type: ignore[no-any-return]


def problems(path: Path, site: Site, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Return everything that is wrong with a scenario file, in the order of the file."""
    try:
        load(path, site, vocabulary)
    except SettingsError as error:
        return error.problems
    return ()


def prepared(site: Site, scenario: Scenario) -> Site:
    """Return `site` with what is different about its equipment when the scenario begins."""
    emulation = {key: dict(section) for key, section in site.emulation.items()}
    for initial in scenario.initial:
        for id_ in select(site, initial.target):
            emulation.setdefault(id_, {}).update(initial.values)
    return replace(site, emulation=emulation)


def written(scenario: Scenario, why: str) -> str:
    """Return initial state and timeline of a scenario as a file, with `why` as a comment above."""
    head = {name: getattr(scenario, name) for name in ("scenario", "description", "site", "for_s")}
    lines = [f"# {line}".rstrip() for line in why.splitlines()]
    lines.append(yaml.safe_dump(head, sort_keys=False, width=100).rstrip())
    for name in ("initial", "timeline"):
        rows = [each.model_dump(mode="json") for each in getattr(scenario, name)]
        if rows:
            lines += [f"{name}:", *(f"  - {_on_one_line(row)}" for row in rows)]
    return "\n".join(lines) + "\n"


def in_yaml(page: Mapping[str, Any]) -> str:
    """Return a scenario made of plain lists and mappings as the text of a file."""
    text: str = yaml.safe_dump(page, sort_keys=False, width=100, allow_unicode=True)
    return text


def _on_one_line(row: Mapping[str, Any]) -> str:
    ordered = sorted(row.items(), key=lambda item: item[0] != "at_s")
    text: str = yaml.safe_dump(
        dict(ordered), default_flow_style=True, sort_keys=False, width=10_000
    )
    return text.strip()
