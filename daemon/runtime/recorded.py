"""The transfers in a state folder: of a daemon that runs, or of one that died last night.

The record says which site file it was made with. With that file (or the one that is named) the
values of the plant are read too; without it there are the events, and the reports say what they
lack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.core.report.limits import Params
from daemon.journal.files import Folder
from daemon.journal.journal import read, told
from daemon.journal.keeping import PREFIX, SUFFIX
from daemon.model.points import tabulate
from daemon.runtime.transfer_reports import read_again
from daemon.settings import SettingsError, load

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.model.transfer_report import TransferReport
    from daemon.settings import SiteFile


class Transfers(NamedTuple):
    """What a record holds.

    Attributes:
        reports: in order of time.
        notes: what a reader has to know about the record.
    """

    reports: list[TransferReport]
    notes: list[str]


def transfers(state: Path, site: str | None = None) -> Transfers:
    """Return the report of every transfer in the record of `state`.

    Args:
        state: state folder of a daemon.
        site: site file or name; None for the one that the record was made with.

    Raises:
        ValueError: there is no record.
        SettingsError: `site` was refused.
    """
    if not state.is_dir() or not any(state.glob(f"{PREFIX}*{SUFFIX}*")):
        raise ValueError(f"{state}: there is no record of a daemon")
    files = Folder(state)
    boot = next(told(files), {})
    notes: list[str] = []
    site_file = load(site) if site else _found(str(boot.get("file", "")), notes)
    if site_file is not None and not _fits(files, site_file):
        notes.append(f"{site_file.path} has other points than the record: values are left out")
        site_file = None
    if site_file is None:
        return Transfers(read_again(told(files), None, None, Params()), notes)
    site_, limits = site_file.site, site_file.control.report
    return Transfers(read_again(read(files), site_, tabulate(site_), limits), notes)


def _found(path: str, notes: list[str]) -> SiteFile | None:
    """Return the site file that the record names, None with a note where it is gone."""
    try:
        return load(path)
    except (SettingsError, OSError):
        name = path or "its site file"
        notes.append(f"{name} cannot be read: values are left out; --site names another")
        return None


def _fits(files: Folder, site_file: SiteFile) -> bool:
    """Return whether the images of a record have the points of a site."""
    first = next((r for r in read(files) if r["k"] == "in"), None)
    return first is None or len(first["image"].values) == len(tabulate(site_file.site))
