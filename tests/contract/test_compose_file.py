"""What can be said of the compose file without an engine; tests/docker runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROVIDER = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/ridethrough.yml").read_text())


@pytest.mark.parametrize("name", ["daemon", "emulators"])
def test_our_services_may_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["stop_grace_period"] == "10s"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_what_is_mounted_exists(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]
    assert tag
    assert tag != "latest"
    for mount in service.get("volumes", []):
        source = mount.partition(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mount.endswith(":ro"), mount
        else:
            assert source in COMPOSE["volumes"], source


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_no_password_stands_in_it() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert not re.search(r"(?i)password\s*[:=]\s*\S", text)


def test_grafana_finds_its_dashboards_where_they_are_mounted() -> None:
    targets = [mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]]
    assert PROVIDER["providers"][0]["options"]["path"] in targets
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "grafana/dashboards" / Path(home).name).is_file()


def test_prometheus_looks_for_the_daemon_where_it_is() -> None:
    (found,) = yaml.safe_load((ROOT / "docker/targets/ridethrough.yml").read_text())
    assert found["targets"] == ["emulators:9464"]
    assert SERVICES["daemon"]["network_mode"] == "service:emulators"
    assert "--metrics=0.0.0.0:9464" in SERVICES["daemon"]["command"]


def test_what_keeps_years_is_written_to_and_asked_where_it_is() -> None:
    shipped = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())
    (block,) = shipped["remote_write"]
    where = "http://victoriametrics:8428"
    assert block["url"] == f"{where}/api/v1/write"
    assert SERVICES["grafana"]["environment"]["LONG_TERM_URL"] == where
    assert "-httpListenAddr=:8428" in SERVICES["victoriametrics"]["command"]


def test_the_image_is_built_from_locks_alone() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert text.count("--require-hashes") == 2
    assert not re.search(r"python[^\n]* -O", text)
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)
    assert text.index("USER ") < text.index("ENTRYPOINT")
