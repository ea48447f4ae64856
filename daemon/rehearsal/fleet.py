"""A large site on several processors: its power blocks dealt to processes of `emulate`."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.children import Child, python
from daemon.rehearsal.ports import of_gateways, refusals
from device_emulators.slices import dealt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.plant import Site

READY: Final = "ready:"


def emulate_in_processes(site: Site, options: Sequence[str], count: int, *, as_json: bool) -> int:
    """Serve a site from several processes until all have played, or Ctrl-C; return the exit code.

    Args:
        site: the site, ports shifted.
        options: the command line of `emulate` for each of them, without its blocks.
        count: how many processes.
        as_json: whether to end with one JSON object.

    Raises:
        ValueError: the site has no blocks.
    """
    slices = dealt(site, count)
    if refused := refusals(of_gateways(site)):
        raise ValueError("\n  ".join(["nothing was started:", *refused]))
    return asyncio.run(_serve(slices, options, as_json))


async def _serve(slices: Sequence[tuple[str, ...]], options: Sequence[str], as_json: bool) -> int:
    loop, children = asyncio.get_running_loop(), list[Child]()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        for blocks in slices:
            name = f"{blocks[0]} to {blocks[-1]}"
            more = ["--blocks", ",".join(blocks), "--json"]
            if blocks is not slices[0]:
                more.append("--without-shared")
            command = python("daemon", "emulate", *options, *more)
            children.append(await Child.start(name, command, _out))
        ready = asyncio.gather(*(child.said(READY) for child in children))
        await _first(stopped, ready)
        if ready.done() and all(child.alive for child in children):
            print(f"all {len(children)} processes are ready", flush=True)
        await _first(stopped, asyncio.gather(*(child.ended() for child in children)))
    finally:
        codes = await asyncio.gather(*(child.stop() for child in children))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    reports = {child.name: child.report for child in children}
    return _tell(reports, list(codes), stopped.is_set(), as_json)


async def _first(stopped: asyncio.Event, work: asyncio.Future[Any]) -> None:
    """Wait for the work, or for the word to stop."""
    waiter = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({waiter, work}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()


def _tell(reports: dict[str, Any], codes: list[int], stopped: bool, as_json: bool) -> int:
    ok = all(report.get("ok", False) for report in reports.values())
    if not ok:
        wrong = [n for (n, r), c in zip(reports.items(), codes, strict=True) if not r or c]
        print("did not play to the end: " + ", ".join(wrong), flush=True)
    if as_json:
        print(json.dumps({"ok": ok, "interrupted": stopped, "processes": reports}), flush=True)
    return int(not ok)


def _out(name: str, line: str) -> None:
    print(f"{name}  {line}", flush=True)
