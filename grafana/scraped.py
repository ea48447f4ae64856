"""A demonstration that is scraped by a real Prometheus with the shipped rules, for the preview."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from grafana.asking import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFSET: Final = 3500
"""Moves the ports of the demonstration away from one that may be running."""
METRICS: Final = f"127.0.0.1:{9464 + OFFSET}"
PORT: Final = 12_590
RULES: Final = Path(__file__).resolve().parents[1] / "config" / "prometheus"


def configuration(target: str) -> dict[str, Any]:
    """Return the configuration of a Prometheus that scrapes `target` every second."""
    rules = ("recording.yml", "alerts_daemon.yml", "alerts_plant.yml")
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES / name) for name in rules],
        "scrape_configs": [
            {"job_name": "ridethrough", "static_configs": [{"targets": [target]}]},
        ],
    }


@contextmanager
def scraped(scenario: str) -> Iterator[Prometheus]:
    """Run a scenario to its end and yield the Prometheus that saw it.

    Raises:
        FileNotFoundError: Prometheus is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise FileNotFoundError("prometheus is not installed; `make setup` installs it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # JSON is YAML.
        (folder / "prometheus.yml").write_text(json.dumps(configuration(METRICS)))
        command = [program, f"--config.file={folder / 'prometheus.yml'}", "--log.level=error"]
        command += [f"--storage.tsdb.path={folder}", f"--web.listen-address=127.0.0.1:{PORT}"]
        scraper = subprocess.Popen(command)
        try:
            begin_s = time.time()
            demo = ["daemon", "demo", "--scenario", scenario, "--port-offset", str(OFFSET)]
            subprocess.run([sys.executable, "-m", *demo], check=False)
            yield Prometheus(f"http://127.0.0.1:{PORT}", begin_s, time.time())
        finally:
            scraper.terminate()
            scraper.wait()
