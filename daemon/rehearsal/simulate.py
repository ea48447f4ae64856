"""The command `simulate`: a scenario in virtual time, for one seed or for many.

One seed is one run in this process. Many are shared out among processes; each is a run of its own,
so their order does not matter. Under drawn faults only the oracles decide, and a seed that fails is
shrunk to the fewest faults that still fail, written as a scenario that reproduces it.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import multiprocessing
import os
import shlex
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from daemon.console.report import listed
from daemon.model.quantities import SECOND, seconds
from daemon.rehearsal.desk import scenario_for, site_of
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.oracles.liveness import Liveness
from daemon.rehearsal.picture import About, Recorder, refuse_unwritable, write
from daemon.rehearsal.prove_without import without
from daemon.rehearsal.simulation.found import BEGIN, RUN, smallest
from daemon.rehearsal.simulation.observer import Observer, Verdict, plain
from daemon.rehearsal.simulation.outcome import failed, lines, outcome, unjudged
from daemon.rehearsal.simulation.run import Case, run
from daemon.rehearsal.simulation.swarm import draw
from daemon.settings import load
from device_emulators.trace import read_load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.progress import TaskID

    from daemon.model.transfer_report import TransferReport
    from daemon.publishers.publisher import Snapshot
    from daemon.rehearsal.simulation.observer import Scene
    from daemon.settings import SiteFile
    from device_emulators.plant.workload import Workload
    from device_emulators.scenario import Scenario

RUNS_PER_PROCESS: Final = 50
"""Processes are replaced after so many runs each: what libraries keep of each would add up."""
SHRUNK: Final = 3
"""So many failing seeds are shrunk: it takes long, and more of them mostly show the same."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be simulated.

    Attributes:
        scenario: scenario file or name.
        site: site file or name; None for the one that the scenario was written for.
        depth: "image" or "wire".
        faults: "none" or "swarm".
        for_s: scenario time to play [s], or None for what the scenario says; faults are drawn in
            it, and a quiet tail follows them.
        trace: measured load, or None for the synthetic one.
        without: interlocks and guards that are taken away first, to see what they are for.
    """

    scenario: str
    site: str | None = None
    depth: str = "image"
    faults: str = "none"
    for_s: float | None = None
    trace: Path | None = None
    without: tuple[str, ...] = ()

    def command(self, seed: int) -> str:
        """Return the command that runs one seed of it."""
        parts = ["ridethrough", "simulate", self.scenario]
        parts += ["--seed", str(seed), "--depth", self.depth]
        parts += ["--site", self.site] if self.site else []
        parts += ["--for", repr(self.for_s)] if self.for_s else []
        parts += ["--trace", str(self.trace)] if self.trace else []
        parts += [word for name in self.without for word in ("--without", name)]
        return shlex.join([*parts, "--faults", self.faults])


def case_of(wish: Wish, seed: int) -> Case:
    """Return the run of one seed.

    Raises:
        SettingsError: the site or the scenario was refused.
        TraceError: the measured load was refused.
    """
    site_file, scenario, workload = _read(wish)
    if wish.faults == "swarm":  # the drawn scenario says for how long: it has a quiet tail
        drawn = draw(site_file.site, scenario, seed, wish.for_s)
        return Case(site_file, drawn, seed, wish.depth, None, workload)
    return Case(site_file, scenario, seed, wish.depth, wish.for_s, workload)


@lru_cache(maxsize=1)
def _read(wish: Wish) -> tuple[SiteFile, Scenario, Workload | None]:
    site_file = load(wish.site or site_of(wish.scenario))
    scenario = scenario_for(wish.scenario, site_file.site, wish.depth)
    return site_file, scenario, None if wish.trace is None else read_load(wish.trace)


def simulate(wish: Wish, seed: int, picture: Path | None, *, as_json: bool) -> int:
    """Run one seed, print what came of it, and return the exit code of the command.

    Raises:
        ValueError: the run came to no end, or there is no such interlock or guard to take away.
        SettingsError: the site or the scenario was refused.
        TraceError: the measured load was refused.
        PictureError: the picture cannot be written.
    """
    if picture is not None:
        refuse_unwritable(picture)
    case = case_of(wish, seed)
    print(f"seed {seed}{_less(wish)}", flush=True)
    recorder = None if picture is None else Recorder()
    with _progress() as bar, without(wish.without):
        drawing = [recorder] if recorder else []
        try:
            course = run(case, [*oracles(), *drawing, _Bar(bar, case)])
        except RuntimeError as error:
            raise ValueError(f"seed {seed}: the run came to no end: {error}") from error
    found = outcome(course, wish.faults)
    print(*lines(found, case.site_file.site), sep="\n")
    if course.transfers:
        print("transfers", *listed(course.transfers), sep="\n", flush=True)
    if picture is not None and recorder is not None:
        _draw(picture, recorder, found, case, course.transfers, _less(wish))
        print(f"report: {picture}", flush=True)
    files = _shrunk(wish, [] if found["ok"] else [seed])
    if as_json:
        plain = {**found, "without": list(wish.without), "smallest": files.get(seed)}
        print(json.dumps(plain), flush=True)
    return int(not found["ok"])


def _less(wish: Wish) -> str:
    """Return what is taken away, for people, "" where all is there."""
    return f" without {', '.join(wish.without)}" if wish.without else ""


def _draw(
    path: Path,
    recorder: Recorder,
    found: Mapping[str, Any],
    case: Case,
    transfers: Sequence[TransferReport],
    less: str,
) -> None:
    about = About(
        site=found["site"],
        site_name=case.site_file.site.name,
        scenario=found["scenario"],
        description=f"{case.scenario.description}{less}",
        seed=found["seed"],
        depth=found["depth"],
        faults=found["faults"],
        version=importlib.metadata.version("ridethrough"),
        trace_hash=found["trace_hash"],
        ok=found["ok"],
    )
    verdicts = found["expectations"], found["oracles"]
    write(path, recorder.recording(), about, *verdicts, transfers)


def simulate_many(wish: Wish, seeds: Sequence[int], jobs: int, *, as_json: bool) -> int:
    """Run many seeds in `jobs` processes, print what failed, and return the exit code.

    Raises:
        ValueError: there is no such interlock or guard to take away.
        SettingsError: the site or the scenario was refused.
        TraceError: the measured load was refused.
        KeyboardInterrupt: Ctrl-C or a termination; no process is left behind.
    """
    print(f"seeds {seeds[0]}..{seeds[-1]}{_less(wish)}", flush=True)
    with without(wish.without):
        case_of(wish, seeds[0])  # refused now, not in some other process
    runs = sorted(_shared_out(wish, seeds, jobs), key=lambda found: found["seed"])
    bad = [found for found in runs if not found["ok"]]
    for found in bad:
        print(f"seed {found['seed']} FAILED: {'; '.join(found['failed'])}")
    lively = sum(Liveness.name not in found["unjudged"] for found in runs)
    print(
        f"{len(runs) - len(bad)} of {len(runs)} seeds good, "
        f"liveness judged in {lively} of {len(runs)}",
        flush=True,
    )
    files = _shrunk(wish, [found["seed"] for found in bad[:SHRUNK]])
    for found in runs:
        found["smallest"] = files.get(found["seed"])
    if as_json:
        print(json.dumps(_summary(wish, seeds, runs)), flush=True)
    return int(bool(bad))


def _shrunk(wish: Wish, seeds: Sequence[int]) -> dict[int, str]:
    """Write the smallest scenario of each failing seed, where faults were drawn.

    Returns:
        The file of each seed; none where it could not be had, which is said.
    """
    files: dict[int, str] = {}
    if wish.faults != "swarm" or not seeds:
        return files
    site_file, scenario, workload = _read(wish)
    for seed in seeds:
        case = Case(site_file, scenario, seed, wish.depth, wish.for_s, workload)
        path = Path(f"{scenario.scenario}-seed-{seed}.yaml")
        print(f"seed {seed}: looking for the fewest faults that still fail ...", flush=True)
        try:
            with without(wish.without):
                found = smallest(case, wish.command(seed))
            _write_ours(path, found)
        except (OSError, ValueError) as error:
            print(f"seed {seed}: not written: {error}", file=sys.stderr, flush=True)
        else:
            files[seed] = str(path)
            print(f"seed {seed}: written to {path}", flush=True)
    return files


def _write_ours(path: Path, text: str) -> None:
    """Write a file as a whole or not at all; only one that was written here is replaced.

    Raises:
        OSError: the folder cannot be written to, or somebody else's file stands there.
    """
    if path.exists() and not path.read_text().startswith(BEGIN):
        raise FileExistsError(f"{path} is not from here; it is left as it is")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _summary(wish: Wish, seeds: Sequence[int], runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ok": all(found["ok"] for found in runs),
        "scenario": runs[0]["scenario"],
        "site": runs[0]["site"],
        "seeds": f"{seeds[0]}..{seeds[-1]}",
        "depth": wish.depth,
        "faults": wish.faults,
        "without": list(wish.without),
        "failed": [found["seed"] for found in runs if not found["ok"]],
        "runs": runs,
    }


def _shared_out(wish: Wish, seeds: Sequence[int], jobs: int) -> list[dict[str, Any]]:
    """Return what came of every seed, as it came.

    The processes are replaced all together: a pool that replaces each by itself comes to a
    standstill when the last of them ends while much is still to be done (CPython issue 115634).

    Raises:
        KeyboardInterrupt: Ctrl-C or a termination; no process is left behind.
    """
    runs: list[dict[str, Any]] = []
    together = jobs * RUNS_PER_PROCESS
    with _progress() as bar:
        task = bar.add_task(f"{len(seeds)} seeds", total=len(seeds))
        for first in range(0, len(seeds), together):
            some = seeds[first : first + together]
            pool = _pool(min(jobs, len(some)))
            with _ended(pool):
                with _unheard(signal.SIGINT):  # of the children, from their first moment
                    wanted = [pool.submit(played, wish, seed) for seed in some]
                for done in as_completed(wanted):
                    bar.advance(task)
                    runs.append(done.result())
    return runs


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Return as many processes; not forked, so that none inherits a loop, threads or a journal."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, initializer=_die_with, initargs=(os.getpid(),))


@contextmanager
def _ended(pool: ProcessPoolExecutor) -> Iterator[None]:
    """See to it that a pool ends with this: at once where a signal or an error ends it."""
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    except BaseException:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # twice is not more than once
        for child in multiprocessing.active_children():
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _unheard(number: int) -> Iterator[None]:
    """Hold a signal back; processes and threads begun meanwhile never hear it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _die_with(parent: int) -> None:
    """Let this process of the pool end when its parent does, however that ends; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)


def played(wish: Wish, seed: int) -> dict[str, Any]:
    """Run one seed and return the short account of it, as plain values."""
    case = case_of(wish, seed)
    try:
        with without(wish.without):
            found = outcome(run(case, oracles()), wish.faults)
    except RuntimeError as error:
        found = _endless(case, str(error))
    kept = ("ok", "scenario", "site", "seed", "for_s", "speed", "trace_hash")
    return {
        **{name: found[name] for name in kept},
        "failed": failed(found),
        "unjudged": unjudged(found),
        "oracles": [verdict for verdict in found["oracles"] if verdict["ok"] is False],
    }


def _endless(case: Case, why: str) -> dict[str, Any]:
    """Return the account of a run that came to no end: nothing was judged."""
    return {
        "ok": False,
        "scenario": case.scenario.scenario,
        "site": case.site_file.site.id,
        "seed": case.seed,
        "for_s": case.scenario.for_s if case.for_s is None else case.for_s,
        "speed": None,
        "trace_hash": None,
        "expectations": [],
        "oracles": [
            plain(Verdict(RUN, False, detail=why)),
            plain(Verdict(Liveness.name, None, detail="the run came to no end")),
        ],
    }


def _progress() -> Progress:
    """Return a bar for people who look; a pipe or a file gets none."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


class _Bar(Observer):
    """Shows how far a run is."""

    def __init__(self, bar: Progress, case: Case) -> None:
        self._bar = bar
        for_s = case.scenario.for_s if case.for_s is None else case.for_s
        self._task: TaskID = bar.add_task(f"{case.scenario.scenario} [s]", total=for_s)
        self._origin_ns = self._next_ns = 0

    def begin(self, scene: Scene) -> None:
        self._origin_ns = scene.origin_ns

    def shown(self, snapshot: Snapshot) -> None:
        now_ns = snapshot.image.now_ns
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + SECOND
            self._bar.update(self._task, completed=seconds(now_ns - self._origin_ns))
