"""Every kind of mistake in a device map, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import problems
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

MAP = "devices/generator/generic_set.yaml"
NODES = "devices/hvdc/generic_modular.yaml"

REGISTERS = {
    "unknown nature": Edit(
        "nature: generator", "nature: ^generater", "nature", "generater is no nature", "generator, "
    ),
    "another folder": Edit(
        "nature: generator", "nature: ^gas_turbine", "nature", "must lie in a folder named",
        "generator", alone=False,
    ),
    "unknown key": Edit(
        "life_count:            {table: input, address: 15, type: u16}",
        "life_count:            {table: input, address: 15, ^register: 2, type: u16}",
        "points.life_count.register", "unknown key", "table",
    ),
    "unknown point": Edit(
        "fuel_l: ", "^fuel_litres: ", "points.fuel_litres", "generator has no such point",
        "fuel_l, ",
    ),
    "unknown table": Edit(
        "stage:                 {table: input,", "stage:                 {table: ^inputs,",
        "points.stage.table", '"inputs" is not known', "input, holding, discrete, coil",
    ),
    "unknown type": Edit(
        "address: 12, type: f32", "address: 12, type: ^f64", "points.oil_pressure_pu.type",
        '"f64" is not known', "f32",
    ),
    "unknown word order": Edit(
        "word_order: little", "word_order: ^middle", "word_order", '"middle" is not known',
        "big, little",
    ),
    "address behind the end": Edit(
        "address: 12, type: f32", "address: ^65535, type: f32", "points.oil_pressure_pu.address",
        "ends behind the last address",
    ),
    "overlapping registers": Edit(
        "address: 12, type: f32", "address: ^11, type: f32", "points.oil_pressure_pu.address",
        "overlaps fuel_l in the input table",
    ),
    "overlapping bits": Edit(
        "fail_to_build:         {table: discrete, address: 1,",
        "fail_to_build:         {table: discrete, address: ^0,", "points.fail_to_build.address",
        "overlaps overcrank in the discrete table",
    ),
    "inverted limits": Edit(
        "limits: [0, 12000]", "limits: ^[12000, 0]", "points.voltage_ll_v.limits",
        "limits are inverted: 12000 is not below 0",
    ),
    "limits the type cannot carry": Edit(
        "limits: [0, 12000]", "limits: ^[0, 120000]", "points.voltage_ll_v.limits",
        "a u16 at scale 1 cannot carry 0 to 120000", "0 to 65535",
    ),
    "set-point without limits": Edit(
        "power_setpoint_w:      {table: holding, address: 10, type: i32, scale: 1, unit: w, "
        "access: rw, limits: [-3.6e6, 0]}",
        "^power_setpoint_w:      {table: holding, address: 10, type: i32, scale: 1, unit: w, "
        "access: rw}",
        "points.power_setpoint_w", "what is written must be bounded",
    ),
    "unit missing": Edit(
        "scale: 0.1, unit: l,", "scale: 0.1,", "points.fuel_l", "unit is missing", "l"
    ),
    "another unit": Edit(
        "scale: 0.1, unit: l,", "scale: 0.1, unit: ^kg,", "points.fuel_l.unit",
        "unit kg is not that of the point", "l",
    ),
    "scale of zero": Edit(
        "scale: 0.1, unit: l,", "scale: ^0, unit: l,", "points.fuel_l.scale", "would read 0"
    ),
    "set-point that is only read": Edit(
        "access: rw, limits: [-3.6e6, 0]", "access: ^r, limits: [-3.6e6, 0]",
        "points.power_setpoint_w.access", "a setpoint must be writable", "w, rw",
    ),
    "measurement that is written": Edit(
        "oil_pressure_pu:       {table: input, address: 12, type: f32,",
        "oil_pressure_pu:       {table: holding, address: 12, type: f32, access: ^rw,",
        "points.oil_pressure_pu.access", "a measure is only read", "r",
    ),
    "heartbeat into input registers": Edit(
        "heartbeat:             {table: holding, address: 3, type: u16, access: w}",
        "heartbeat:             {table: input, address: 30, type: u16, access: ^w}",
        "points.heartbeat.access", "nothing can be written to the input table",
    ),
    "status as a number": Edit(
        "alarm_oil:             {table: discrete, address: 2, type: bit}",
        "alarm_oil:             {table: input, address: 30, type: ^u16}",
        "points.alarm_oil.type", "a status cannot be a u16", "bit",
    ),
    "number in a table of bits": Edit(
        "life_count:            {table: input, address: 15, type: u16}",
        "life_count:            {table: discrete, address: 15, type: ^u16}",
        "points.life_count.type", "the discrete table holds single bits",
    ),
    "bit of a number": Edit(
        "stage:                 {table: input, address: 0, type: u16}",
        "stage:                 {table: input, address: 0, type: u16, bit: ^3}",
        "points.stage.bit", "has a place in a word",
    ),
    "command block with a gap": Edit(
        "  command:               {table: holding, address: 2,",
        "  ^command:               {table: holding, address: 4,",
        "points.command", "three u16 in a row", "holding register 2",
    ),
    "serial number over a point": Edit(
        "serial: {table: input, address: 900}", "serial: {table: input, address: ^14}",
        "serial.address", "overlaps coolant_temperature_c in the input table", alone=False,
    ),
    "function that no map can name": Edit(
        "serial: {table: input, address: 900}", "functions: [3, 4, 6, 16, ^20]", "functions.4",
        "20 is not known",
    ),
    "functions that do not reach every point": Edit(
        "serial: {table: input, address: 900}", "functions: ^[3, 4, 6, 16]", "functions",
        "overcrank cannot be reached without function 2", "2",
    ),
    "no function that writes several registers": Edit(
        "serial: {table: input, address: 900}", "functions: ^[2, 3, 4, 6]", "functions",
        "command_epoch cannot be reached without function 16", "16",
    ),
    "gaps that do something else": Edit(
        "serial: {table: input, address: 900}", "gaps: ^ones", "gaps", '"ones" is not known',
        "zero, refuse",
    ),
    "command without its epoch": Edit(
        "  command_epoch:         {table: holding, address: 0, type: u16, access: w}\n",
        "", "points.command", "a command needs command_epoch",
    ),
}  # fmt: skip

PATHS = {
    "node without the id": Edit(
        '"{id}.LifeCount"', '^"LifeCount"', "points.life_count.path",
        "two devices of one server would share this node", "{id}.<name>",
    ),
    "node used twice": Edit(
        '"{id}.LifeCount"', '^"{id}.Stage"', "points.life_count.path", "is also the path of stage"
    ),
    "unknown type": Edit(
        '"{id}.LifeCount", type: UInt32', '"{id}.LifeCount", type: ^UInt64',
        "points.life_count.type", '"UInt64" is not known', "UInt32",
    ),
    "register in a map of nodes": Edit(
        '"{id}.LifeCount", type: UInt32}', '"{id}.LifeCount", type: UInt32, ^address: 4}',
        "points.life_count.address", "unknown key", "path",
    ),
}  # fmt: skip

UNMARKED = {"unit missing": "fuel_l: ", "command without its epoch": "command: "}
"""Mistakes that leave something out: the key at which they are reported."""


@pytest.mark.parametrize("kind", [k for k in REGISTERS if k not in UNMARKED])
@pytest.mark.fault("F87", "F88")
def test_mistake_in_a_map_is_named_where_it_stands(tmp_path: Path, kind: str) -> None:
    found(tmp_path, shipped(MAP.removesuffix(".yaml")), REGISTERS[kind], name=MAP)


@pytest.mark.parametrize("kind", PATHS)
def test_mistake_in_a_map_of_nodes_is_named_where_it_stands(tmp_path: Path, kind: str) -> None:
    found(tmp_path, shipped(NODES.removesuffix(".yaml")), PATHS[kind], name=NODES)


@pytest.mark.parametrize("kind", UNMARKED)
def test_what_is_missing_in_a_map_is_named_at_its_point(tmp_path: Path, kind: str) -> None:
    edit = REGISTERS[kind]
    path = write(tmp_path, shipped(MAP.removesuffix(".yaml")), edit, name=MAP)
    lines = path.read_text().split("\n")
    line = next(i for i, text in enumerate(lines, 1) if text.startswith(f"  {UNMARKED[kind]}"))
    (problem,) = problems(path)
    assert (problem.line, problem.column, problem.key) == (line, 3, edit.key)
    assert edit.text in problem.text
    assert edit.valid in problem.valid


def test_mistakes_in_a_map_refuse_every_site_that_uses_it(tmp_path: Path) -> None:
    good = shipped(MAP.removesuffix(".yaml"))
    device = write(tmp_path, good, REGISTERS["inverted limits"], name=MAP)
    site = write(tmp_path, shipped("sites/ai_hall"), name="sites/site.yaml")
    (problem,) = problems(site)
    assert problem.file == str(device)
    assert problem.key == "points.voltage_ll_v.limits"
