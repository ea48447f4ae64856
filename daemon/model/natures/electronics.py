"""What stands between a board and its loads: UPS, compensators, converters."""

from __future__ import annotations

from typing import Final

from daemon.model.natures.entries import (
    BATTERY,
    LIFE,
    NEUTRAL,
    commands,
    counters,
    measures,
    nature,
    setpoints,
    stage,
    statuses,
)
from daemon.model.natures.terms import Role

ELECTRONICS: Final = (
    nature(
        "ups",
        Role.CONVERTER,
        "Double-conversion UPS with battery or flywheel.",
        "DUPS",
        "input:ac output:ac",
        {
            "power_va": "Rated apparent power.",
            "power_w": "Rated active power.",
            "energy_wh": "Stored energy at full charge.",
            "efficiency_pu": "~Double-conversion efficiency at rated load.",
            "flywheel_wh": "~Flywheel energy.",
            **BATTERY,
            **NEUTRAL,
        },
        stage(
            "off", "normal", "battery", "walk_in", "static_bypass", "maintenance_bypass", "fault"
        ),
        measures(
            input_voltage_ll_v="Rectifier input.",
            input_frequency_hz="Rectifier input.",
            input_power_w="Power taken from the input.",
            output_voltage_ll_v="Inverter output.",
            output_frequency_hz="Inverter output.",
            output_power_w="Power given to the load.",
            soc_pu="State of charge of the store.",
            battery_power_w="Battery power, negative when discharging.",
            battery_voltage_v="Battery voltage.",
            battery_current_a="Battery current, negative when discharging.",
            battery_temperature_c="Hottest cell.",
            battery_health_pu="Capacity by that when new.",
            runtime_s="Remaining time at present load.",
        ),
        statuses(
            on_battery="Load is carried by stored energy.",
            low_battery="Store nearly empty.",
            overload="Above rating.",
            bypass_available="Bypass in range and in phase.",
            battery_alarm="String open, cell too hot, or failed in its test.",
        ),
        LIFE,
        commands("to_inverter", "to_bypass", "battery_test", "reset"),
        setpoints(
            power_setpoint_w="Power of the battery beside a good input, negative to discharge.",
        ),
        variants=("battery", "flywheel"),
    ),
    nature(
        "statcom",
        Role.COMPENSATOR,
        "Reactive compensation with harmonic filter.",
        "RPCT",
        "bus:ac",
        {
            "reactive_power_var": "Rating in each direction.",
            "filter_var": "~Fixed capacitive power of its harmonic filter.",
        },
        stage("off", "running", "fault"),
        stage(
            "reactive_power",
            "voltage",
            "power_factor",
            name="mode",
            text="What it follows.",
        ),
        measures(
            voltage_ll_v="Bus voltage.",
            reactive_power_var="Reactive power, filter included.",
            flicker_pu="Short-term flicker severity at its bus; people notice 1.",
            distortion_pu="Harmonic by fundamental current of its section, behind the filter.",
        ),
        statuses(filter_overloaded="More harmonic current than the filter can take."),
        LIFE,
        commands(
            "start",
            "stop",
            "reset",
            "reactive_power_mode",
            "voltage_mode",
            "power_factor_mode",
        ),
        setpoints(
            reactive_power_setpoint_var="Reactive power wanted.",
            voltage_setpoint_pu="Bus voltage to hold.",
            power_factor_setpoint_pu="Power factor of the section to hold, inductive.",
        ),
    ),
    nature(
        "hvdc",
        Role.CONVERTER,
        "AC to 800 V DC converter in modules, unidirectional.",
        "DRCT",
        "input:ac output:dc",
        {
            "power_w": "Rated power of all modules.",
            "modules_count": "Number of modules.",
            "efficiency_pu": "~Efficiency at rated load.",
            "droop_pu": "~Voltage droop at rated power.",
        },
        stage("off", "precharge", "walk_in", "running", "fault"),
        measures(
            input_voltage_ll_v="AC input.",
            input_power_w="Power taken from the AC side.",
            output_voltage_v="DC output.",
            output_power_w="Power given to the DC bus.",
            output_current_a="DC current.",
            insulation_ohm="Insulation to earth, lower pole, of all that is joined to the output.",
            available_w="Power possible with the modules in service.",
        ),
        statuses(limited="At its current limit.", pole_fault="Pole fault."),
        counters(
            modules_count="Modules in service.",
            leak_feeder_count="Outgoing breaker behind which a leak to earth lies, from 1.",
        ),
        LIFE,
        commands("start", "stop", "reset"),
        setpoints(power_limit_w="Power it may take, for starts on small sources."),
    ),
    nature(
        "rectifier",
        Role.CONVERTER,
        "48 V rectifier with battery.",
        "DRCT",
        "input:ac output:dc",
        {
            "power_w": "Rated power.",
            "energy_wh": "Battery energy.",
            "efficiency_pu": "~Efficiency at rated load.",
        },
        stage("off", "normal", "battery", "walk_in", "fault"),
        measures(
            input_voltage_ll_v="AC input.",
            input_power_w="Power taken.",
            output_voltage_v="DC output.",
            output_power_w="Power given.",
            soc_pu="Battery state of charge.",
            battery_power_w="Battery power, negative when discharging.",
            battery_temperature_c="Hottest cell.",
            runtime_s="Remaining time at present load.",
        ),
        statuses(
            on_battery="Load is carried by the battery.",
            low_battery="Battery nearly empty.",
            battery_alarm="String open, cell too hot.",
        ),
        LIFE,
    ),
)
