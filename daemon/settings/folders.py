"""Where shipped configuration lies: in the checkout, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

import daemon
from daemon.settings.findings import UnknownNameError, choices


def config_dir() -> Path:
    """Return the folder with sites, device maps, scenarios and alarms that came with the product.

    In a checkout and an editable install `daemon/_shipped_config` links to the repository's
    `config/`; a wheel holds a copy there.
    """
    return (Path(daemon.__file__).parent / "_shipped_config").resolve()


def site_path(site: str | Path) -> Path:
    """Return the file of a site: a path, or the name of a shipped site such as `ai_hall`."""
    path = Path(site)
    shipped = config_dir() / "sites" / f"{site}.yaml"
    return shipped if not path.suffix and not path.exists() and shipped.is_file() else path


def refuse_unknown(what: str, given: str | Path, file: Path) -> None:
    """Refuse what is neither a file nor the name of a shipped "site" or "scenario".

    Raises:
        UnknownNameError: there is none; names those there are.
    """
    if file.exists() or file.suffix or len(file.parts) > 1:
        return
    shipped = (path.stem for path in (config_dir() / f"{what}s").glob("*.yaml"))
    raise UnknownNameError(what, str(given), choices(shipped, str(given)))


def map_folders(site: Path) -> tuple[Path, ...]:
    """Return where device maps of a site file are looked for, nearest first."""
    return _folders(site, "devices")


def alarm_folder(site: Path) -> Path:
    """Return the folder of the alarm rules that hold for a site file."""
    folders = _folders(site, "alarms")
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def _folders(site: Path, name: str) -> tuple[Path, ...]:
    beside = site.resolve().parent
    return beside / name, beside.parent / name, config_dir() / name
