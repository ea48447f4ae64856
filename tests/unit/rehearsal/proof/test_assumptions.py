"""The times of the proof stand for a site as long as its own timers lie on the right side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from daemon import settings
from daemon.model.plant import MainTieMainScheme
from daemon.rehearsal import prove
from daemon.rehearsal.proof import assumptions, mains, sets

if TYPE_CHECKING:
    from daemon.settings import SiteFile


@pytest.fixture(scope="module")
def hall() -> SiteFile:
    return settings.load("ai_hall")


def test_the_times_of_the_proof_stand_for_the_sites_that_come_along(hall: SiteFile) -> None:
    assert assumptions.contradicted(hall.site, hall.control) == []
    assert len([*assumptions.bounds(hall.site, hall.control)]) > 10
    other = settings.load("traditional")
    assert [*assumptions.bounds(other.site, other.control)] == []


@pytest.mark.parametrize(
    ("group", "name", "setting_s"),
    [
        ("start", "ready_s", 60.0),
        ("start", "stop_s", 300.0),
        ("start", "close_s", 9.0),
        ("start", "unload_s", 30.0),
        ("main_tie_main", "sync_s", 8.0),
        ("main_tie_main", "close_s", 5.0),
        ("main_tie_main", "join_s", 5.0),
        ("main_tie_main", "again_s", 600.0),
        ("main_tie_main", "mains_settle_s", 10.0),
        ("outage", "return_stable_s", 300.0),
    ],
)
def test_a_site_with_other_timers_is_told_which(
    hall: SiteFile, group: str, name: str, setting_s: float
) -> None:
    params = replace(getattr(hall.control, group), **{name: setting_s})
    (text,) = assumptions.contradicted(hall.site, replace(hall.control, **{group: params}))
    assert text.startswith(f"control.{group}.{name} is {setting_s:g} s (valid: from ")


def test_a_board_that_takes_over_sooner_than_a_daemon_is_back_is_told(hall: SiteFile) -> None:
    board = hall.site.schemes["CCTS-1"]
    assert isinstance(board, MainTieMainScheme)
    schemes = {**hall.site.schemes, "CCTS-1": replace(board, fallback_s=2.0)}
    site = replace(hall.site, schemes=MappingProxyType(schemes))
    (text,) = assumptions.contradicted(site, hall.control)
    assert text.startswith("schemes.CCTS-1.fallback_s is 2 s (valid: from 3 s, for ")


def test_prove_refuses_it_by_name(hall: SiteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = replace(hall.control.start, ready_s=60.0)
    other = replace(hall, control=replace(hall.control, start=slow))
    monkeypatch.setattr(settings, "load", lambda _: other)
    wish = prove.Wish(Path("ai_hall"), scheme="ALTS-1", form="short")
    with pytest.raises(ValueError, match=r"do not stand for .*control\.start\.ready_s is 60 s"):
        prove.prove(wish, as_json=False)


def test_sets_come_to_the_mains_in_the_time_in_which_they_run(hall: SiteFile) -> None:
    """What comes later than every wait of the mains comes as what comes last."""
    assert mains.SETS_MS == sets.RUN_MS
    assert mains.REST_MS[0] >= hall.control.start.unload_s * 1000
