"""Does the `emulation:` block name things that exist and what the emulators let a site change?

The emulators know their own settings, and this package must not know the emulators: who calls the
check brings the answer along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.model.natures import NATURES
from daemon.settings.findings import Finding, choices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from daemon.settings.checks.references import Names
    from daemon.settings.forms import PlantForm

    SettingsOf = Callable[[str], Collection[str]]
    """Nature -> what the emulators let a site change of it."""

_SITE: Final = "site"  # what belongs to no equipment

_FILE: Final = "_file"  # how the name of a setting ends that is a path


def check_emulation(
    block: Mapping[str, Any], plant: PlantForm, names: Names, settings_of: SettingsOf | None
) -> Iterator[Finding]:
    """Yield keys of the block that mean nothing.

    Args:
        block: the `emulation:` block, as read.
        plant: the entries that fit their forms.
        names: every id of the file.
        settings_of: what may be set; without it only the first level is checked.
    """
    for key, values in block.items():
        if key not in NATURES and key not in names.equipment and key != _SITE:
            valid = choices({*NATURES, *names.equipment, _SITE}, key)
            yield Finding(("emulation", key), "is neither a nature nor equipment", valid, True)
            continue
        form = plant.equipment.get(key)
        nature = form.nature if form else key
        if settings_of is None or nature not in NATURES or not isinstance(values, dict):
            continue
        known = settings_of(nature)
        for name, value in values.items():
            at = ("emulation", key, name)
            if name not in known:
                text = f"nothing of the kind can be set of a {nature}"
                yield Finding(at, text, choices(known, name), at_key=True)
            elif name.endswith(_FILE):
                if not isinstance(value, str):
                    yield Finding(at, f"{value!r} should be the path of a file")
            elif isinstance(value, bool) or not isinstance(value, int | float):
                yield Finding(at, f"{value!r} should be a number")
