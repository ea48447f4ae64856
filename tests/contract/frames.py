"""Golden frames: what each shipped device map must mean, word for word.

Written by hand from the maps as a manual would print them; nothing here is computed from a map, so
an edit that moves an address, swaps words or changes a scale is seen.
"""

from __future__ import annotations

from typing import NamedTuple


class Frame(NamedTuple):
    """The registers (hexadecimal) or bits of one table, and the values they carry."""

    profile: str
    table: str
    address: int
    words: str
    values: dict[str, float]


FRAMES = (
    Frame(
        "breaker/generic_mv", "input", 0,
        "0069 0008 19C8 0000 0000 3039 FFE9 1CA0 0011 0010 0102",
        {
            "position": 1, "local": 0, "racked_in": 1, "spring_charged": 0, "tripped": 1,
            "lockout_86": 1, "failure_50bf": 0, "sync_25": 0, "emergency_off": 0,
            "trip_27": 0, "trip_32": 0, "trip_50": 0, "trip_51": 1, "trip_59": 0, "trip_67": 0,
            "trip_81": 0, "trip_87": 0, "source_voltage_v": 6600, "load_voltage_v": 0,
            "current_a": 1234.5, "power_w": -1_500_000, "open_count": 17, "close_count": 16,
            "life_count": 258,
        },
    ),
    Frame(
        "breaker/generic_mv", "holding", 0, "0007 0201 0002",
        {"command_epoch": 7, "command_id": 513, "command": 2},
    ),
    Frame(
        "breaker/generic_acb", "input", 0,
        "031E 0013 0ED8 0ED3 5EF6 0000 3180 0017 0003 0004 FFFF",
        {
            "position": 2, "local": 1, "racked_in": 1, "spring_charged": 1, "tripped": 0,
            "lockout_86": 0, "failure_50bf": 0, "sync_25": 1, "emergency_off": 1,
            "trip_27": 1, "trip_32": 1, "trip_50": 0, "trip_51": 0, "trip_59": 1,
            "source_voltage_v": 380.0, "load_voltage_v": 379.5, "current_a": 2431.0,
            "power_w": 1_520_000, "open_count": 3, "close_count": 4, "life_count": 65_535,
        },
    ),
    Frame(
        "breaker/generic_acb", "holding", 0, "0001 0002 0003",
        {"command_epoch": 1, "command_id": 2, "command": 3},
    ),
    Frame(
        "breaker/generic_mccb", "input", 0, "0002 000C 0ED8 0ED8 0100 0002 7100 0001 0002 0003",
        {
            "position": 2, "local": 0, "tripped": 0, "lockout_86": 0, "emergency_off": 0,
            "trip_50": 1, "trip_51": 1, "source_voltage_v": 380.0, "load_voltage_v": 380.0,
            "current_a": 256, "power_w": 160_000, "open_count": 1, "close_count": 2,
            "life_count": 3,
        },
    ),
    Frame(
        "breaker/generic_mccb", "holding", 0, "0001 0002 0001",
        {"command_epoch": 1, "command_id": 2, "command": 1},
    ),
    Frame(
        "breaker/generic_dc", "input", 0,
        "0009 0012 1F40 0000 44A2 8000 4482 0000 0005 0006 0007",
        {
            "position": 1, "local": 0, "racked_in": 1, "tripped": 0, "lockout_86": 0,
            "failure_50bf": 0, "emergency_off": 0, "trip_27": 0, "trip_32": 1, "trip_50": 0,
            "trip_51": 0, "trip_59": 1, "source_voltage_v": 800.0, "load_voltage_v": 0,
            "current_a": 1300, "power_w": 1_040_000, "open_count": 5, "close_count": 6,
            "life_count": 7,
        },
    ),
    Frame(
        "breaker/generic_dc", "holding", 0, "0001 0002 0004",
        {"command_epoch": 1, "command_id": 2, "command": 4},
    ),
    Frame(
        "earthing_switch/generic_es", "input", 0, "000A 0000 0000 0000 0007",
        {"position": 2, "local": 0, "blocked": 1, "life_count": 7},
    ),
    Frame(
        "relay/generic_bus", "input", 0, "0209 0001 0604 7436 FF83 0001",
        {
            "pickup_27": 1, "pickup_59": 0, "pickup_81o": 0, "pickup_81u": 1, "pickup_81r": 0,
            "pickup_32": 0, "pickup_50": 0, "pickup_51": 0, "pickup_67": 0, "trip_87": 1,
            "presence": 1, "voltage_ll_v": 1540, "frequency_hz": 59.5, "rocof_hz_s": -1.25,
            "life_count": 1,
        },
    ),
    Frame(
        "meter/generic_mv", "input", 0,
        "0068 85D0 3C28 7530 001E 8480 0A08 0009 0001 E240 0000 0002",
        {
            "power_w": 6_850_000, "voltage_v": 15_400, "frequency_hz": 60.0,
            "reactive_power_var": 2_000_000, "current_a": 256.8, "life_count": 9,
            "energy_import_wh": 12_345_600, "energy_export_wh": 200,
        },
    ),
    Frame(
        "breaker/generic_hv", "input", 0,
        "0069 0008 3C28 0000 0000 3039 FFE9 1CA0 0011 0010 0102",
        {
            "position": 1, "local": 0, "racked_in": 1, "spring_charged": 0, "tripped": 1,
            "lockout_86": 1, "failure_50bf": 0, "sync_25": 0, "emergency_off": 0,
            "trip_27": 0, "trip_32": 0, "trip_50": 0, "trip_51": 1, "trip_59": 0, "trip_67": 0,
            "trip_81": 0, "trip_87": 0, "source_voltage_v": 154_000, "load_voltage_v": 0,
            "current_a": 1234.5, "power_w": -1_500_000, "open_count": 17, "close_count": 16,
            "life_count": 258,
        },
    ),
    Frame(
        "breaker/generic_hv", "holding", 0, "0007 0201 0002",
        {"command_epoch": 7, "command_id": 513, "command": 2},
    ),
    Frame(
        "relay/generic_hv", "input", 0, "0209 0001 3C28 7436 FF83 0001",
        {
            "pickup_27": 1, "pickup_59": 0, "pickup_81o": 0, "pickup_81u": 1, "pickup_81r": 0,
            "pickup_32": 0, "pickup_50": 0, "pickup_51": 0, "pickup_67": 0, "trip_87": 1,
            "presence": 1, "voltage_ll_v": 154_000, "frequency_hz": 59.5, "rocof_hz_s": -1.25,
            "life_count": 1,
        },
    ),
    Frame(
        "meter/generic_hv", "input", 0,
        "11E1 A300 3C28 7530 001E 8480 2BF2 0009 0001 E240 0000 0002",
        {
            "power_w": 300_000_000, "voltage_v": 154_000, "frequency_hz": 60.0,
            "reactive_power_var": 2_000_000, "current_a": 1125.0, "life_count": 9,
            "energy_import_wh": 12_345_600, "energy_export_wh": 200,
        },
    ),
    Frame(
        "meter/generic_lv", "input", 0,
        "AE60 000A 0ED8 7530 3CB0 FFFF 0427 0002 03E8 0000 0001 0000",
        {
            "power_w": 700_000, "voltage_v": 380.0, "frequency_hz": 60.0,
            "reactive_power_var": -50_000, "current_a": 1063, "life_count": 2,
            "energy_import_wh": 10_000, "energy_export_wh": 10,
        },
    ),
    Frame(
        "meter/generic_dc", "input", 0, "0030 5ED0 1F30 0004 0000 9B18 0000 0001 0000 0000",
        {
            "power_w": 3_170_000, "voltage_v": 798.4, "life_count": 4, "current_a": 3970.4,
            "energy_import_wh": 10, "energy_export_wh": 0,
        },
    ),
    Frame(
        "transformer/generic_monitor", "input", 0,
        "0043 71A0 0016 2010 06CF 028E FFCE 0184 FFFD 0008 0000 5CC6 007D",
        {
            "power_w": 4_420_000, "reactive_power_var": 1_450_000, "current_a": 174.3,
            "oil_temperature_c": 65.4, "hot_spot_temperature_c": -5.0, "loading_pu": 0.388,
            "tap_count": -3, "life_count": 8, "loss_w": 23_750, "ageing_rate_pu": 0.125,
        },
    ),
    Frame(
        "transformer/generic_monitor", "discrete", 0, "0 1 0",
        {"trip_87t": 0, "alarm_temperature": 1, "trip_temperature": 0},
    ),
    Frame(
        "transformer/generic_oltc", "input", 0,
        "0043 71A0 0016 2010 06CF 028E 0320 0184 FFFD 0008 0000 5CC6 007D 0029",
        {
            "power_w": 4_420_000, "reactive_power_var": 1_450_000, "current_a": 174.3,
            "oil_temperature_c": 65.4, "hot_spot_temperature_c": 80.0, "loading_pu": 0.388,
            "tap_count": -3, "life_count": 8, "loss_w": 23_750, "ageing_rate_pu": 0.125,
            "tap_change_count": 41,
        },
    ),
    Frame(
        "transformer/generic_oltc", "discrete", 0, "0 1 0 1 1",
        {
            "trip_87t": 0, "alarm_temperature": 1, "trip_temperature": 0, "tap_automatic": 1,
            "tap_blocked": 1,
        },
    ),
    Frame(
        "transformer/generic_oltc", "holding", 0, "0001 0002 0001 26AC 0009",
        {
            "command_epoch": 1, "command_id": 2, "command": 1, "voltage_setpoint_pu": 0.99,
            "heartbeat": 9,
        },
    ),
    Frame(
        "transformer/generic_oltc", "input", 902, "001F 0001",
        {"fallback_after_s": 3.1, "fallback": 1},
    ),
    Frame(
        "generator/generic_set", "input", 0,
        "0005 0001 0002 000C 19C8 7530 6100 FFDB CB00 FFF3 FA00 0000 0000 3F40 0339 0014 "
        "0007 9C40 0000 6A00 0018",
        {
            "trip_cause": 7, "bulk_tank_l": 40_000, "load_bank_w": 1_600_000,
            "stage": 5, "selector": 1, "crank_count": 2, "start_count": 12, "voltage_ll_v": 6600,
            "frequency_hz": 60.0, "power_w": -2_400_000, "reactive_power_var": -800_000,
            "fuel_l": 6400.0, "oil_pressure_pu": 0.75, "coolant_temperature_c": 82.5,
            "life_count": 20,
        },
    ),
    Frame(
        "generator/generic_set", "discrete", 0, "1 0 0 1 0 1 0 1",
        {
            "alarm_temperature": 0, "neutral_earthed": 1,
            "overcrank": 1, "fail_to_build": 0, "alarm_oil": 0, "alarm_fuel": 1, "available": 0,
            "daemon_present": 1,
        },
    ),
    Frame(
        "generator/generic_set", "input", 902, "00C8 0003",
        {"fallback_after_s": 20.0, "fallback": 3},
    ),
    Frame(
        "generator/generic_set", "holding", 0,
        "0007 0201 0001 00FF 0000 0000 0000 0000 0000 0000 6100 FFDB",
        {
            "command_epoch": 7, "command_id": 513, "command": 1, "heartbeat": 255,
            "power_setpoint_w": -2_400_000,
        },
    ),
    Frame(
        "ups/generic_double", "input", 0, "0002 0005",
        {"stage": 2, "life_count": 5},
    ),
    Frame(
        "ups/generic_double", "input", 10,
        "43BD 8000 0000 0000 0000 0000 43BE 0000 4270 0000 4409 8000 42AF 0000 C40F D000 "
        "4400 0000 41C8 0000 41C4 0000",
        {
            "input_voltage_ll_v": 379.0, "input_frequency_hz": 0, "input_power_w": 0,
            "output_voltage_ll_v": 380.0, "output_frequency_hz": 60.0, "output_power_w": 550_000,
            "soc_pu": 0.875, "battery_power_w": -575_250, "battery_voltage_v": 512.0,
            "battery_temperature_c": 25.0, "runtime_s": 1470,
        },
    ),
    Frame(
        "ups/generic_double", "input", 32, "C48C 7000 42C1 0000",
        {"battery_current_a": -1123.5, "battery_health_pu": 0.965},
    ),
    Frame(
        "ups/generic_double", "discrete", 0, "1 0 1 0 1",
        {
            "on_battery": 1, "low_battery": 0, "overload": 1, "bypass_available": 0,
            "battery_alarm": 1,
        },
    ),
    Frame(
        "ups/generic_double", "holding", 0, "0001 0002 0003",
        {"command_epoch": 1, "command_id": 2, "command": 3},
    ),
    Frame(
        "ups/generic_sharing", "input", 0, "0002 0005",
        {"stage": 2, "life_count": 5},
    ),
    Frame(
        "ups/generic_sharing", "input", 10,
        "43BD 8000 0000 0000 0000 0000 43BE 0000 4270 0000 4409 8000 42AF 0000 C40F D000 "
        "4400 0000 41C8 0000 41C4 0000",
        {
            "input_voltage_ll_v": 379.0, "input_frequency_hz": 0, "input_power_w": 0,
            "output_voltage_ll_v": 380.0, "output_frequency_hz": 60.0, "output_power_w": 550_000,
            "soc_pu": 0.875, "battery_power_w": -575_250, "battery_voltage_v": 512.0,
            "battery_temperature_c": 25.0, "runtime_s": 1470,
        },
    ),
    Frame(
        "ups/generic_sharing", "input", 32, "C48C 7000 42C1 0000",
        {"battery_current_a": -1123.5, "battery_health_pu": 0.965},
    ),
    Frame(
        "ups/generic_sharing", "discrete", 0, "1 0 1 0 1",
        {
            "on_battery": 1, "low_battery": 0, "overload": 1, "bypass_available": 0,
            "battery_alarm": 1,
        },
    ),
    Frame(
        "ups/generic_sharing", "holding", 0, "0001 0002 0003 FFFC 5680 0011",
        {
            "command_epoch": 1, "command_id": 2, "command": 3, "power_setpoint_w": -240_000,
            "heartbeat": 17,
        },
    ),
    Frame(
        "ups/generic_sharing", "input", 902, "0064 0002",
        {"fallback_after_s": 10.0, "fallback": 2},
    ),
    Frame(
        "rectifier/generic_48v", "input", 0,
        "0001 0002 0ED8 291E 1518 2710 26AC FFCE 0000 0252 011D",
        {
            "stage": 1, "life_count": 2, "input_voltage_ll_v": 380.0, "input_power_w": 105_260,
            "output_voltage_v": 54.0, "output_power_w": 100_000, "soc_pu": 0.99,
            "battery_power_w": -500, "runtime_s": 594, "battery_temperature_c": 28.5,
        },
    ),
    Frame(
        "rectifier/generic_48v", "coil", 0, "0 1 1",
        {"on_battery": 0, "low_battery": 1, "battery_alarm": 1},
    ),
    Frame(
        "transfer_switch/generic_alts", "input", 0,
        "0002 0032 0001 3C28 3C27 0DA1 0006 0001 0003",
        {
            "connected": 2, "source_1_healthy": 0, "source_2_healthy": 1, "in_sync": 0, "local": 0,
            "inhibited": 1, "daemon_present": 1, "source_1_voltage_ll_v": 1,
            "source_2_voltage_ll_v": 15_400, "load_voltage_ll_v": 15_399, "current_a": 348.9,
            "transfer_count": 6, "selector": 1, "life_count": 3,
        },
    ),
    Frame(
        "transfer_switch/generic_alts", "input", 902, "8CA0 0000",
        {"fallback_after_s": 3600.0, "fallback": 0},
    ),
    Frame(
        "transfer_switch/generic_alts", "holding", 0, "0001 0002 0003 0004",
        {"command_epoch": 1, "command_id": 2, "command": 3, "heartbeat": 4},
    ),
    Frame(
        "transfer_switch/generic_ats", "input", 0,
        "0001 000D 0ED8 0ED3 0ECE 1F40 0006 0002 0003",
        {
            "connected": 1, "source_1_healthy": 1, "source_2_healthy": 0, "in_sync": 1, "local": 1,
            "inhibited": 0, "daemon_present": 0, "source_1_voltage_ll_v": 380.0,
            "source_2_voltage_ll_v": 379.5, "load_voltage_ll_v": 379.0, "current_a": 800.0,
            "transfer_count": 6, "selector": 2, "life_count": 3,
        },
    ),
    Frame(
        "transfer_switch/generic_sts", "input", 0,
        "0001 0007 0ED8 0ED3 0ECE 02A6 0006 0000 0003",
        {
            "connected": 1, "source_1_healthy": 1, "source_2_healthy": 1, "in_sync": 1, "local": 0,
            "inhibited": 0, "daemon_present": 0, "source_1_voltage_ll_v": 380.0,
            "source_2_voltage_ll_v": 379.5, "load_voltage_ll_v": 379.0, "current_a": 67.8,
            "transfer_count": 6, "selector": 0, "life_count": 3,
        },
    ),
    Frame(
        "switchgear_controller/generic_ccts", "input", 0, "0004 0005 0002 0006",
        {
            "stage": 4, "emergency_off": 1, "maintenance": 0, "daemon_present": 1, "selector": 2,
            "life_count": 6,
        },
    ),
    Frame(
        "switchgear_controller/generic_ccts", "input", 902, "001E 0003",
        {"fallback_after_s": 3.0, "fallback": 3},
    ),
    Frame("switchgear_controller/generic_ccts", "holding", 3, "0102", {"heartbeat": 258}),
    Frame(
        "rack_row/generic_row", "input", 0,
        "0001 0002 000F DE80 251C 0000 6590 08AC 0008 0001",
        {
            "stage": 1, "life_count": 2, "power_w": 1_040_000, "utilisation_pu": 0.95,
            "energy_stored_wh": 26_000, "shutdown_s": 222.0, "racks_running_count": 8,
            "daemon_present": 1,
        },
    ),
    Frame(
        "rack_row/generic_row", "input", 902, "0023 0001",
        {"fallback_after_s": 3.5, "fallback": 1},
    ),
    Frame(
        "rack_row/generic_row", "holding", 0,
        "0001 0002 0001 0004 0000 0000 0000 0000 0000 0000 1194 2328 0000 8235",
        {
            "command_epoch": 1, "command_id": 2, "command": 1, "heartbeat": 4,
            "power_cap_pu": 0.45, "smoothing_floor_pu": 0.9, "ramp_limit_w_s": 33_333,
        },
    ),
    Frame(
        "ai_rack/generic_800v", "input", 0,
        "0002 0001 FBD0 0001 1F30 0001 FFB8 0001 0064 0000 26DE FC18 FFFF 0145 0004",
        {
            "stage": 2, "on_battery": 1, "power_w": 130_000, "feed_a_voltage_v": 798.4,
            "feed_b_voltage_v": 0.1, "feed_a_power_w": 131_000, "feed_b_power_w": 100,
            "soc_pu": 0.995, "battery_power_w": -1000, "inlet_temperature_c": 32.5,
            "life_count": 4,
        },
    ),
    Frame(
        "it_rack/generic_ac", "input", 0, "0001 0001 0002 7100 0ED8 0ED3 0078 0009",
        {
            "stage": 1, "daemon_present": 1, "power_w": 160_000, "feed_a_voltage_v": 380.0,
            "feed_b_voltage_v": 379.5, "shutdown_s": 120, "life_count": 9,
        },
    ),
    Frame(
        "it_rack/generic_48v", "input", 0, "0003 0000 0000 EA60 1518 150E 0078 0009",
        {
            "stage": 3, "daemon_present": 0, "power_w": 60_000, "feed_a_voltage_v": 54.0,
            "feed_b_voltage_v": 53.9, "shutdown_s": 120, "life_count": 9,
        },
    ),
    Frame(
        "chiller/generic_chiller", "input", 0, "0002 0007 A120 0ED8 02D5 0262 0003",
        {
            "stage": 2, "power_w": 500_000, "voltage_ll_v": 380.0, "supply_temperature_c": 7.25,
            "buffer_temperature_c": 6.1, "life_count": 3,
        },
    ),
    Frame(
        "pump/generic_cdu", "input", 0, "0001 0002 49F0 0ED8 0357 0ABE 0003",
        {
            "stage": 1, "power_w": 150_000, "voltage_ll_v": 380.0, "flow_lps": 85.5,
            "loop_temperature_c": 27.5, "life_count": 3,
        },
    ),
)  # fmt: skip

