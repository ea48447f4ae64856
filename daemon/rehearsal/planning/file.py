"""A generated site as a file: written, judged by the same check as any other, then put in place."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from daemon.model.points import tabulate
from daemon.rehearsal.planning.generate import generate
from daemon.rehearsal.planning.writing import written
from daemon.settings.findings import SettingsError
from daemon.settings.site_file import examine


def text_of(demand_w: float, rack_w: float) -> str:
    """Return the text of a site file.

    Args:
        demand_w: what the site takes from the grid at full load [W].
        rack_w: rated power of a rack [W].

    Raises:
        ValueError: out of range; names the valid values.
    """
    command = f"ridethrough site generate --mw {demand_w / 1e6:g} --rack-kw {rack_w / 1e3:g}"
    return written(generate(demand_w, rack_w), command)


def put(text: str, path: Path) -> dict[str, Any]:
    """Write a site to `path`, if it passes every check; return how much of everything it has.

    Raises:
        SettingsError: it does not pass; `path` is left as it was.
        OSError: `path` cannot be written.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".site-") as folder:
        draft = Path(folder) / path.name
        draft.write_text(text, encoding="utf-8")
        loaded, found = examine(draft)
        if loaded is None:
            raise SettingsError(found)
        draft.replace(path)
    site = loaded.site
    return {
        "file": str(path),
        "site": site.id,
        "blocks": len({g.block for g in site.gateways.values()} - {""}) or 1,
        "racks": len(site.of_nature("ai_rack")),
        "devices": sum(e.device is not None for e in site.equipment.values()),
        "points": len(tabulate(site)),
        "gateways": len(site.gateways),
    }
