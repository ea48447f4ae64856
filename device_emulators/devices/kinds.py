"""Which class emulates which nature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.devices.ai_rack import AiRack
from device_emulators.devices.breaker import Breaker
from device_emulators.devices.cable import Cable
from device_emulators.devices.chiller import Chiller
from device_emulators.devices.earthing_switch import EarthingSwitch
from device_emulators.devices.ess import Ess
from device_emulators.devices.gas_turbine import GasTurbine
from device_emulators.devices.generator import Generator
from device_emulators.devices.hvdc import Hvdc
from device_emulators.devices.it_rack import ItRack
from device_emulators.devices.meter import Meter
from device_emulators.devices.pump import Pump
from device_emulators.devices.pv import Pv
from device_emulators.devices.rack_row import RackRow
from device_emulators.devices.rectifier import Rectifier
from device_emulators.devices.relay import Relay
from device_emulators.devices.smr import Smr
from device_emulators.devices.statcom import Statcom
from device_emulators.devices.switchgear_controller import SwitchgearController
from device_emulators.devices.transfer_switch import TransferSwitch
from device_emulators.devices.transformer import Transformer
from device_emulators.devices.ups import Ups
from device_emulators.devices.utility import Utility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_emulators.devices.device import Device

KINDS: Final[Mapping[str, type[Device]]] = {
    "utility": Utility,
    "breaker": Breaker,
    "earthing_switch": EarthingSwitch,
    "relay": Relay,
    "meter": Meter,
    "transformer": Transformer,
    "generator": Generator,
    "gas_turbine": GasTurbine,
    "smr": Smr,
    "pv": Pv,
    "ess": Ess,
    "ups": Ups,
    "statcom": Statcom,
    "hvdc": Hvdc,
    "rectifier": Rectifier,
    "transfer_switch": TransferSwitch,
    "switchgear_controller": SwitchgearController,
    "rack_row": RackRow,
    "ai_rack": AiRack,
    "it_rack": ItRack,
    "chiller": Chiller,
    "pump": Pump,
    "cable": Cable,
}
"""Class of every nature."""


def settings_of(nature: str) -> tuple[str, ...]:
    """Return what an `emulation:` block or the beginning of a scenario may change of a nature."""
    return tuple(KINDS[nature].DEFAULTS)


def quantities_of(nature: str) -> tuple[str, ...]:
    """Return the true values that can be asked of a nature beside its points."""
    return KINDS[nature].QUANTITIES


def events_of(nature: str) -> Mapping[str, tuple[str, ...]]:
    """Return the happenings that may be injected into a nature, each with the values it needs."""
    return {**KINDS[nature].EVENTS, "clear": ()}