BLOCKS_AT_0 = (
    "it_rack/generic_ac",
    "it_rack/generic_48v",
    "transfer_switch/generic_ats",
    "transfer_switch/generic_sts",
)
"""Maps whose command block and heartbeat are the holding registers 0 to 3."""
COMMANDS_AT_0 = ("chiller/generic_chiller", "pump/generic_cdu")
"""Maps with a command block at holding registers 0 to 2 and nothing else to write."""

MIRRORED: dict[str, set[str]] = {
    "breaker/generic_mv": {
        "position", "local", "racked_in", "spring_charged", "tripped", "lockout_86",
        "failure_50bf", "sync_25", "emergency_off", "trip_27", "trip_32", "trip_50", "trip_51",
        "trip_59", "trip_67", "trip_81", "trip_87", "source_voltage_v", "load_voltage_v",
    },
    "relay/generic_bus": {
        "pickup_27", "pickup_59", "pickup_81o", "pickup_81u", "pickup_81r", "pickup_32",
        "pickup_50", "pickup_51", "pickup_67", "trip_87", "presence", "voltage_ll_v",
        "frequency_hz",
    },
    "meter/generic_mv": {"power_w", "voltage_v", "frequency_hz"},
    "meter/generic_hv": {"power_w", "voltage_v", "frequency_hz"},
    "meter/generic_lv": {"power_w", "voltage_v", "frequency_hz"},
    "transfer_switch/generic_alts": {
        "connected", "source_1_healthy", "source_2_healthy", "in_sync", "local", "inhibited",
        "daemon_present", "source_1_voltage_ll_v", "source_2_voltage_ll_v",
    },
    "switchgear_controller/generic_ccts": {
        "stage", "emergency_off", "maintenance", "daemon_present", "selector", "life_count",
    },
}  # fmt: skip
"""What the fast block of a board repeats of each kind of device on it."""

