"""Ports are asked for before anything is started."""

from __future__ import annotations

import socket

from daemon.rehearsal.ports import Need, refusals


def test_a_free_port_is_no_news() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert refusals([Need("127.0.0.1", port, "nobody")]) == []


def test_a_busy_port_is_named_with_who_needs_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        needs = [Need("127.0.0.1", port, "gateway GW-IN"), Need("127.0.0.1", port, "the broker")]
        assert refusals(needs) == [
            f"127.0.0.1:{port} is busy (needed by gateway GW-IN)",
            f"127.0.0.1:{port} is busy (needed by the broker)",
        ]


def test_an_address_of_another_machine_and_a_port_beyond_all_ports_are_refused() -> None:
    said = refusals([Need("192.0.2.1", 15001, "GW-IN"), Need("127.0.0.1", 70_000, "GW-MVA")])
    assert [line.split(" (")[0].split(":")[0] for line in said] == ["192.0.2.1", "127.0.0.1"]
    assert all("cannot be used" in line for line in said)
