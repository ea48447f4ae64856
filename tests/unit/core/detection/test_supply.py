"""What the feeds and the delivery bus show together, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from daemon.core.detection import outage
from daemon.core.detection.outage import Feed, Judged, Stage
from daemon.core.facts import Facts, Health, Island, Supply
from daemon.core.topology import Presence, survey
from daemon.core.view import View
from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.model.points import tabulate
from daemon.model.quantities import SECOND, ns
from tests.hall import OPEN, Hall, params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.view import Turn
    from daemon.model.events import Event
    from daemon.model.plant import Scheme, Site

WELL, FAILED, SILENT = Health.HEALTHY, Health.FAILED, Health.UNKNOWN
LIVE, DEAD, UNKNOWN = Presence.LIVE, Presence.DEAD, Presence.UNKNOWN
LIMITS = outage.Params()


class Supplied:
    """A site that shows what a test says of its feeds and its delivery buses.

    Attributes:
        state: of the detection.
        presence: what is known of a bus; of every other that it is live.
        island: the bus of the island, if there is one.
        turn: the last answer.
    """

    def __init__(self, stage: Stage = Stage.NORMAL, site: Site | None = None) -> None:
        hall = Hall()
        if site is not None:
            hall.params = replace(params(), site=site, points=tabulate(site))
        self.hall = hall
        for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV"):  # what would feed a lost feed's bus
            hall.positions[name] = OPEN
        at_ns = hall.now_ns
        feeds = {u.id: Judged(Feed.LOST, at_ns) for u in hall.site.of_nature("utility")}
        lost_ns = 0 if stage is Stage.NORMAL else at_ns
        self.state = outage.State(stage, at_ns, lost_ns, feeds)
        self.presence: dict[str, Presence] = {}
        self.island = ""
        self.turn: Turn[outage.State]
        self.told: list[Event] = []

    def scan(self, a: Health, b: Health, after_s: float = 0.0) -> Stage:
        """Let time pass and look once; return the stage of the site."""
        hall = self.hall
        hall.now_ns += ns(after_s)
        names = zip(hall.site.of_nature("utility"), (a, b), strict=False)
        said = {u.id: health for u, health in names}
        hall.utilities = {name: health is WELL for name, health in said.items()}
        hall.silent = {
            e.id
            for e in hall.site.of_nature("relay", "breaker", "meter")
            for name, health in said.items()
            if health is SILENT and e.buses[0] == hall.site.equipment[name].buses[0]
        }
        self.turn = outage.step(self._view(), self.state, LIMITS)
        self.state = self.turn.state
        self.told += self.turn.events  # type: ignore[arg-type]
        return self.state.stage

    def _view(self) -> View:
        here, image = self.hall.params, self.hall.image()
        presence = dict.fromkeys(here.site.buses, LIVE) | self.presence
        return View(
            lane="switching",
            image=image,
            inbox=(),
            site=here.site,
            points=here.points,
            topology=replace(survey(image, here.site, here.points), presence=presence),
            facts=Facts(island=Island(bus=self.island)),
            heard={},
            estimate=None,
            epoch=1,
            next_id=1,
        )

    def names(self) -> list[str]:
        """Return the names of what was told of the supply."""
        return [e.name for e in self.told if e.source == "supply"]


@pytest.mark.parametrize(
    ("begin", "feeds", "delivery", "end"),
    [
        (Stage.NORMAL, (WELL, WELL), LIVE, Stage.NORMAL),
        (Stage.NORMAL, (FAILED, WELL), LIVE, Stage.NORMAL),
        (Stage.NORMAL, (FAILED, FAILED), LIVE, Stage.DISTURBED),
        (Stage.NORMAL, (FAILED, SILENT), LIVE, Stage.NORMAL),
        (Stage.NORMAL, (SILENT, SILENT), LIVE, Stage.NORMAL),
        (Stage.NORMAL, (SILENT, SILENT), DEAD, Stage.DISTURBED),
        (Stage.NORMAL, (FAILED, SILENT), DEAD, Stage.DISTURBED),
        (Stage.NORMAL, (SILENT, SILENT), UNKNOWN, Stage.NORMAL),
        (Stage.NORMAL, (FAILED, WELL), DEAD, Stage.CUT_OFF),
        (Stage.NORMAL, (FAILED, WELL), UNKNOWN, Stage.NORMAL),
        (Stage.DISTURBED, (FAILED, WELL), LIVE, Stage.NORMAL),
        (Stage.DISTURBED, (FAILED, WELL), UNKNOWN, Stage.NORMAL),
        (Stage.DISTURBED, (FAILED, WELL), DEAD, Stage.CUT_OFF),
        (Stage.DISTURBED, (FAILED, SILENT), LIVE, Stage.DISTURBED),
        (Stage.CUT_OFF, (WELL, WELL), LIVE, Stage.NORMAL),
        (Stage.CUT_OFF, (WELL, WELL), UNKNOWN, Stage.NORMAL),
        (Stage.CUT_OFF, (WELL, SILENT), DEAD, Stage.CUT_OFF),
        (Stage.CUT_OFF, (FAILED, FAILED), DEAD, Stage.DISTURBED),
        (Stage.OUTAGE, (WELL, WELL), LIVE, Stage.OUTAGE),
        (Stage.OUTAGE, (WELL, WELL), DEAD, Stage.OUTAGE),
        (Stage.RESTORING, (WELL, FAILED), LIVE, Stage.NORMAL),
        (Stage.RESTORING, (WELL, FAILED), UNKNOWN, Stage.RESTORING),
        (Stage.RESTORING, (WELL, FAILED), DEAD, Stage.RESTORING),
        (Stage.RESTORING, (FAILED, FAILED), DEAD, Stage.OUTAGE),
        (Stage.RESTORING, (SILENT, SILENT), LIVE, Stage.RESTORING),
        (Stage.SEVERED, (WELL, WELL), LIVE, Stage.NORMAL),
        (Stage.SEVERED, (WELL, WELL), UNKNOWN, Stage.SEVERED),
        (Stage.SEVERED, (WELL, FAILED), DEAD, Stage.SEVERED),
        (Stage.SEVERED, (FAILED, FAILED), DEAD, Stage.OUTAGE),
    ],
)
def test_feeds_and_delivery_bus_decide_together(
    begin: Stage, feeds: tuple[Health, Health], delivery: Presence, end: Stage
) -> None:
    site = Supplied(begin)
    site.presence["HV"] = delivery
    assert site.scan(*feeds) is end


@pytest.mark.parametrize("begin", [Stage.DISTURBED, Stage.RESTORING, Stage.SEVERED])
def test_a_delivery_bus_that_the_site_itself_feeds_is_no_delivery(begin: Stage) -> None:
    site = Supplied(begin)
    site.island = "HV"
    assert site.scan(WELL, WELL, 0.5) is begin
    assert site.scan(WELL, WELL, 0.5) is begin
    site.island = ""
    assert site.scan(WELL, WELL) is Stage.NORMAL


@pytest.mark.parametrize(
    ("begin", "feeds", "delivery", "after_s", "end"),
    [
        (Stage.DISTURBED, (FAILED, FAILED), DEAD, LIMITS.confirm_s, Stage.OUTAGE),
        (Stage.CUT_OFF, (WELL, WELL), DEAD, LIMITS.undelivered_s, Stage.SEVERED),
        (Stage.RESTORING, (WELL, WELL), DEAD, LIMITS.undelivered_s, Stage.SEVERED),
    ],
)
def test_what_lasts_for_its_time_and_not_a_moment_less_is_an_outage(
    begin: Stage, feeds: tuple[Health, Health], delivery: Presence, after_s: float, end: Stage
) -> None:
    site = Supplied(begin)
    site.presence["HV"] = delivery
    assert site.scan(*feeds, after_s - 0.001) is begin
    assert site.scan(*feeds, 0.001) is end
    supply = site.turn.facts["supply"]  # type: ignore[index]
    assert supply.outage
    assert supply.since_ns == site.state.lost_ns


def test_the_supply_is_counted_as_lost_from_its_first_moment() -> None:
    """A relapse, or a delivery that never comes, does not start the clock of the report anew."""
    site = Supplied()
    site.presence["HV"] = DEAD
    site.scan(FAILED, FAILED, 1.0)
    lost_ns = site.hall.now_ns
    for feeds in ((FAILED, WELL), (FAILED, FAILED)):
        site.scan(*feeds, 0.5)
        assert site.state.lost_ns == lost_ns
    site.scan(FAILED, FAILED, LIMITS.confirm_s)
    assert site.turn.facts == {"supply": Supply({"U-A": FAILED, "U-B": FAILED}, (), True, lost_ns)}
    assert site.told[-1].fields["lasted_s"] == 1.0 + LIMITS.confirm_s
    site.presence["HV"] = LIVE
    site.scan(WELL, WELL, 1.0)
    site.scan(WELL, WELL, LIMITS.return_stable_s)
    site.scan(WELL, WELL, 0.01)
    site.scan(WELL, WELL, 0.01)
    assert site.state.stage is Stage.NORMAL
    site.scan(FAILED, FAILED, 100.0)
    assert site.state.lost_ns == site.hall.now_ns


def test_each_stage_is_told_by_its_name_with_the_time_it_took() -> None:
    site = Supplied()
    site.scan(WELL, WELL)
    site.scan(WELL, WELL, LIMITS.return_stable_s)
    site.presence["HV"] = DEAD
    site.scan(FAILED, FAILED, 1.0)
    site.scan(FAILED, FAILED, 1.50007)
    site.scan(WELL, FAILED, 10.0)
    site.scan(WELL, FAILED, 15.0)
    site.scan(WELL, FAILED, 0.01)
    site.scan(WELL, FAILED, 6.0)
    site.presence["HV"] = LIVE
    site.scan(WELL, FAILED, 1.0)
    of_site = [e for e in site.told if e.source == "supply"]
    told = [(e.name, e.fields["stage"], e.fields["lasted_s"], e.text) for e in of_site]
    assert told == [
        ("outage_detected", "disturbed", 0.0, "no feed is healthy"),
        ("outage_confirmed", "outage", 1.5, "outage, 1.5 s after the loss"),
        ("mains_returned", "restoring", 26.5, "a feed is stable, 26.5 s after the loss"),
        ("outage_confirmed", "severed", 32.51, "no delivery for 32.51 s"),
        ("supply_restored", "normal", 33.51, "supply is back after 33.51 s"),
    ]


def test_a_lack_of_delivery_that_passes_was_a_sag() -> None:
    site = Supplied()
    site.presence["HV"] = DEAD
    site.scan(WELL, WELL, 1.0)
    site.presence["HV"] = LIVE
    site.scan(WELL, WELL, 2.0)
    assert site.names() == ["delivery_lost", "sag_ended"]
    assert site.told[-1].text == "momentary loss of 2.0 s"


def test_a_feed_is_told_only_when_its_stage_changes() -> None:
    site = Supplied()
    for feeds in ((WELL, FAILED), (WELL, FAILED), (FAILED, FAILED), (FAILED, FAILED)):
        site.scan(*feeds, 1.0)
    told = [(e.source, e.fields["stage"], e.text) for e in site.told if e.name == "feed_stage"]
    assert told == [
        ("U-A", "returning", "U-A: back, not yet stable"),
        ("U-A", "lost", "U-A: lost"),
    ]


def test_only_a_feed_that_is_stable_is_stable() -> None:
    site = Supplied(Stage.OUTAGE)
    site.scan(WELL, FAILED)
    site.scan(WELL, WELL, 10.0)
    site.scan(WELL, WELL, LIMITS.return_stable_s - 10.0)
    assert site.turn.facts["supply"].stable == ("U-A",)  # type: ignore[index]
    site.scan(FAILED, WELL, 0.01)
    assert site.turn.facts["supply"].stable == ()  # type: ignore[index]


def with_schemes(schemes: Mapping[str, Scheme]) -> Site:
    """Return the hall with other schemes."""
    return replace(Hall().site, schemes=MappingProxyType(dict(schemes)))


def test_a_site_without_switches_of_its_own_is_supplied_by_a_healthy_feed() -> None:
    site = Supplied(Stage.RESTORING, with_schemes({}))
    site.presence |= dict.fromkeys(site.hall.site.buses, DEAD)
    assert site.scan(WELL, FAILED) is Stage.NORMAL
    assert site.scan(SILENT, SILENT) is Stage.NORMAL


def test_where_nothing_joins_the_feeds_arrive_behind_the_switch_of_the_intake() -> None:
    schemes = Hall().site.schemes
    intake = {k: v for k, v in schemes.items() if isinstance(v, IntakeScheme)}
    (behind,) = {Hall().site.equipment[s.switch].buses[-1] for s in intake.values()}
    assert behind != "HV"
    site = Supplied(site=with_schemes(intake))
    site.presence = {"HV": DEAD}
    assert site.scan(WELL, WELL) is Stage.NORMAL
    site.presence = {behind: DEAD}
    assert site.scan(WELL, WELL) is Stage.CUT_OFF
    both = Supplied()
    both.presence = {behind: DEAD}
    assert both.scan(WELL, WELL) is Stage.NORMAL


def test_where_two_boards_are_fed_the_loss_of_one_is_no_outage_and_no_supply() -> None:
    schemes = Hall().site.schemes
    ((name, one),) = [(k, v) for k, v in schemes.items() if isinstance(v, MainTieMainScheme)]
    other = replace(one, intake="52-VCB-MA")
    delivery = Hall().site.equipment["52-VCB-MA"].buses[-1]
    site = Supplied(Stage.RESTORING, with_schemes({name: one, "CCTS-2": other}))
    site.presence = {"HV": LIVE, delivery: DEAD}
    assert site.scan(WELL, WELL) is Stage.RESTORING
    site.presence = {"HV": LIVE, delivery: LIVE}
    site.island = delivery
    assert site.scan(WELL, WELL) is Stage.RESTORING
    site.island = ""
    assert site.scan(WELL, WELL) is Stage.NORMAL
    site.presence = {"HV": DEAD, delivery: UNKNOWN}
    assert site.scan(WELL, WELL) is Stage.NORMAL
    site.presence = {"HV": DEAD, delivery: DEAD}
    assert site.scan(WELL, WELL) is Stage.CUT_OFF


def test_an_answer_at_rest_is_given_again_only_to_the_same_question() -> None:
    """What stands is not thought over; what has changed is, whatever it is."""
    site = Supplied()
    site.scan(WELL, WELL, 1.0)
    site.scan(WELL, WELL, LIMITS.return_stable_s)
    site.scan(WELL, WELL, 1.0)
    site.scan(WELL, WELL, 1.0)
    rest = site.turn
    site.scan(WELL, WELL, 1.0)
    assert site.turn is rest
    site.scan(WELL, SILENT, 1.0)
    assert site.turn.facts["supply"].feeds["U-B"] is SILENT  # type: ignore[index]
    site.presence["HV"] = DEAD
    assert site.scan(WELL, WELL, 1.0) is Stage.CUT_OFF
    assert site.scan(WELL, WELL, LIMITS.undelivered_s / 2) is Stage.CUT_OFF
    assert site.scan(WELL, WELL, LIMITS.undelivered_s / 2) is Stage.SEVERED
    assert site.scan(WELL, WELL, SECOND) is Stage.SEVERED
    count = len(site.told)
    site.scan(WELL, WELL, 1.0)
    site.scan(WELL, WELL, 1.0)
    assert len(site.told) == count


def test_before_anything_was_lost_nothing_was() -> None:
    site = Supplied()
    begun = outage.initial(site.hall.site, LIMITS)
    assert begun == outage.State(Stage.NORMAL, 0, 0, dict.fromkeys(("U-A", "U-B"), Judged()))
    site.state = begun
    site.scan(WELL, WELL)
    assert site.turn.facts == {"supply": Supply({"U-A": WELL, "U-B": WELL})}


@pytest.mark.parametrize(
    ("seen_pu", "after_s"),
    [
        (
            LIMITS.voltage_low_pu,
            LIMITS.confirm_s,
        ),  # this is no low voltage: something else is wrong
        (LIMITS.voltage_low_pu - 0.001, LIMITS.shallow_s),
        (LIMITS.shallow_pu, LIMITS.shallow_s),
        (LIMITS.shallow_pu - 0.001, LIMITS.confirm_s),
    ],
)
def test_a_sag_is_shallow_between_its_limits(seen_pu: float, after_s: float) -> None:
    site = Supplied(Stage.NORMAL)
    points = {"relay": "voltage_ll_v", "breaker": "source_voltage_v", "meter": "voltage_v"}
    for bus in ("UA", "UB"):
        nominal_v = site.hall.site.buses[bus].voltage_v
        for item in site.hall.site.of_nature(*points):
            if item.buses[0] == bus:
                site.hall.said[item.id, points[item.nature]] = seen_pu * nominal_v
                site.hall.said[item.id, "pickup_27"] = 1.0
                site.hall.said[item.id, "frequency_hz"] = 50.0
    for name in ("52-GCB-UA", "52-GCB-UB"):
        site.hall.hidden.add((name, "source_voltage_v"))
    assert site.scan(WELL, WELL) is Stage.DISTURBED
    assert site.scan(WELL, WELL, after_s - 0.001) is Stage.DISTURBED
    assert site.scan(WELL, WELL, 0.001) is Stage.OUTAGE


def test_the_same_look_at_another_time_has_a_time_of_its_own() -> None:
    """What is kept of an answer is only that nothing changes."""
    site = Supplied()
    for name in site.state.feeds:
        assert site.state.feeds[name].stage is Feed.LOST
    begun = site.state
    for _ in range(2):
        site.state = begun
        site.scan(FAILED, FAILED, 5.0)
        assert site.state.since_ns == site.state.lost_ns == site.hall.now_ns
