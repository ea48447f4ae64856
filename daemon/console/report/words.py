"""How stages, verdicts and values of a transfer report are said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.model.transfer_report import Deed, TransferReport, Verdict

MARKS: Final = {True: "pass", False: "FAIL", None: "--"}
KINDS: Final = {
    "outage": "Outage",
    "sag": "Momentary loss",
    "transfer": "Transfer",
    "retransfer": "Retransfer",
    "generation": "Call for generation",
    "ups": "UPS event",
    "local": "Local transfer",
}
STAGES: Final = {
    "loss": "loss seen",
    "detected": "loss detected by vote",
    "ups_on_storage": "UPS on storage",
    "intake_opened": "intake open: parted from the utility",
    "rows_capped": "rows capped",
    "outage_confirmed": "outage confirmed",
    "start_command": "start command",
    "cranking": "cranking",
    "main_opened": "main open: section isolated",
    "voltage_built": "voltage built, set ready",
    "set_on_bus": "set on the bus",
    "load_accepted": "load accepted",
    "feeder_restored": "feeder closed again",
    "transferred": "load switched over",
    "input_taken_up": "UPS takes up its input",
    "ups_on_input": "UPS on its input",
    "recovered": "recovered",
    "input_back": "input back",
    "utility_back": "utility back",
    "utility_stable": "utility stable",
    "intake_closed": "intake closed",
    "supply_restored": "supply restored",
    "main_closed": "main closed, both sources joined",
    "retransferred": "section back on its main",
    "set_off_bus": "set off the bus",
    "set_at_rest": "set at rest",
}


def stage_said(name: str) -> str:
    """Return a stage in words."""
    return STAGES.get(name, name.replace("_", " "))


def title(report: TransferReport) -> str:
    """Return what a report is of."""
    kind = KINDS.get(report.kind, report.kind)
    return f"{kind} on {report.site}" if report.site else kind


def began(report: TransferReport) -> str:
    """Return the wall clock at the begin."""
    when = datetime.fromtimestamp(report.began_utc_ns // 1_000_000_000, UTC)
    millis = report.began_utc_ns // 1_000_000 % 1000
    return f"{when:%Y-%m-%d %H:%M:%S}.{millis:03d} UTC"


def outcome(report: TransferReport) -> str:
    """Return pass or fail, if a limit applies, and whether the report is whole."""
    said = ("PASS" if report.ok else "FAIL") if report.judged else "no limit applies"
    return said if report.complete else f"{said}, incomplete"


def reason(deed: Deed) -> str:
    """Return why a device was told so, or why it was not."""
    return deed.reason or deed.detail.partition(" refused: ")[2]


def measured(verdict: Verdict) -> tuple[str, str]:
    """Return value and limit of a verdict, the latter with its relation."""
    value = "" if verdict.value is None else figure(verdict.value, verdict.unit)
    limit = "" if verdict.limit is None else f"<= {figure(verdict.limit, verdict.unit)}"
    return value, limit


def figure(value: float, unit: str) -> str:
    """Return a value with its unit."""
    if unit == "pu":
        return f"{100.0 * value:.1f} %"
    if unit == "Wh":
        return f"{value / 1000.0:.2f} kWh"
    if unit == "s" and 0.0 < abs(value) < 1.0:
        return f"{1000.0 * value:.0f} ms"
    said = f"{value:.2f}" if value != int(value) else f"{value:.0f}"
    return f"{said} {unit}".rstrip()


def span(first_s: float, last_s: float) -> str:
    """Return a time, or from when to when."""
    if last_s - first_s < 0.0005:
        return f"{first_s:.2f} s"
    return f"{first_s:.2f} to {last_s:.2f} s"
