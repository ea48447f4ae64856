"""A headless Chromium without a network, driven over its debugging pipe."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--proxy-server=127.0.0.1:9",  # nobody listens: whoever asks for the network fails
    "--remote-debugging-pipe",
)


class Browser:
    """One page in a browser.

    Attributes:
        said: errors, warnings and whatever else the page wrote to its console.
        asked: every address that was asked for.
    """

    def __init__(self, requests: int, answers: int) -> None:
        """Speak over the two ends of a pipe (file descriptors)."""
        self._requests, self._answers = requests, answers
        self._rest = b""
        self._number = 0
        self._session = ""
        self.said: list[str] = []
        self.asked: list[str] = []

    def open(self, path: Path, width_px: int = 1440, height_px: int = 900) -> None:
        """Load a file and wait until it is there."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=height_px,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=path.as_uri())

    def ask(self, script: str) -> Any:
        """Return what a script, or its promise, comes to on the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer to one call of its protocol."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            said["sessionId"] = self._session
        os.write(self._requests, json.dumps(said).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser is gone"
            self._rest += more
        one, self._rest = self._rest.split(b"\0", 1)
        heard: dict[str, Any] = json.loads(one)
        method, values = heard.get("method"), heard.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(values["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(json.dumps(values["args"]))
        elif method == "Runtime.exceptionThrown":
            self.said.append(json.dumps(values["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.said.append(json.dumps(values["entry"]))
        return heard


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Browser]:
    """Run a browser whose profile is in `folder` for as long as the context lasts."""
    read_requests, requests = os.pipe()
    answers, write_answers = os.pipe()
    command = shlex.join([program, *_OPTIONS, f"--user-data-dir={folder}"])
    # The browser reads requests from descriptor 3 and writes answers to descriptor 4.
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command} 3<&{read_requests} 4>&{write_answers}"],
            pass_fds=(read_requests, write_answers),
            stdout=log,
            stderr=log,
        )
    os.close(read_requests)
    os.close(write_answers)
    try:
        there = Browser(requests, answers)
        yield there
        there._session = ""
        there.call("Browser.close")
    finally:
        os.close(requests)
        os.close(answers)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
