"""What a person types and reads: the other side of the door.

One call of the command is one request, except at a terminal: there `select` stays, shows what would
be lost and how much time there is, waits for a second person where one is needed, and operates when
that is typed. A secret is asked for or read from a file, never given on the command line.
"""

from __future__ import annotations

import getpass
import json
import select
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daemon.console import operators, screen
from daemon.console.wire import Call, door_of, lives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE_S: Final = 60.0
LOOK_S: Final = 10.0
"""A daemon that is well answers at once who only looks; to act may take a breaker's time [s]."""
TRIES: Final = 5


@dataclass(frozen=True)
class Who:
    """Who asks which daemon.

    Attributes:
        state: state folder of the daemon.
        user: which operator, None for the user of the operating system.
        secret_file: where the secret stands, None to ask for it.
    """

    state: Path
    user: str | None
    secret_file: Path | None


def ask(who: Who, request: Mapping[str, Any], *, as_json: bool, stay: bool) -> int:
    """Ask the daemon, print what came of it and return the exit code.

    Args:
        who: who asks which daemon.
        request: what is asked for.
        as_json: end with one JSON object.
        stay: go on at the terminal until the selection has ended.

    Raises:
        OSError: no daemon listens, or it hung up.
        ValueError: the secret cannot be had.
    """
    secret = _secret(who) if who.user else ""
    call, answer = _greeted(who, secret, LOOK_S if request["do"] == "list" else PATIENCE_S)
    try:
        if answer["ok"] and stay and request["do"] == "approve":
            answer = _agreed(call, str(request["selection"]))
        if answer["ok"]:
            answer = _answer(call, request, quiet=as_json or request["do"] != "operate")
            answer["state"] = str(who.state)
            if stay and answer["ok"] and request["do"] == "select":
                answer = _at_terminal(call, answer)
    finally:
        call.close()
    if as_json:
        _say(json.dumps(screen.as_json(request, answer)))
    elif answer["ok"]:
        _say(*screen.lines(answer))
    else:
        _complain(answer)
    return int(not answer["ok"])


def watch(who: Who, count: int | None, *, as_json: bool) -> int:
    """Print what people command and what comes of it, until Ctrl-C or so many lines.

    Raises:
        OSError: no daemon listens, or it hung up.
    """
    secret = _secret(who) if who.user else ""
    call, answer = _greeted(who, secret, None)
    try:
        if answer["ok"]:
            answer = _answer(call, {"do": "watch"}, quiet=True)
        if not answer["ok"]:
            _complain(answer)
            if as_json:
                _say(json.dumps(screen.as_json({"do": "watch"}, answer)))
            return 1
        for number, body in enumerate(call.heard(), 1):
            _say(json.dumps(body) if as_json else f"{body['news']:<18} {body['text']}")
            if number == count:
                break
    finally:
        call.close()
    if as_json:
        _say(json.dumps({"ok": True, "asked": {"do": "watch"}, "verdicts": []}))
    return 0


def enrol(file: Path, who: Who, name: str, roles: Sequence[str], *, as_json: bool) -> int:
    """Enrol an operator; a daemon that runs is told at once.

    Raises:
        OSError: the file cannot be written.
        ValueError: no such name or secret.
        OperatorsError: the file as it stands is not in order.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    made = operators.enrol(file, name, _new_secret(who, name), roles)
    _say_enrolled(who.state, f"{name} may {', '.join(sorted(made.roles))}: {file}")
    if as_json:
        _say(json.dumps({"ok": True, "asked": {"enrol": name, "roles": sorted(made.roles)}}))
    return 0


def dismiss(file: Path, who: Who, name: str, *, as_json: bool) -> int:
    """Take an operator out of the file; a daemon that runs is told at once.

    Raises:
        OSError: the file cannot be written.
        ValueError: nobody of that name is enrolled.
        OperatorsError: the file as it stands is not in order.
    """
    operators.dismiss(file, name)
    _say_enrolled(who.state, f"{name} may do nothing any more: {file}")
    if as_json:
        _say(json.dumps({"ok": True, "asked": {"dismiss": name}}))
    return 0


def _say_enrolled(state: Path, text: str) -> None:
    _say(text)
    if not lives(door_of(state)):
        _say(f"no daemon runs with {state} now: it will read the file when it starts")
        return
    try:
        call = _call(state, LOOK_S)
    except ConnectionError as error:
        _say(f"{error}: it will read the file when it does")
        return
    try:
        _answer(call, {"do": "list"}, quiet=True)
    finally:
        call.close()


def _call(state: Path, patience_s: float | None) -> Call:
    """Return a connection to the door of a daemon.

    Raises:
        OSError: there is none, says where it was looked for; or it stands still, says so.
    """
    path = door_of(state)
    try:
        call = Call(path, patience_s)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        why = f"no daemon runs with the state folder {state}: set --state to the one that it names"
        raise ConnectionError(why) from None
    except PermissionError:
        raise PermissionError(f"{path}: this user may not command that daemon") from None
    # The kernel lets a caller in for a process that will never look.
    if _stands_still(pid := call.peer.pid):
        call.close()
        raise ConnectionError(
            f"no daemon runs with the state folder {state}: process {pid} has been stopped "
            "(kill -CONT lets it go on)"
        )
    return call


def _stands_still(pid: int) -> bool:
    """Return whether a process has been stopped, by a signal or a debugger."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] in {"T", "t"}


