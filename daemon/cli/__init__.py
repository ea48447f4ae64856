"""The command `ridethrough`: parse, call, print.

Each command imports what it runs and nothing else, so that `--help` and `check` answer at once.
Exit codes: 0 it went well, 1 something is wrong or an expectation was missed, 2 the command line
was not understood, 130 ended by Ctrl-C.

Commands stand by who types them: `desk` (demo, emulate, fault), `shift` (run, command, top,
doctor), `trial` (simulate, prove), `record` (report, estimate), `study` (comply, backtest, plan),
`files` (check, site, metrics, schema). What they share is in `words`.

Must not know: how anything is done.

Add here: a command, in the module of who types it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from daemon.cli import desk, files, record, shift, study, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED: Final = 130


def parser() -> argparse.ArgumentParser:
    """Return the command line as it is understood."""
    top = argparse.ArgumentParser(
        prog="ridethrough",
        description="Supervises the power path of an AI data centre.",
        epilog="ridethrough COMMAND --help shows the options of a command, and examples.",
    )
    version = importlib.metadata.version("ridethrough")
    top.add_argument("--version", action="version", version=f"ridethrough {version}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str, more: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=more, formatter_class=argparse.RawTextHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    for module in (desk, shift, trial, record, study, files):
        module.add(command)
    return top


def _mind_refusals(options: argparse.Namespace) -> int:
    """Run the command; what is wrong with what the user gave is said without a traceback."""
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        if not isinstance(error, OSError | ValueError) and not _of_settings(error):
            raise
        print(_said(error), file=sys.stderr, flush=True)
        if getattr(options, "json", False):
            print(json.dumps({"ok": False, "error": _said(error)}))
        return 1
    return code


def _said(error: Exception) -> str:
    """Return what went wrong; what the system refused without its number."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    file = error.filename2 or error.filename
    return f"{file}: {error.strerror}" if file else error.strerror


def _of_settings(error: Exception) -> bool:
    """Return whether an error lists what is wrong in a file; a person who switches has no time."""
    from daemon.settings.findings import SettingsError

    return isinstance(error, SettingsError)


def _quit(number: int, frame: object) -> None:
    """End at once, on Ctrl-C before a command listens to it itself.

    Nothing runs yet that needs an orderly end, and a KeyboardInterrupt in the midst of an import
    leaves CPython with an exit code of its own, even if it was caught.
    """
    os._exit(INTERRUPTED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # The matrices of a scan are small: threads for them cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    before = signal.signal(signal.SIGINT, _quit)
    try:
        return _main(arguments)
    finally:
        signal.signal(signal.SIGINT, before)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
        code = _mind_refusals(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