NODES: dict[str, dict[str, tuple[str, str, float]]] = {
    "ess/generic_pcs": {
        "stage": ("ESS-1.Stage", "UInt16", 1), "voltage_v": ("ESS-1.Voltage", "Double", 1),
        "frequency_hz": ("ESS-1.Frequency", "Double", 1),
        "power_w": ("ESS-1.Power", "Double", 1000),
        "reactive_power_var": ("ESS-1.ReactivePower", "Double", 1000),
        "soc_pu": ("ESS-1.StateOfCharge", "Double", 0.01),
        "temperature_c": ("ESS-1.Temperature", "Float", 1),
        "discharge_limit_w": ("ESS-1.DischargeLimit", "Double", 1000),
        "charge_limit_w": ("ESS-1.ChargeLimit", "Double", 1000),
        "battery_health_pu": ("ESS-1.StateOfHealth", "Double", 0.01),
        "battery_alarm": ("ESS-1.BatteryAlarm", "Boolean", 1),
        "life_count": ("ESS-1.LifeCount", "UInt32", 1),
        "daemon_present": ("ESS-1.DaemonPresent", "Boolean", 1),
        "fallback_after_s": ("ESS-1.FallbackTime", "Float", 1),
        "fallback": ("ESS-1.Fallback", "UInt16", 1),
        "heartbeat": ("ESS-1.Heartbeat", "UInt16", 1),
        "command_epoch": ("ESS-1.CommandEpoch", "UInt32", 1),
        "command_id": ("ESS-1.CommandId", "UInt32", 1), "command": ("ESS-1.Command", "UInt16", 1),
        "power_setpoint_w": ("ESS-1.PowerSetpoint", "Double", 1000),
    },
    "hvdc/generic_modular": {
        "stage": ("HVDC-A.Stage", "UInt16", 1),
        "input_voltage_ll_v": ("HVDC-A.InputVoltage", "Double", 1),
        "input_power_w": ("HVDC-A.InputPower", "Double", 1000),
        "output_voltage_v": ("HVDC-A.OutputVoltage", "Double", 1),
        "output_power_w": ("HVDC-A.OutputPower", "Double", 1000),
        "output_current_a": ("HVDC-A.OutputCurrent", "Float", 1),
        "insulation_ohm": ("HVDC-A.Insulation", "Float", 1000),
        "leak_feeder_count": ("HVDC-A.LeakFeeder", "UInt16", 1),
        "modules_count": ("HVDC-A.Modules", "UInt16", 1),
        "available_w": ("HVDC-A.Available", "Double", 1000),
        "limited": ("HVDC-A.Limited", "Boolean", 1),
        "pole_fault": ("HVDC-A.PoleFault", "Boolean", 1),
        "life_count": ("HVDC-A.LifeCount", "UInt32", 1),
        "command_epoch": ("HVDC-A.CommandEpoch", "UInt32", 1),
        "command_id": ("HVDC-A.CommandId", "UInt32", 1),
        "command": ("HVDC-A.Command", "UInt16", 1),
        "power_limit_w": ("HVDC-A.PowerLimit", "Double", 1000),
        "heartbeat": ("HVDC-A.Heartbeat", "UInt16", 1),
        "fallback_after_s": ("HVDC-A.FallbackTime", "Float", 1),
        "fallback": ("HVDC-A.Fallback", "UInt16", 1),
    },
    "pv/generic_plant": {
        "stage": ("PV-1.Stage", "UInt16", 1), "voltage_ll_v": ("PV-1.Voltage", "Double", 1),
        "frequency_hz": ("PV-1.Frequency", "Double", 1), "power_w": ("PV-1.Power", "Double", 1000),
        "reactive_power_var": ("PV-1.ReactivePower", "Double", 1000),
        "power_available_w": ("PV-1.PowerAvailable", "Double", 1000),
        "irradiance_pu": ("PV-1.Irradiance", "Float", 0.001),
        "life_count": ("PV-1.LifeCount", "UInt32", 1),
        "power_limit_w": ("PV-1.PowerLimit", "Double", 1000),
        "heartbeat": ("PV-1.Heartbeat", "UInt16", 1),
        "fallback_after_s": ("PV-1.FallbackTime", "Float", 1),
        "fallback": ("PV-1.Fallback", "UInt16", 1),
    },
}  # fmt: skip
"""Identifier, type and scale of every node, for an equipment id of the reference site."""
