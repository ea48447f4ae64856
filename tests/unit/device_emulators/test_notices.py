"""What the scheduler of a scenario says is what a daemon takes."""

from __future__ import annotations

from daemon.model.commands import JobNotice
from daemon.settings.job_notice import job_notice
from device_emulators.notices import notice

NOW_NS = 1_795_000_000_250_000_000


def test_notices_are_what_the_daemon_reads() -> None:
    values = {"job": "train-1", "in_s": 60, "power_w": 2e6}
    start = notice("announce_start", values, NOW_NS).encode()
    at_ns = NOW_NS + 60_000_000_000
    assert job_notice(start, "s") == JobNotice("train-1", "s", "start", at_ns, 2e6)
    stop = notice("announce_stop", values, NOW_NS).encode()
    assert job_notice(stop, "s") == JobNotice("train-1", "s", "stop", at_ns, 2e6)
    back = notice("take_back", {"job": "train-1"}, NOW_NS).encode()
    assert job_notice(back, "s") == JobNotice("train-1", "s", "cancel", 0, 0.0)