def _greeted(who: Who, secret: str, patience_s: float | None) -> tuple[Call, dict[str, Any]]:
    """Return a connection on which it is said who asks, and the answer to that.

    Where there is a crowd at the door one may be pushed out; nothing is asked for yet, so one comes
    again.

    Raises:
        OSError: no daemon listens, or it hung up time and again.
    """
    left = TRIES
    while True:
        call, left = _call(who.state, patience_s), left - 1
        try:
            answer = _introduced(call, who, secret)
            if answer.get("refused_by") != "busy" or not left:
                return call, answer
        except ConnectionError:
            if not left:
                call.close()
                raise
        except BaseException:
            call.close()
            raise
        call.close()


def _introduced(call: Call, who: Who, secret: str) -> dict[str, Any]:
    if who.user is None:
        return {"ok": True}
    return _answer(call, {"do": "hello", "user": who.user, "secret": secret}, quiet=True)


def _answer(call: Call, request: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Ask, say what comes in between, and return the answer."""
    call.send(**request)
    body: dict[str, Any] = {}
    for body in call.heard():
        if "news" in body and not quiet:
            _say(f"  {body['text']}")
    return body


# Secrets.


def _secret(who: Who) -> str:
    if who.secret_file is not None:
        return _read_secret(who.secret_file)
    return _typed(f"secret of {who.user}: ")


def _new_secret(who: Who, name: str) -> str:
    if who.secret_file is not None:
        return _read_secret(who.secret_file)
    least = operators.LEAST_SECRET
    first = _typed(f"new secret of {name}, {least} characters or more: ")
    if first != _typed("once more: "):
        raise ValueError("the two are not the same")
    return first


def _typed(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise ValueError("no terminal to ask for the secret at: name a file with --secret-file")
    return getpass.getpass(prompt)


def _read_secret(file: Path) -> str:
    """Return the first line of a file that is for its owner alone.

    Raises:
        OSError: it cannot be read.
        ValueError: others may read it too.
    """
    with file.open() as opened:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ValueError(f"{file}: others may read this secret (chmod 600 it)")
        return opened.readline().rstrip("\n")


# At a terminal.


def at_terminal() -> bool:
    """Return whether a person sits there."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _at_terminal(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """Go on with a selection until it has ended; nothing typed in time lets it expire.

    Ctrl-C is something else than `operate`: it cancels the selection before it ends the command.
    """
    _say(*screen.lines(answer))
    try:
        return _gone_on(call, answer)
    except KeyboardInterrupt:
        _answer(call, {"do": "cancel", "selection": answer["selection"]}, quiet=True)
        raise


def _gone_on(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    waits = answer["needs_approval"]
    left_s = answer["left_s"] or 0.0
    while True:
        what = "a second person approves" if waits else "type `operate`; anything else cancels"
        _say_over(f"  {what}, {max(0.0, left_s):.0f} s left: ")
        ready, _, _ = select.select([sys.stdin, call], [], [], 0.0 if call.waiting else 1.0)
        left_s -= not ready and not call.waiting
        if call.waiting or call in ready:
            body = next(call.heard())
            _say(f"\n  {body['text']}")
            if body["news"] == "command_approved":
                waits, left_s = "", float(body["fields"].get("valid_s", 0.0))
            elif body["news"] != "request_refused":
                return {**answer, "ok": False, "stage": "expired", "text": body["text"]}
        elif ready:
            return _typed_word(call, answer, sys.stdin.readline().strip())


def _agreed(call: Call, selection: str) -> dict[str, Any]:
    """Show what is to be approved, and ask whether it shall be."""
    listed = _answer(call, {"do": "list"}, quiet=True)
    found = [each for each in listed.get("selections", ()) if each["selection"] == selection]
    for each in found:
        _say(*screen.waiting(each))
        if input("  type `approve`; anything else leaves it: ").strip() != "approve":
            return {"ok": False, "refused_by": "not_approved", "text": "left as it is"}
    return {"ok": True}  # what is not outstanding is refused by the daemon, which knows why


def _typed_word(call: Call, answer: dict[str, Any], typed: str) -> dict[str, Any]:
    do = "operate" if typed == "operate" else "cancel"
    done = _answer(call, {"do": do, "selection": answer["selection"]}, quiet=do != "operate")
    return done if do == "operate" else {**done, "ok": False}


def _complain(answer: Mapping[str, Any]) -> None:
    name = answer.get("refused_by") or answer.get("stage") or "refused"
    sys.stderr.write(f"{answer.get('text', 'no reason was given')} [{name}]\n")
    sys.stderr.flush()


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say_over(text: str) -> None:
    sys.stdout.write(f"\r{text}")
    sys.stdout.flush()
