"""Whatever the images say and whoever asks: laws of the switching lane."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from daemon.core.ownership import lane_of
from daemon.core.step import CONTROL, Control, Inputs, step
from daemon.core.topology import Presence, survey
from daemon.model.commands import Command, Proposal
from daemon.model.natures import Position
from daemon.model.quality import Quality
from tests.hall import CLOSED, OPEN, Hall, params, settled, site_file
from tests.persons import by_hand
from tests.properties import examples
from tests.properties.plain import plain

if TYPE_CHECKING:
    from daemon.model.image import Image

SITE, POINTS, _ = site_file()
BREAKERS = [e.id for e in SITE.of_nature("breaker") if e.buses[0] in {"HV", "IN", "TPA2", "MVA"}]
BREAKERS += ["52-VCB-MB", "52-VCB-GA", "52-VCB-GB", "52-VCB-EB", "52-GCB-1", "52-GCB-2", "52-GCB-3"]
SETS = [f"DG-{n}" for n in range(1, 5)]

plants = st.fixed_dictionaries(
    {
        "positions": st.dictionaries(
            st.sampled_from(BREAKERS), st.sampled_from([0, OPEN, CLOSED, 3]), max_size=8
        ),
        "utilities": st.fixed_dictionaries({"U-A": st.booleans(), "U-B": st.booleans()}),
        "stages": st.dictionaries(
            st.sampled_from(SETS), st.sampled_from(["stopped", "ready", "fault"]), max_size=4
        ),
        "hidden": st.sets(
            st.tuples(
                st.sampled_from(BREAKERS),
                st.sampled_from(["position", "source_voltage_v", "load_voltage_v", "sync_25"]),
            ),
            max_size=4,
        ),
        "lies": st.dictionaries(
            st.tuples(
                st.sampled_from(BREAKERS), st.sampled_from(["source_voltage_v", "load_voltage_v"])
            ),
            st.sampled_from([0.0, 3300.0, 6600.0, 15400.0]),
            max_size=2,
        ),
    }
)
requests = st.lists(
    st.tuples(st.sampled_from(BREAKERS), st.sampled_from(["open", "close", "close_in_sync"])),
    max_size=4,
)


def show(hall: Hall, plant: dict[str, Any]) -> None:
    """Let a hall be as drawn."""
    hall.positions |= plant["positions"]
    hall.utilities |= plant["utilities"]
    hall.stages |= plant["stages"]
    hall.hidden = set(plant["hidden"])
    hall.said = dict(plant["lies"])


def judge(command: Command, image: Image) -> None:
    """Fail if a command must not be given on this image."""
    if not command.action.startswith("close"):
        return
    item = SITE.equipment[command.equipment]
    index = POINTS.index(item.id, "position")
    assert image.get(index) == Position.OPEN.value
    topology = survey(image, SITE, POINTS)
    sides = [topology.presence[bus] for bus in item.buses[:2]]
    assert Presence.UNKNOWN not in sides
    assert Presence.EARTHED not in sides
    if command.action == "close":
        assert sides != [Presence.LIVE, Presence.LIVE]
    else:
        assert sides == [Presence.LIVE, Presence.LIVE]
        assert image.good(POINTS.find(item.id, "sync_25"))


@pytest.mark.fault("F38", "F26")
@examples(40)
@given(plant=st.lists(plants, min_size=1, max_size=3), asked=requests, gap=st.integers(1, 400))
def test_no_sequence_closes_live_on_live_or_onto_the_unknown(
    plant: list[dict[str, Any]], asked: list[tuple[str, str]], gap: int
) -> None:
    hall = settled()
    for number, drawn in enumerate(plant):
        show(hall, drawn)
        for i, (name, action) in enumerate(asked):
            hall.inbox += by_hand(f"{number}-{i}", name, action)
        for _ in range(5):
            hall.happen()
            image = hall.image()
            before = len(hall.commands)
            hall.scan()
            for command in hall.commands[before:]:
                judge(command, image)
        hall.now_ns += gap * 10_000_000


@pytest.mark.fault("F20", "F38")
@examples(20)
@given(
    plant=plants,
    bad=st.sampled_from([Quality.BAD, Quality.BAD_NO_COMMUNICATION, Quality.UNCERTAIN]),
)
def test_nothing_is_ever_closed_on_bad_or_uncertain_data(
    plant: dict[str, Any], bad: Quality
) -> None:
    hall = settled()
    show(hall, plant)
    image = hall.image()
    quality = image.quality.copy()
    quality[:] = bad
    dark = type(image)(image.now_ns, image.utc_ns, image.values, quality, image.source_ns)
    asked = tuple(word for name in BREAKERS for word in by_hand(name, name, "close"))
    done = step(hall.state, Inputs(dark, asked), hall.params)
    assert not [c for c in done.commands if c.action.startswith(("close", "start", "to_"))]


@examples(15)
@given(plant=plants, asked=requests)
def test_same_state_and_inputs_give_the_same_step_and_the_state_survives_a_file(
    plant: dict[str, Any], asked: list[tuple[str, str]]
) -> None:
    hall = settled()
    show(hall, plant)
    for i, (name, action) in enumerate(asked):
        hall.inbox += by_hand(f"{i}", name, action)
    hall.scan()
    inputs = Inputs(hall.image(), tuple(hall.inbox))
    kept = pickle.loads(pickle.dumps(hall.state))
    assert plain(kept) == plain(hall.state)
    once = step(hall.state, inputs, hall.params)
    again = step(kept, inputs, params())
    assert plain(again.state) == plain(once.state)
    assert again.commands == once.commands
    assert again.events == once.events
    assert again.messages == once.messages


def test_ids_rise_and_no_two_commands_share_one() -> None:
    hall = settled()
    ids: list[int] = []
    hall.lose_mains()
    for _ in range(400):
        ids += [c.id for c in hall.scan().commands if c.point == "command"]
    assert ids == sorted(set(ids))


def test_every_block_of_control_has_a_field_and_bounds_that_hold() -> None:
    assert set(CONTROL) == set(Control.__dataclass_fields__)
    for name, kind in CONTROL.items():
        TypeAdapter(kind).validate_python(getattr(Control(), name))
    with pytest.raises(ValueError, match="confirm_s"):
        TypeAdapter(CONTROL["outage"]).validate_python({"confirm_s": -1})
    with pytest.raises(ValueError, match="confirm"):
        TypeAdapter(CONTROL["outage"]).validate_python({"confirm": 1})


def test_every_commanded_device_has_one_lane() -> None:
    for item in SITE.equipment.values():
        for action in item.kind.commands():
            lane = lane_of(SITE, Proposal(item.id, "command", action, 0.0, "", ""))
            assert (lane == "switching") == (
                item.nature
                in {"breaker", "generator", "gas_turbine", "smr", "transfer_switch", "ups"}
            )


def test_a_site_without_generators_and_schemes_of_ours_runs() -> None:
    hall = Hall(params=params(name="traditional"))
    hall.run(17.0)
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.run(3.0)
    assert hall.happened("outage_confirmed")
    assert all(m.values["all_ac_lost"] for m in hall.messages[-1:])
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(17.0)
    assert hall.happened("mains_returned")
    assert not [c for c in hall.commands if c.action != "beat"]
