"""Chromium without a window, spoken to directly: what a page logs, and what it asks for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking "
    "--disable-component-update --disable-sync --no-first-run --remote-debugging-pipe"
).split()
LONGEST = 60.0  # seconds to wait for an answer


def find_chromium() -> str:
    """The browser: KGEN_CHROMIUM, or the first on the path; skips the test without one."""
    found = os.environ.get("KGEN_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium): the report is not opened")
    return found


class Browser:
    """A Chromium that is spoken to by its DevTools protocol over two pipes.

    Args:
        profile: an empty folder for its files.
    """

    def __init__(self, profile: Path) -> None:
        self.to_browser, self.from_browser = os.pipe(), os.pipe()
        # It reads commands from descriptor 3 and writes to 4, whatever numbers the pipes have here.
        ends = f"3<&{self.to_browser[0]} 4>&{self.from_browser[1]}"
        command = [find_chromium(), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" {ends}', "bash", *command],
            pass_fds=(self.to_browser[0], self.from_browser[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(self.to_browser[0])
        os.close(self.from_browser[1])
        os.set_blocking(self.from_browser[0], False)
        self.number, self.unread, self.events = 0, b"", []

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=LONGEST)
        os.close(self.to_browser[1])
        os.close(self.from_browser[0])

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict:
        """One command; its answer. What the browser tells meanwhile goes to `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.to_browser[1], json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def receive(self) -> dict:
        """The next message; events are kept."""
        until = time.monotonic() + LONGEST
        while b"\0" not in self.unread:
            try:
                self.unread += os.read(self.from_browser[0], 1 << 20)
            except BlockingIOError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise TimeoutError("Chromium does not answer") from None
                time.sleep(0.01)
        message, self.unread = self.unread.split(b"\0", 1)
        content = json.loads(message)
        if "method" in content:
            self.events.append(content)
        return content

    def open(self, path: Path) -> dict[str, list[str]]:
        """Open a file; what it logged and what it asked for.

        Returns:
            `"errors"`: console errors and warnings, exceptions, violations of the page's policy;
            `"requests"`: addresses beside the page's own and data; `"broken"`: pictures that could
            not be drawn.
        """
        target = self.send("Target.createTarget", url="about:blank")
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.send(f"{domain}.enable", session)
        self.events.clear()
        self.send("Page.navigate", session, url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.receive()
        script = (
            "new Promise(done => setTimeout(() => done([...document.images]"
            ".filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)), 300))"
        )
        options = {"awaitPromise": True, "returnByValue": True}
        broken = self.send("Runtime.evaluate", session, expression=script, **options)
        return {**self._told(path.as_uri()), "broken": broken["result"]["value"]}

    def _told(self, own: str) -> dict[str, list[str]]:
        errors, requests = [], []
        for event in self.events:
            method, told = event["method"], event["params"]
            if method == "Network.requestWillBeSent":
                address = told["request"]["url"]
                if address != own and not address.startswith("data:"):
                    requests.append(address)
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                errors.append(told["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
                errors.append(str([argument.get("value") for argument in told["args"]]))
            elif method == "Runtime.exceptionThrown":
                errors.append(told["exceptionDetails"]["text"])
            elif method == "Audits.issueAdded":
                errors.append(told["issue"]["code"])
        return {"errors": errors, "requests": requests}
