"""Every point of a site that measures something electrical: what, where, how well.

An instrument reads a weighted sum of points (mostly one) and measures a quantity of the drawing:
a voltage, a draw, a flow. The flow of a switch is what hangs behind it, so what an instrument
measures in the network follows from what is closed. Nothing is measured in a dead part.

**How well.** By the class of the instrument: meters by theirs, what a device tells of itself by the
figures below, with a floor of a part of the rating, as no instrument is exact near zero, and with
the step of its register. A current counts where its device tells no power (`ammeters`).

**What nothing measures** has pseudo-measurements: reactive power by a typical power factor, power
by nameplate, and by set-point while the device follows one, no power of what only compensates, loss
curves by their fit, the voltage inside a UPS, taps in the middle, one nominal voltage for each
island. They keep the network observable and are too weak to argue with an instrument.

Source: standard deviations of 0.5 % of voltage and 1 % of power as in distribution practice; class
0.2 of IEC 61557-12 for meters; power factors of typical nameplates.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.estimation.drawing import BASE_VA, BATTERY, Drawing, drawing
from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.points import Register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.estimation.drawing import Draw
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable


class Accuracy(NamedTuple):
    """Standard deviation of an instrument.

    Attributes:
        voltage_pu: of voltages, by nominal.
        power_pu: of powers, by reading.
        floor_pu: of powers, by rating, even at nothing.
    """

    voltage_pu: float
    power_pu: float
    floor_pu: float


METER: Final = Accuracy(0.001, 0.002, 0.0002)
DEVICE: Final = Accuracy(0.005, 0.01, 0.001)
RACK: Final = Accuracy(0.005, 0.02, 0.002)
"""Power supplies are no instruments."""
ACCURACY: Final = {"meter": METER, "ai_rack": RACK, "it_rack": RACK, "rack_row": RACK}
"""By nature; all others are as `DEVICE`."""
TAP_SIGMA_PU: Final = 0.05
"""Standard deviation of a ratio that no tap position tells."""
TAP_SIGMA_STEP: Final = 0.05
"""Standard deviation of a tap position, by its step."""
LOSS_SIGMA_PU: Final = 0.1
"""Of a coefficient of a loss curve, by itself: the curve is that of another make."""
SPLIT_SIGMA_PU: Final = 0.6
"""Of a coefficient of half a UPS, by itself: the nameplate tells of both halves together."""
INNER_SIGMA_PU: Final = 0.01
"""Of the voltage inside a UPS."""
NOMINAL_SIGMA_PU: Final = 0.15
"""Of the voltage of an island that has nothing but its nominal one."""
TAN: Final = {
    "hvdc": 0.05,
    "ups": 0.1,
    "rectifier": 0.1,
    "it_rack": 0.2,
    "pump": 0.4,
    "chiller": 0.5,
}
"""Reactive by active power, by nature."""
TAN_SIGMA: Final = 0.1
ANGLE_SIGMA: Final = 0.01
"""Standard deviation by reading of a current, for the usual power factor (`ammeters`)."""
GUESS_PU: Final = 0.6
"""Standard deviation of a power that only the nameplate tells, by rating."""
SET_PU: Final = 0.12
"""Standard deviation of a power that a set-point tells, by rating: it stays a guess by `VAGUE_PU`
of `believed`."""
FOLLOWS: Final = {"smr": "on_grid", "gas_turbine": "loaded", "ess": "grid_following"}
"""By nature the stage in which a device follows its set-point of power. Sets of an island share its
load among them, whatever they are set to."""
HALF: Final = 0.5
"""What a load or converter takes that nothing measures, by rating."""
OWN_LOSS_PU: Final = 0.01
"""Active power of what only compensates, by rating."""


class At(NamedTuple):
    """A quantity of the drawing.

    Attributes:
        what: "voltage" of a bus, "draw_p", "draw_q", "flow_p", "flow_q", "tap" of a branch,
            "converter_p", "converter_q", "converter_i" or "converter_dc_p" (into its DC bus),
            "loss_a" to "loss_c", "switch_p" from its first to its second bus, "through_p": all that
            leaves a bus; and what ammeters show (`ammeters`): "switch_i", "through_i", "flow_i".
        number: of the bus, draw, branch, converter or switch in the drawing.
        end: of a branch.
        sign: how often it counts.
    """

    what: str
    number: int
    end: int = 0
    sign: float = 1.0


class Instrument(NamedTuple):
    """What measures one quantity.

    Attributes:
        points: indices of the points it is read from; none for a pseudo-measurement.
        weights: what each is multiplied with to be in per unit.
        constant: added to that [pu]: the whole of a pseudo-measurement.
        at: what it measures, the sum of these.
        relative: standard deviation by reading [pu].
        absolute: standard deviation at nothing [pu].
        rated: rating of what it measures [pu], for voltages 1.
        period_s: longest period of its points [s].
        following: of a set-point, the point of the stage and its code in which it is followed.
    """

    points: tuple[int, ...]
    weights: tuple[float, ...]
    constant: float
    at: tuple[At, ...]
    relative: float
    absolute: float
    rated: float
    period_s: float
    following: tuple[int, int] | None = None


_VOLTAGES: Final = {
    "breaker": (("source_voltage_v", 0), ("load_voltage_v", 1)),
    "relay": (("voltage_ll_v", 0),),
    "meter": (("voltage_v", 0),),
    "generator": (("voltage_ll_v", 0),),
    "gas_turbine": (("voltage_ll_v", 0),),
    "smr": (("voltage_ll_v", 0),),
    "pv": (("voltage_ll_v", 0),),
    "ess": (("voltage_v", 0),),
    "statcom": (("voltage_ll_v", 0),),
    "chiller": (("voltage_ll_v", 0),),
    "pump": (("voltage_ll_v", 0),),
    "ups": (("input_voltage_ll_v", 0), ("output_voltage_ll_v", 1)),
    "hvdc": (("input_voltage_ll_v", 0), ("output_voltage_v", 1)),
    "rectifier": (("input_voltage_ll_v", 0), ("output_voltage_v", 1)),
    "it_rack": (("feed_a_voltage_v", 0), ("feed_b_voltage_v", 1)),
    "transfer_switch": (
        ("source_1_voltage_ll_v", 0),
        ("source_2_voltage_ll_v", 1),
        ("load_voltage_ll_v", 2),
    ),
}
"""Voltage points by nature, with the terminal they are at."""
_GENERATING: Final = frozenset({Role.SOURCE, Role.STORAGE})


class Instruments:
    """All instruments of a site, pseudo-measurements last.

    Attributes:
        drawing: the site.
        all: in the order of every array of measurements.
        count: how many of them are real.
        nominal: by pseudo-measurement of a nominal voltage its bus; one is enough for an island.
    """

    def __init__(self, site: Site, points: PointTable) -> None:
        self.drawing: Final[Drawing] = drawing(site, points)
        self._site = site
        self._points = points
        real = [i for item in site.equipment.values() for i in self._of(item)]
        real += [i for draw in self._rows() for i in draw]
        self.count: Final = len(real)
        measured = {(a.what, a.number) for i in real for a in i.at if len(i.at) == 1}
        self.all: Final = (*real, *self._pseudo(measured), *map(_nominal, self._feeding()))
        self.nominal: Final = dict(
            enumerate(self._feeding(), start=len(self.all) - len(self._feeding()))
        )

    # What a point measures.

    def _of(self, item: Equipment) -> Iterator[Instrument]:
        for name, terminal in _VOLTAGES.get(item.nature, ()):
            if terminal < len(item.buses):
                yield from self._voltage(item, name, self.drawing.number[item.buses[terminal]])
        if item.nature in {"breaker", "transfer_switch"}:
            yield from self._switch(item)
        elif item.nature == "meter":
            yield from self._meter(item)
        elif item.nature == "transformer":
            yield from self._transformer(item)
        elif item.kind.role is Role.CONVERTER:
            yield from self._converter(item)
        elif item.nature == "generator":
            pass  # it may feed a load bank of its own; what it gives flows through its breaker
        elif item.kind.role in _GENERATING or item.kind.role is Role.COMPENSATOR:
            number = self.drawing.draws_of[item.id][0]
            rated = self.drawing.draws[number].rated_va / BASE_VA
            yield from self._power(item, "power_w", rated, At("draw_p", number))
            if not self.drawing.is_dc[self.drawing.draws[number].bus]:
                yield from self._power(item, "reactive_power_var", rated, At("draw_q", number))

    def _rows(self) -> Iterator[Iterator[Instrument]]:
        """Yield what tells about loads, group by group."""
        seen: dict[tuple[str, ...], list[int]] = {}
        for number, draw in enumerate(self.drawing.draws):
            if draw.members[0].kind.role is Role.LOAD:
                seen.setdefault(tuple(m.id for m in draw.members), []).append(number)
        for numbers in seen.values():
            yield self._load(numbers)

    def _load(self, numbers: list[int]) -> Iterator[Instrument]:
        draws = [self.drawing.draws[n] for n in numbers]
        members = draws[0].members
        rated = draws[0].rated_va / BASE_VA
        whole = tuple(At("draw_p", n) for n in numbers)
        if members[0].nature != "ai_rack":
            yield from self._sum([(m, "power_w", 1.0) for m in members], rated, *whole)
            return
        for number, name in zip(numbers, ("feed_a_power_w", "feed_b_power_w"), strict=False):
            yield from self._sum([(m, name, 1.0) for m in members], rated, At("draw_p", number))
        group = self._site.equipment.get(members[0].group)
        if group is not None and self._whole(members):
            inner = [(m, "battery_power_w", 1.0) for m in members]
            yield from self._sum([(group, "power_w", 1.0), *inner], rated, *whole)

    def _whole(self, members: tuple[Equipment, ...]) -> bool:
        """Return whether these are all that their row commands."""
        row = members[0].group
        return sum(e.group == row for e in self._site.equipment.values()) == len(members)

    def _switch(self, item: Equipment) -> Iterator[Instrument]:
        numbers = self.drawing.switches_of[item.id]
        rated = self.rated_by_current(item)
        yield from self._power(item, "power_w", rated, At("switch_p", numbers[0]))
        bus = self.drawing.switches[numbers[0]].ends[1]
        yield from self._ammeter(item, bus, rated, *(At("switch_i", n) for n in numbers))

    def _ammeter(self, item: Equipment, bus: int, rated: float, *at: At) -> Iterator[Instrument]:
        """Yield what a device tells by its current where it does not tell power."""
        if self._points.find(item.id, "power_w") is None:
            told = _accuracy(item)
            told = told._replace(power_pu=math.hypot(told.power_pu, ANGLE_SIGMA))
            weight = self._power_by_current(bus)
            yield from self._read([(item, "current_a", weight)], told, rated, at)

    def _meter(self, item: Equipment) -> Iterator[Instrument]:
        bus = self.drawing.number[item.buses[0]]
        utility = [
            n
            for n, d in enumerate(self.drawing.draws)
            if d.bus == bus and d.members[0].nature == "utility"
        ]
        amps = item.ratings.get("current_a")
        rated = 1.0 if amps is None else amps * self._power_by_current(bus)
        yield from self._ammeter(item, bus, rated, At("through_i", bus))
        if not utility:
            yield from self._power(item, "power_w", 1.0, At("through_p", bus))
            return
        rated = self.drawing.draws[utility[0]].rated_va / BASE_VA
        for name, kind in (("power_w", "p"), ("reactive_power_var", "q")):
            yield from self._power(item, name, rated, At(f"draw_{kind}", utility[0], sign=-1.0))

    def _transformer(self, item: Equipment) -> Iterator[Instrument]:
        number, rated = self.drawing.branch_of[item.id], item.ratings["power_va"] / BASE_VA
        yield from self._power(item, "power_w", rated, At("flow_p", number))
        yield from self._power(item, "reactive_power_var", rated, At("flow_q", number))
        bus = self.drawing.branches[number].ends[0]
        yield from self._ammeter(item, bus, rated, At("flow_i", number))
        step, index = item.ratings.get("tap_step_pu", 0.0), self._points.find(item.id, "tap_count")
        if step > 0.0 and index is not None:
            period_s = self._points.points[index].period_s
            sigma = TAP_SIGMA_STEP * step
            at = (At("tap", number),)
            yield Instrument((index,), (step,), 1.0, at, 0.0, sigma, 1.0, period_s)

    def _converter(self, item: Equipment) -> Iterator[Instrument]:
        numbers = self.drawing.converters_of[item.id]
        rated = item.ratings["power_w"] / BASE_VA
        yield from self._power(item, "input_power_w", rated, At("converter_p", numbers[0]))
        out: tuple[At, ...]
        if item.nature == "ups":
            out = (At("converter_p", numbers[1], sign=-1.0),)
        else:
            out = (At("converter_dc_p", numbers[0]),)
        stores = [
            n for n in self.drawing.draws_of.get(item.id, ())
            if self.drawing.draws[n].feed == BATTERY
        ]  # fmt: skip
        if item.nature == "rectifier":
            out = (*out, *(At("draw_p", n, sign=-1.0) for n in stores))
        yield from self._power(item, "output_power_w", rated, *out)
        for number in stores:
            yield from self._power(item, "battery_power_w", rated, At("draw_p", number))
        if item.nature == "hvdc":
            yield from self._current(item, numbers[0])

    def _current(self, item: Equipment, number: int) -> Iterator[Instrument]:
        volts = self.drawing.nominal_v[self.drawing.converters[number].dc]
        rated = item.ratings["power_w"] / BASE_VA
        at = At("converter_i", number)
        yield from self._read([(item, "output_current_a", volts / BASE_VA)], DEVICE, rated, (at,))

    # How an instrument is made.

    def _voltage(self, item: Equipment, name: str, bus: int) -> Iterator[Instrument]:
        index = self._points.find(item.id, name)
        if index is None:
            return
        weight = 1.0 / self.drawing.nominal_v[bus]
        sigma = math.hypot(_accuracy(item).voltage_pu, self._step(index) * weight)
        period_s = self._points.points[index].period_s
        yield Instrument((index,), (weight,), 0.0, (At("voltage", bus),), 0.0, sigma, 1.0, period_s)

    def _power(self, item: Equipment, name: str, rated: float, *at: At) -> Iterator[Instrument]:
        yield from self._read([(item, name, 1.0 / BASE_VA)], _accuracy(item), rated, at)

    def _sum(
        self, parts: list[tuple[Equipment, str, float]], rated: float, *at: At
    ) -> Iterator[Instrument]:
        scaled = [(item, name, weight / BASE_VA) for item, name, weight in parts]
        yield from self._read(scaled, RACK, rated, at)

    def _read(
        self,
        parts: list[tuple[Equipment, str, float]],
        accuracy: Accuracy,
        rated: float,
        at: tuple[At, ...],
    ) -> Iterator[Instrument]:
        found = [(self._points.find(item.id, name), weight) for item, name, weight in parts]
        known = [(index, weight) for index, weight in found if index is not None]
        if len(known) < len(parts):
            return
        many = math.sqrt(len(known))
        steps = math.hypot(*(self._step(index) * weight for index, weight in known))
        absolute = math.hypot(accuracy.floor_pu * rated / many, steps)
        period_s = max(self._points.points[index].period_s for index, _ in known)
        yield Instrument(
            tuple(index for index, _ in known),
            tuple(weight for _, weight in known),
            0.0,
            at,
            accuracy.power_pu / many,
            absolute,
            rated,
            period_s,
        )

    def _step(self, index: int) -> float:
        """Return the standard deviation of rounding to the register of a point."""
        place = self._points.points[index].place
        whole = isinstance(place, Register) and place.type != "f32"
        return place.scale / math.sqrt(12.0) if whole else 0.0

    def rated_by_current(self, item: Equipment) -> float:
        """Return the power of what is rated by its current, at nominal voltage [pu]."""
        amps: float = item.ratings["current_a"]
        return amps * self._power_by_current(self.drawing.number[item.buses[0]])

    def _power_by_current(self, bus: int) -> float:
        """Return the power that one ampere carries at nominal voltage [pu]."""
        phases = 1.0 if self.drawing.is_dc[bus] else math.sqrt(3.0)
        return phases * self.drawing.nominal_v[bus] / BASE_VA

    # What nothing measures.

    def _feeding(self) -> list[int]:
        """Return the buses from which an island may be fed; inside a UPS the voltage is known."""
        drawing = self.drawing
        found = {draw.bus for draw in drawing.draws if draw.source}
        found |= {c.dc if c.part == "rectifier" else c.ac for c in drawing.converters}
        return sorted(bus for bus in found if bus < len(self._site.buses))

    def _pseudo(self, measured: set[tuple[str, int]]) -> Iterator[Instrument]:
        for number, draw in enumerate(self.drawing.draws):
            yield from self._guess(number, draw, measured)
        for what, number in sorted(measured):
            if what == "tap":
                yield _pseudo(1.0, TAP_SIGMA_PU, At("tap", number))
        for number, converter in enumerate(self.drawing.converters):
            halves = self.drawing.converters_of[converter.item.id]
            sigma = LOSS_SIGMA_PU if len(halves) == 1 else SPLIT_SIGMA_PU
            for name, loss in zip("abc", converter.loss, strict=True):
                yield _pseudo(0.0, sigma * loss, At(f"loss_{name}", number))
                if len(halves) > 1 and number == halves[0]:
                    both = [At(f"loss_{name}", half) for half in halves]
                    yield _pseudo(0.0, LOSS_SIGMA_PU * len(halves) * loss, *both)
            rated = converter.item.ratings["power_w"] / BASE_VA
            forward = converter.part == "rectifier"
            guess = HALF * rated if forward else -HALF * rated
            yield _pseudo(guess, GUESS_PU * rated, At("converter_p", number))
            if forward:
                tan = TAN[converter.item.nature]
                at = At("converter_q", number), At("converter_p", number, sign=-tan)
                yield _pseudo(0.0, TAN_SIGMA * rated, *at)
            elif converter.dc >= len(self._site.buses):
                yield _pseudo(1.0, INNER_SIGMA_PU, At("voltage", converter.dc))

    def _guess(
        self, number: int, draw: Draw, measured: set[tuple[str, int]]
    ) -> Iterator[Instrument]:
        rated, item = draw.rated_va / BASE_VA, draw.members[0]
        role, feeds = item.kind.role, len(item.buses)
        sigma = OWN_LOSS_PU if role is Role.COMPENSATOR else GUESS_PU
        guess = HALF * rated / feeds if role is Role.LOAD else 0.0
        yield _pseudo(guess, sigma * rated, At("draw_p", number))
        yield from self._set(number, draw)
        if not self.drawing.is_dc[draw.bus]:
            tan = TAN.get(item.nature, 0.0)
            known = ("draw_q", number) in measured
            at = At("draw_q", number), At("draw_p", number, sign=-tan)
            yield _pseudo(0.0, (GUESS_PU if known else TAN_SIGMA) * rated, *at)

    def _set(self, number: int, draw: Draw) -> Iterator[Instrument]:
        """Yield what the set-point of a draw tells of its power."""
        item = draw.members[0]
        index, stage = (self._points.find(item.id, n) for n in ("power_setpoint_w", "stage"))
        if index is None or stage is None or item.nature not in FOLLOWS:
            return
        code = item.kind.points["stage"].states.index(FOLLOWS[item.nature])
        told = _pseudo(0.0, SET_PU * draw.rated_va / BASE_VA, At("draw_p", number))
        yield told._replace(points=(index,), weights=(1.0 / BASE_VA,), following=(stage, code))


def _accuracy(item: Equipment) -> Accuracy:
    return ACCURACY.get(item.nature, DEVICE)


def _nominal(bus: int) -> Instrument:
    return _pseudo(1.0, NOMINAL_SIGMA_PU, At("voltage", bus))


def _pseudo(value: float, sigma: float, *at: At) -> Instrument:
    return Instrument((), (), value, at, 0.0, sigma, 1.0, 0.0)


instruments: Final = once_per_site(Instruments)
