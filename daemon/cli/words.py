"""What commands share: their options, and how what is typed is read."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[
        [str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser
    ]
    """Makes a command: name, what runs it, what it does, and its help with examples."""


DEFAULT_SITE: Final = "ai_hall"

DEFAULT_SCENARIO: Final = "extended_outage"


def state_option(sub: argparse.ArgumentParser) -> None:
    """Take the state folder of a daemon."""
    sub.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="state folder of the daemon (default: ridethrough-state)",
        default=Path("ridethrough-state"),
    )


def operators_option(sub: argparse.ArgumentParser) -> None:
    """Take the file of the operators."""
    sub.add_argument(
        "--operators",
        type=Path,
        metavar="FILE",
        help="file of the operators (default: operators.json in the state folder)",
    )


def plant_options(sub: argparse.ArgumentParser) -> None:
    """Take what drives a plant, and for how long."""
    sub.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="load as CSV, also gzipped: t_s, then columns ..._w, whose highest sum is\n"
        "made what the racks are rated for; or requests to be answered: t_s,\n"
        "context_tokens, generated_tokens",
    )
    sub.add_argument(
        "--for",
        dest="for_s",
        type=seconds,
        metavar="SECONDS",
        help="plant seconds to play (default: as the scenario says)",
    )


def site_argument(add: Callable[..., object], name: str, **more: str) -> None:
    """Take a site; `add` is the method that takes it."""
    add(name, metavar="SITE", help="site file, or the name of one that came along", **more)


def scenario_option(sub: argparse.ArgumentParser, default: str | None) -> None:
    """Take a scenario."""
    sub.add_argument(
        "--scenario",
        default=default,
        metavar="NAME",
        help="scenario file, or the name of one that came along"
        + (f" (default {default})" if default else ""),
    )


def mqtt_option(sub: argparse.ArgumentParser) -> None:
    """Take a broker other than that of the site."""
    sub.add_argument(
        "--mqtt", type=broker, metavar="URL", help="another broker, e.g. mqtt://10.0.0.5:1883"
    )


def port_offset_option(sub: argparse.ArgumentParser) -> None:
    """Take what is added to every port of the site."""
    sub.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="add N to every port of the site"
    )


def json_option(sub: argparse.ArgumentParser) -> None:
    """Take whether a machine reads along."""
    sub.add_argument("--json", action="store_true", help="end with one JSON object on a line")


def seconds(text: str) -> float:
    """Return a time [s]."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def power_w(text: str) -> float:
    """Return a power [W], such as of 100MW."""
    found = re.fullmatch(r"(\d+\.?\d*(?:e\d+)?) ?([kMG]?)W?", text)
    value_w = float(found[1]) * {"k": 1e3, "M": 1e6, "G": 1e9}.get(found[2], 1.0) if found else 0.0
    if not 0 < value_w < float("inf"):
        raise argparse.ArgumentTypeError("must be a power above 0, such as 100MW or 5e6")
    return value_w


def size_bytes(text: str) -> int:
    """Return a size on disk [bytes], such as of 16GiB."""
    from daemon.journal.keeping import LEAST

    found = re.fullmatch(r"(\d+) ?(M|G|T)(?:iB)?", text)
    size = int(found[1]) * 1024 ** (2 + "MGT".index(found[2])) if found else 0
    if size < LEAST:
        raise argparse.ArgumentTypeError(f"must be {LEAST >> 20}MiB or more, such as 500MiB, 16GiB")
    return size


def store(text: str) -> tuple[float, float]:
    """Return power [W] and energy [J] of a store, such as of 10MW/20MWh."""
    power, _, energy = text.partition("/")
    if not energy.endswith("Wh"):
        raise argparse.ArgumentTypeError("must be power/energy of a store, such as 10MW/20MWh")
    try:
        energy_wh = power_w(energy.removesuffix("h"))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError("must have an energy above 0, such as 20MWh") from None
    return power_w(power), energy_wh * 3600.0


def duration_s(text: str) -> float:
    """Return a time [s], such as of 15min."""
    found = re.fullmatch(r"(\d+\.?\d*) ?(s|min|h|d)?", text)
    units_s = {"min": 60.0, "h": 3600.0, "d": 86_400.0}
    value_s = float(found[1]) * units_s.get(found[2], 1.0) if found else 0.0
    if not 0 < value_s < float("inf"):
        raise argparse.ArgumentTypeError("must be a time above 0, such as 900s, 15min, 14d")
    return value_s


def part_pu(text: str) -> float:
    """Return a part of a whole, from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be a part from 0 to 1")
    return value


def efficiency_pu(text: str) -> float:
    """Return what is left of what goes through, above 0 and up to 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("must be a part above 0, up to 1")
    return value


def seed(text: str) -> int:
    """Return a seed."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number from 0")
    return int(text)


def jobs(text: str) -> int:
    """Return how many processes may run."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def seeds(text: str) -> range:
    """Return seeds in a row, such as of 1..200."""
    first, dots, last = text.partition("..")
    if not dots or not first.isdecimal() or not last.isdecimal() or int(last) < int(first):
        raise argparse.ArgumentTypeError("must be two whole numbers in order, such as 1..200")
    return range(int(first), int(last) + 1)


def broker(text: str) -> str:
    """Return the address of a broker as it was typed, once it was found to be one."""
    from daemon.settings import broker_at

    try:
        broker_at(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def mind_state(folder: Path) -> None:
    """Make the state folder, or say why it cannot be one."""
    from daemon.console.wire import door_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        why = "is a file"
    except OSError as error:
        why = f"cannot be made, {error.strerror}"
    else:
        why = "" if os.access(folder, os.W_OK | os.X_OK) else "is not writable"
    if why:
        raise ValueError(f"state folder {folder}: {why} (set --state)")
    door_of(folder)  # which refuses a name that is too long
