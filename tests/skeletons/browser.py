"""A headless Chromium that the tests drive by the DevTools protocol, over a pipe.

The pipe needs neither a port nor a WebSocket, so Python's standard library is enough; and a browser whose pipe closes
ends. Whatever a page complains about is kept: what its scripts log as warning or error, exceptions, violations of its
content security policy, and everything that it could not load.

Run as a program it prints the version of the browser that the tests would use, or fails.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from processes import running

GUARD = 120  # seconds, after which something hangs
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-proxy-server",
    "--remote-debugging-pipe", "--window-size=1360,900",
]


def program() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("Chromium is not installed: apt-get install chromium")


class Pipe:
    """JSON messages with a zero byte after each, to and from the browser."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""

    def send(self, message: dict) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data):]

    def receive(self, timeout: float) -> dict | None:
        """The next message; None when none comes in time."""
        end = time.monotonic() + timeout
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            data = os.read(self._read, 1 << 20)
            assert data, "the browser ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """One tab. `problems` is what it complained about so far, `requested` every address that it asked for."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._last = 0
        self._session = ""
        self._loaded = False
        self.problems: list[str] = []
        self.requested: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        self._loaded = False
        answer = self._call("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        self._wait()

    def fill(self, selector: str, text: str) -> None:
        """Types into a field, as a person would."""
        self.evaluate(f"{self._one(selector)}.focus()")
        self._call("Input.insertText", text=text)

    def click(self, selector: str, *, loads: bool = True) -> None:
        """Clicks in the middle of an element; where it leads to another page, waits for that."""
        rect = self.evaluate(f"(e => (e.scrollIntoView({{block: 'center', behavior: 'instant'}}), "
                             f"e.getBoundingClientRect().toJSON()))({self._one(selector)})")
        where = {"x": rect["x"] + rect["width"] / 2, "y": rect["y"] + rect["height"] / 2}
        self._loaded = False
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)
        if loads:
            self._wait()

    def evaluate(self, expression: str) -> object:
        """The value of a JavaScript expression in the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self, selector: str = "body") -> str:
        return str(self.evaluate(f"{self._one(selector)}.innerText"))

    def address(self) -> str:
        return str(self.evaluate("location.href"))

    def screenshot(self, to: Path) -> None:
        """The whole page, also what is below the fold, as PNG."""
        data = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        to.write_bytes(base64.b64decode(data))

    def is_clean(self) -> None:
        """Nothing was complained about, and nothing was asked of another origin."""
        assert not self.problems, self.problems
        own = urlsplit(self.address()).netloc
        foreign = [url for url in self.requested if urlsplit(url).scheme in ("http", "https", "ws", "wss")
                   and urlsplit(url).netloc != own]
        assert not foreign, foreign

    @staticmethod
    def _one(selector: str) -> str:
        quoted = json.dumps(selector)
        return f"(document.querySelector({quoted}) ?? (() => {{ throw Error('no element ' + {quoted}) }})())"

    def _call(self, method: str, **parameters: object) -> dict:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        self._pipe.send(message | ({"sessionId": self._session} if self._session else {}))
        end = time.monotonic() + GUARD
        while (answer := self._pipe.receive(end - time.monotonic())) is not None:
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._note(answer)
        raise AssertionError(f"the browser does not answer to {method}")

    def _wait(self) -> None:
        """Until the page has loaded; what its scripts do at once is seen too."""
        end = time.monotonic() + GUARD
        while not self._loaded:
            message = self._pipe.receive(end - time.monotonic())
            assert message is not None, "the page does not load"
            self._note(message)
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")

    def _note(self, message: dict) -> None:
        given = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requested.append(given["request"]["url"])
            case "Network.responseReceived" if given["response"]["status"] >= 400:
                self.problems.append(f"{given['response']['status']} {given['response']['url']}")
            case "Network.loadingFailed" if not given.get("canceled"):
                self.problems.append(f"could not load: {given['errorText']} {given.get('blockedReason', '')}")
            case "Log.entryAdded" if given["entry"]["level"] in ("warning", "error"):
                self.problems.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")
            case "Runtime.consoleAPICalled" if given["type"] in ("warning", "error", "assert"):
                self.problems.append(f"console.{given['type']}: {given['args']}")
            case "Runtime.exceptionThrown":
                self.problems.append(f"exception: {given['exceptionDetails']}")


@contextmanager
def browser(scratch: Path) -> Iterator[Page]:
    """A new browser with a profile of its own; nothing of it is left in the end."""
    with tempfile.TemporaryDirectory(prefix="chromium-", dir=scratch, ignore_cleanup_errors=True) as profile:
        commands, answers = os.pipe(), os.pipe()
        # Chromium reads from 3 and writes to 4.
        ours = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (commands[0], answers[1])]
        for each in (commands[0], answers[1]):
            os.close(each)
        script = f'exec "$0" "$@" 3<&{ours[0]} 4>&{ours[1]}'
        log = scratch / "chromium.log"
        try:
            with running(["bash", "-c", script, program(), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                         scratch, {"HOME": profile}, log, pass_fds=ours):
                for each in ours:
                    os.close(each)
                ours = []
                yield Page(Pipe(answers[0], commands[1]))
        finally:
            for each in (*ours, answers[0], commands[1]):
                os.close(each)


if __name__ == "__main__":
    try:
        print(subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout.strip())
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
