"""The report of a run in a real browser that has no network: it draws, follows and filters."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.browser import browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOR_S = "6"
DRAWN = """new Promise((done) => {
  const look = () => document.body?.dataset.drawn ? done(true) : setTimeout(look, 20);
  look();
})"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a momentary outage."""
    path = tmp_path_factory.mktemp("picture") / "out.html"
    command = [sys.executable, "-m", "daemon", "simulate", "momentary_outage", "--for", FOR_S]
    done = subprocess.run(
        [*command, "--report", str(path)], capture_output=True, text=True, check=False, timeout=100
    )
    assert path.is_file(), done.stdout + done.stderr
    return path


def test_the_report_draws_without_a_network(
    program: Callable[[str], str], report: Path, tmp_path: Path
) -> None:
    with browser(program("chromium"), tmp_path) as page:
        page.open(report)
        assert page.ask(DRAWN)
        assert page.ask("document.querySelector('h1').textContent") == "momentary_outage on ai_hall"
        assert page.ask("document.querySelectorAll('#verdicts tbody tr').length") > 10
        # Bands that say what they are, lines of every pane, and the lane of cut loads.
        labels = page.ask(
            "[...document.querySelectorAll('#states [class$=tick] text')]"
            ".map(text => text.textContent)"
        )
        assert {"alarms", "U-A", "DG-1", "52-VCB-IN", "none was cut"} <= set(labels)
        assert page.ask("document.querySelectorAll('#states .bars path').length") > 40
        assert page.ask("document.querySelectorAll('#quantities .js-line').length") > 40
        assert "on grid" in page.ask("document.querySelector('#states').textContent")
        # A closer look at one figure is one at both, and at the clock above them.
        zoomed = (
            "Plotly.relayout('states', {'xaxis.range[0]': 4, 'xaxis.range[1]': 6}).then(() => 0)"
        )
        page.ask(zoomed)
        page.ask("new Promise((done) => setTimeout(done, 300))")
        for figure in ("states", "quantities"):
            axes = f"{figure}._fullLayout"
            assert page.ask(f"{axes}.xaxis.range") == [4, 6]
            utc_ms = page.ask(f"{axes}.xaxis2.range.map((at) => +new Date(at))")
            assert utc_ms[1] - utc_ms[0] == 2000
        # No button sends the figure away.
        buttons = page.ask("[...document.querySelectorAll('.modebar-btn')].map(b => b.ariaLabel)")
        assert set(buttons) == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}
        # The list shows what is asked for.
        page.ask(
            "(() => { const box = document.getElementById('wanted'); box.value = 'UPS-A';"
            " box.dispatchEvent(new Event('input')); })()"
        )
        rows = page.ask(
            "[...document.querySelectorAll('#entries tbody tr:not([hidden])')]"
            ".map(r => r.textContent)"
        )
        assert rows
        assert all("UPS-A" in row for row in rows)
        assert page.asked == [report.as_uri()]
        assert page.said == []


def test_a_report_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "no" / "out.html"
    command = [
        sys.executable,
        "-m",
        "daemon",
        "simulate",
        "momentary_outage",
        "--report",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"{path}: cannot be written: No such file or directory\n"
    assert "seed" not in done.stdout
