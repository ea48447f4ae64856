"""The command `fault`: what goes wrong by hand, in a plant that runs in another process.

`list`, `inject` and `clear` ask the desk that serves the site, through its hatch. A site may be
served by several processes, each a part of it: what is asked for is asked of all of them, and done
by those that have the device. `proxy` is the fault proxy, which needs no desk.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from device_emulators.faults import hatch
from device_emulators.faults.proxy import PROTOCOLS, run, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.plant import Site

__all__ = ["ask", "proxy", "tell", "values_of"]

LOOPBACK: Final = "127.0.0.1"


def ask(site: Site, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the desks of `site` answer, as one answer.

    Raises:
        ConnectionError: no desk serves the site on its ports; says which desks there are.
    """
    answers = [*_answers(site, request)]
    if not answers:
        found = ", ".join(hatch.desks()) or "none"
        raise ConnectionError(
            f"no demo or emulate of {site.id} runs on these ports "
            f"(desks of this user, by site and lowest port: {found}; set --site, --port-offset)"
        )
    good = [answer for answer in answers if answer["ok"]]
    if not good:
        return answers[0]
    joined = dict(good[0])
    for answer in good[1:]:
        for name in ("standing", "done_to"):
            more = [each for each in answer.get(name, []) if each not in joined.get(name, [])]
            joined[name] = [*joined.get(name, []), *more]
    return joined


def _answers(site: Site, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in hatch.paths_of(site):
        try:
            yield hatch.ask(path, request)
        except (ConnectionRefusedError, FileNotFoundError):  # a desk that was killed left it
            continue


def tell(answer: Mapping[str, Any], *, as_json: bool) -> int:
    """Print an answer and return the exit code of the command."""
    if as_json:
        print(json.dumps(answer))
    elif answer["ok"]:
        print(*_lines(answer), sep="\n")
    else:
        print(answer["error"], file=sys.stderr)
    return int(not answer["ok"])


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield an answer as lines for people."""
    if "done_to" in answer:
        yield f"done to {', '.join(answer['done_to'])}"
    yield "standing:" if answer["standing"] else "nothing stands"
    for each in answer["standing"]:
        values = " ".join(f"{name}={value}" for name, value in each["values"].items())
        ends = "" if each["ends_in_s"] is None else f", ends in {each['ends_in_s']:.1f} s"
        what = f"{each['kind']} {values}".strip()
        yield f"  {each['device']:<16} {what}  (for {each['stands_s']:.1f} s{ends})"
    if "possible" in answer:
        yield f"can be done to {answer['device']}:"
        for kind, needs in answer["possible"].items():
            yield f"  {kind} {' '.join(f'{name}=...' for name in needs)}".rstrip()


def proxy(
    listen: str,
    to: str,
    protocol: str,
    fault: tuple[str, Mapping[str, Any]] | None,
    for_s: float | None,
) -> int:
    """Run the fault proxy until Ctrl-C; `fault` stands from the begin, for `for_s` [s].

    Raises:
        OSError: the port cannot be had.
        ValueError: no such address, protocol, fault or value.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"no protocol is called {protocol} (valid: {', '.join(PROTOCOLS)})")
    asyncio.run(run(_address(listen), _address(to), protocol, fault, for_s, _out))
    return 0


def _address(text: str) -> tuple[str, int]:
    """Return an address given as HOST:PORT, or as a port of loopback."""
    host, colon, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text}: an address is HOST:PORT, or a port of this machine")
    return (host.strip("[]") if colon else LOOPBACK), int(port)


def _out(line: str) -> None:
    print(line, flush=True)
