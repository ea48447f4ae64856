"""The site in YAML, validated into values that the rest may trust.

Sites, device maps, alarms and rules are read here, checked here, and leave as frozen values of
`model` and as `Params` of the core. All errors are reported at once, each with file, line and
the valid alternatives, because a plant is commissioned from a ladder with a laptop on one arm.
What has left this package needs no second check.

Must not know: what a driver or a controller does with a value. pydantic lives here and goes no
deeper; bounds stand on the dataclasses of the core as `annotated_types` and are enforced at this
border.

Add here: a section of a site file or a field of a device map. A make and model of a known kind
of device needs no code: one file in config/devices and its golden frames.
"""

from __future__ import annotations

from daemon.settings.broker import broker_at
from daemon.settings.check import problems
from daemon.settings.findings import Problem, SettingsError
from daemon.settings.folders import config_dir, site_path
from daemon.settings.schema import schema
from daemon.settings.site_file import (
    SiteFile,
    load,
    shift_ports,
    with_broker,
    with_broker_user,
    with_hook,
    with_metrics,
)

__all__ = [
    "Problem",
    "SettingsError",
    "SiteFile",
    "broker_at",
    "config_dir",
    "load",
    "problems",
    "schema",
    "shift_ports",
    "site_path",
    "with_broker",
    "with_broker_user",
    "with_hook",
    "with_metrics",
]
