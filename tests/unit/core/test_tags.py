"""Tags that people hang: kept over a restart, heeded in both lanes, planned round by automata."""

from __future__ import annotations

import json

import pytest

from daemon.core import tags
from daemon.core.ownership import lane_of
from daemon.model.commands import HANG, TAG, TAKE_OFF, LaneMessage, Proposal
from tests.hall import Hall, params, settled, site_file

SITE, POINTS, _ = site_file()


class Files(dict[str, bytes]):
    """A state directory in memory."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None where there is none."""
        return self.get(name)

    def replace(self, name: str, data: bytes) -> None:
        """Make `data` the content of a file."""
        self[name] = data


def wish(action: str, equipment: str = "52-VCB-SA1", why: str = "works") -> Proposal:
    """Return what a person wants with a tag."""
    return Proposal(equipment, TAG, action, 0.0, "anna", why)


def tagged(name: str) -> Hall:
    """Return a hall in which a tag hangs when the mains are lost."""
    hall = settled()
    hall.inbox.append(LaneMessage("shell", tags.TOPIC, {name: {"anna": "works"}}))
    hall.lose_mains()
    return hall


def test_a_thing_is_free_when_the_last_tag_is_off() -> None:
    hung: tags.Tags = {}
    for user in ("anna", "bert"):
        hung = tags.changed(SITE, hung, user, wish(HANG))
    assert hung == {"52-VCB-SA1": {"anna": "works", "bert": "works"}}
    hung = tags.changed(SITE, hung, "anna", wish(TAKE_OFF))
    assert hung == {"52-VCB-SA1": {"bert": "works"}}
    hung = tags.changed(SITE, hung, "bert", wish(TAKE_OFF))
    assert hung == {}


def test_who_has_none_there_takes_off_all_of_one_place_and_no_other() -> None:
    hung: tags.Tags = {"GT-1": {"anna": "a", "bert": "b"}, "DG-1": {"anna": "c"}}
    assert tags.changed(SITE, hung, "carl", wish(TAKE_OFF, "GT-1")) == {"DG-1": {"anna": "c"}}


@pytest.mark.parametrize(("name", "place"), [("CCTS-1", "CCTS-1"), ("ALTS-1", "ALTS-1")])
def test_a_tag_on_a_scheme_hangs_on_its_panel_or_switch(name: str, place: str) -> None:
    assert list(tags.changed(SITE, {}, "anna", wish(HANG, name))) == [place]


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("52-VCB-SA1", True), ("GT-1", True), ("SMR-1", True), ("UPS-A", True), ("HVDC-A", True),
        ("ALTS-1", True), ("CCTS-1", True), ("PV-1", True), ("TX-S-A1", True), ("M-UA", False),
        ("ES-UA", False), ("nothing", False),
    ],
)  # fmt: skip
def test_a_tag_hangs_where_it_forbids_something(name: str, may: bool) -> None:
    assert tags.may_hang(SITE, POINTS, name) is may


def test_every_tag_belongs_to_the_switching_lane() -> None:
    for name in ("ESS-1", "HVDC-A", "ROW-1", "52-VCB-SA1", "CCTS-1"):
        assert lane_of(SITE, wish(HANG, name)) == "switching"


def test_what_is_kept_is_recalled() -> None:
    files, hung = Files(), {"GT-1": {"anna": "works"}}
    assert tags.recalled(files, "shell") is None
    _, request = tags.told("switching", hung)
    assert request.function == tags.KEEP
    tags.keep(files, **request.arguments)
    assert tags.recalled(files, "shell") == LaneMessage("shell", tags.TOPIC, hung)


@pytest.mark.parametrize("damaged", ["{", "[]", '{"GT-1": 3}', "\xff", "[" * 10**5])
def test_with_tags_that_cannot_be_read_no_daemon_starts(damaged: str) -> None:
    files = Files({tags.NAME: damaged.encode("latin-1")})
    with pytest.raises(ValueError, match="nobody knows what hangs"):
        tags.recalled(files, "shell")


def test_json_is_what_a_person_can_read() -> None:
    files = Files()
    tags.keep(files, {"GT-1": {"anna": "works"}})
    assert json.loads(files[tags.NAME]) == {"GT-1": {"anna": "works"}}


@pytest.mark.parametrize("lane", ["switching", "main"])
def test_either_lane_heeds_what_it_is_told(lane: str) -> None:
    hall = Hall(params(lane))
    hall.inbox.append(LaneMessage("shell", tags.TOPIC, {"GT-1": {"anna": "works"}}))
    hall.scan()
    assert hall.state.facts.tags == {"GT-1": {"anna": "works"}}
    hall.scan()
    assert hall.state.facts.tags == {"GT-1": {"anna": "works"}}
    hall.inbox.append(LaneMessage("switching", tags.TOPIC, {}))
    hall.scan()
    assert hall.state.facts.tags == {}


def test_a_tagged_set_is_left_out_and_the_others_come() -> None:
    hall = tagged("DG-1")
    hall.run(25)
    started = {c.equipment for c in hall.commands if c.action == "start"}
    assert started == {"DG-2", "DG-3", "DG-4"}
    assert not [e for e in hall.events if e.name == "command_refused" and e.source == "DG-1"]
    assert all(hall.live()[bus] for bus in ("MVA", "MVB"))


def test_round_a_tagged_feeder_a_section_gets_its_voltage_over_the_tie() -> None:
    hall = tagged("52-VCB-GA")
    hall.run(40)
    closed = {c.equipment for c in hall.commands if c.action == "close"}
    assert "52-VCB-GA" not in closed
    assert {"52-VCB-GB", "52-VCB-TIE"} <= closed
    assert hall.live()["MVA"]


def test_on_a_tagged_board_no_set_starts() -> None:
    hall = tagged("CCTS-1")
    hall.run(10)
    assert not [c for c in hall.commands if c.action in {"start", "close"}]
