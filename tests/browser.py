"""A server in a thread, and a real Chromium that looks at it: no request leaves this machine, each is written down."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import config

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
AXE = Path(__file__).parent.parent / ".venv" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-default-apps --disable-dev-shm-usage --hide-scrollbars "
    "--force-color-profile=srgb"
).split()

# Every name of an example is the port that counts; nothing else is anywhere, whatever Chromium asks for by itself.
_NOWHERE = "--host-resolver-rules=MAP *.example 127.0.0.1:{}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@contextmanager
def serving(database: Path, now: datetime) -> Iterator[str]:
    """`kuaixun serve` of a database in a thread; its address."""
    import uvicorn

    from crawler.web.plugin import served

    setup = config.override(config.load(None, {}), "database", str(database), "--db")
    setup = config.override(setup, "timezone", "Asia/Shanghai", "test")
    made = served(setup, lambda: now)
    server = uvicorn.Server(uvicorn.Config(made.app(), host="127.0.0.1", port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < end:
            thread.join(0.02)
        (port,) = (socket.getsockname()[1] for one in server.servers for socket in one.sockets)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        made.close()


class Sink:
    """What every host of a test is for the browser: a port of this machine that counts who comes."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.visitors = self._listening.getsockname()[1], 0
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                visitor, _ = self._listening.accept()
                self.visitors += 1
                visitor.close()

    def close(self) -> None:
        self._listening.close()


class Browser:
    """A Chromium with a folder of its own; `sink` counts whom it would have reached outside."""

    def __init__(self) -> None:
        from selenium.webdriver import Chrome, ChromeOptions
        from selenium.webdriver.chrome.service import Service

        self.sink = Sink()
        self._folder = tempfile.mkdtemp(prefix="chromium")
        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (
            *FLAGS,
            _NOWHERE.format(self.sink.port),
            f"--user-data-dir={self._folder}",
        ):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = Chrome(options, Service(DRIVER))
        self.driver.set_page_load_timeout(30)

    def close(self) -> None:
        self.driver.quit()
        self.sink.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def dress(self, width: int = 1280, height: int = 900, *, dark: bool = False, zoom: float = 1) -> None:
        """The size of the window in CSS pixels, and whether the reader would rather have it dark."""
        self.width = width
        metrics = {"width": width, "height": height, "deviceScaleFactor": zoom, "mobile": width < 600}
        self._do("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._do("Emulation.setEmulatedMedia", {"features": [scheme]})

    def scripts(self, *, allowed: bool) -> None:
        self._do("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def get(self, url: str) -> list[str]:
        """Go there; the addresses that were asked for, that one among them."""
        self.driver.get_log("performance")
        self.driver.get(url)
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        # What the policy of the page forbids is announced all the same.
        barred = {
            event["params"]["requestId"]
            for event in events
            if event["method"] == "Network.loadingFailed" and event["params"].get("blockedReason") == "csp"
        }
        asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in asked if each["requestId"] not in barred]
        return [url for url in urls if not url.startswith(("data:", "chrome:"))]

    def run(self, script: str, *values: object) -> Any:
        """What a script of ours says of the page."""
        return self.driver.execute_script(script, *values)

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page, each with the elements."""
        self.run(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]

    def picture(self, path: Path, *, whole: bool = False, most: int = 2600) -> None:
        """What is seen, or the whole page down to `most` pixels, as PNG or WebP by the name of the file."""
        form = {"format": path.suffix[1:], **({"quality": 70} if path.suffix == ".webp" else {})}
        if whole:
            width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
            clip = {"x": 0, "y": 0, "width": width, "height": min(height, most), "scale": 1}
            shot = self._do("Page.captureScreenshot", {**form, "captureBeyondViewport": True, "clip": clip})
        else:
            shot = self._do("Page.captureScreenshot", form)
        import base64

        path.write_bytes(base64.b64decode(shot["data"]))

    def _do(self, what: str, told: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = self.driver.execute_cdp_cmd(what, told)
        return done
