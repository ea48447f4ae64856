"""The times and counts of the intake, at their limits."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.core.facts import Facts, Health, Supply
from daemon.core.topology import survey
from daemon.core.transfer import intake
from daemon.core.transfer.intake import At, Stage
from daemon.core.view import View
from daemon.model.quantities import ns
from tests.hall import OPEN, Hall, params, site_file

BEGIN_NS = ns(1000.0)
ON_2 = {"U-A": Health.FAILED, "U-B": Health.HEALTHY}
BOTH = {"U-A": Health.HEALTHY, "U-B": Health.HEALTHY}
TIMES = intake.Params()


def looked(
    at: At,
    after_s: float = 0.0,
    health: dict[str, Health] = ON_2,
    times: intake.Params = TIMES,
    hall: Hall | None = None,
    stable: tuple[str, ...] = (),
) -> tuple[At, list[str]]:
    """Return what becomes of the switch in one look, and what is asked of it."""
    hall = hall or lost()
    hall.now_ns = BEGIN_NS + ns(after_s)
    given, image = hall.params, hall.image()
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=given.site,
        points=given.points,
        topology=survey(image, given.site, given.points),
        facts=Facts(supply=Supply(health, stable, False, 0)),
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    turn = intake.step(view, intake.State({"ALTS-1": at}), times)
    return turn.state.schemes["ALTS-1"], [p.action for p in turn.proposals]


def lost() -> Hall:
    """Return the hall on a feed that has failed, the other one arriving."""
    hall = Hall()
    hall.utilities["U-A"] = False
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    return hall


def test_it_waits_before_it_moves_and_is_counted_when_it_does() -> None:
    standing = At(Stage.STANDING, BEGIN_NS)
    waiting, asked = looked(standing)
    assert (waiting.stage, waiting.target, asked) == (Stage.WAITING, 2, [])
    assert looked(waiting, TIMES.transfer_s - 0.001)[0].stage is Stage.WAITING
    ready, asked = looked(waiting, TIMES.transfer_s)
    assert (ready.stage, ready.moved_ns, asked) == (Stage.READY, (), [])
    moving, asked = looked(ready, 1.0)
    assert (moving.stage, asked) == (Stage.MOVING, ["to_source_2"])
    assert moving.moved_ns == (BEGIN_NS + ns(1.0),)
    again, asked = looked(moving, 2.0)
    assert (again.stage, again.moved_ns, asked) == (Stage.MOVING, moving.moved_ns, ["to_source_2"])


def test_what_the_interlocks_hold_back_is_no_transfer() -> None:
    hall = Hall()
    hall.utilities["U-A"] = False  # the sources of the site still hang on the switch
    held, asked = looked(At(Stage.READY, BEGIN_NS, 2), hall=hall)
    assert (held.stage, held.moved_ns, asked) == (Stage.READY, (), [])
    assert held.refused_by == "onto_island"
    assert looked(At(Stage.READY, BEGIN_NS, 2), health=BOTH, hall=Hall())[0].stage is Stage.STANDING


def test_a_switch_that_does_not_arrive_in_its_time_is_locked_out() -> None:
    moving = At(Stage.MOVING, BEGIN_NS, 2)
    assert looked(moving, TIMES.travel_s - 0.001)[0].stage is Stage.MOVING
    assert looked(moving, TIMES.travel_s) == (moving._replace(
        stage=Stage.LOCKOUT, since_ns=BEGIN_NS + ns(TIMES.travel_s)
    ), [])  # fmt: skip
    hall = lost()
    hall.connected["ALTS-1"] = 2
    arrived, asked = looked(moving, 0.1, hall=hall)
    assert (arrived.stage, asked) == (Stage.STANDING, [])


@pytest.mark.parametrize(
    ("ages_s", "stage"),
    [
        ((10.0, 20.0), Stage.WAITING),
        ((10.0, 20.0, 30.0), Stage.LOCKOUT),
        ((10.0, 20.0, 299.9), Stage.LOCKOUT),
        ((10.0, 20.0, 300.0), Stage.WAITING),
    ],
)
def test_so_many_transfers_in_the_window_and_no_more(
    ages_s: tuple[float, ...], stage: Stage
) -> None:
    moved_ns = tuple(BEGIN_NS - ns(age_s) for age_s in ages_s)
    assert looked(At(Stage.STANDING, BEGIN_NS, moved_ns=moved_ns))[0].stage is stage


def test_without_a_reason_to_go_no_count_locks_out() -> None:
    moved_ns = (BEGIN_NS,) * 5
    at = At(Stage.STANDING, BEGIN_NS, moved_ns=moved_ns)
    assert looked(at, health=BOTH, hall=Hall())[0].stage is Stage.STANDING


def test_it_goes_back_after_its_time_on_the_other_only_where_asked() -> None:
    hall = Hall()
    hall.connected["ALTS-1"] = 2
    eager = intake.Params(return_to_source_1=True, return_s=10.0)
    standing = At(Stage.STANDING, BEGIN_NS)
    seen, _ = looked(standing, 0.0, BOTH, eager, hall, ("U-A",))
    assert (seen.preferred_ns, seen.target) == (BEGIN_NS, 0)
    assert looked(seen, 9.9, BOTH, eager, hall, ("U-A",))[0].target == 0
    assert looked(seen, 10.0, BOTH, eager, hall, ("U-A",))[0].target == 1
    assert looked(seen, 10.0, BOTH, TIMES, hall, ("U-A",))[0].target == 0
    assert looked(seen, 10.0, BOTH, eager, hall, ())[0].preferred_ns == 0
    assert looked(standing, 0.0, BOTH, eager, Hall(), ("U-A",))[0].preferred_ns == 0


@pytest.mark.parametrize("silent", ["selector", "connected"])
def test_a_switch_that_cannot_be_read_is_not_moved(silent: str) -> None:
    hall = lost()
    hall.hidden.add(("ALTS-1", silent))
    assert looked(At(Stage.STANDING, BEGIN_NS), hall=hall)[0].stage is Stage.STANDING


def test_a_scheme_in_the_hands_of_its_device_is_left_to_it() -> None:
    site, _, _ = site_file()
    assert set(intake.initial(site, TIMES).schemes) == {"ALTS-1"}
    own = replace(site.schemes["ALTS-1"], authority="device")
    schemes = MappingProxyType({**site.schemes, "ALTS-1": own})
    assert intake.initial(replace(site, schemes=schemes), TIMES).schemes == {}
    assert params().site.schemes["ALTS-1"].authority == "daemon"
