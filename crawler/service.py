"""What a service manager and a monitoring system want of the daemon: signs of life, /healthz and /metrics.

The only room that knows prometheus_client (the extra `ops`). It serves on this machine's own address, in a thread.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from crawler.vitals import Vitals
from storage import open_store, outbox, watch
from storage.errors import StorageError

LOOPBACK = "127.0.0.1"
# Seconds that a request may take, from its first byte to the last of the answer.
DEADLINE = 10.0
Start = Callable[[str, list[tuple[str, str]]], Any]


def notify(address: str, text: str) -> None:
    """Tell the service manager something (`READY=1`, `WATCHDOG=1`, `STOPPING=1`), as sd_notify(3) does.

    `address` is that of its socket, "" where there is none. What cannot be told is not told.
    """
    if not address:
        return
    # An abstract socket is written with an @.
    target = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(text.encode(), target)


def health(vitals: Vitals, tick: float) -> tuple[bool, dict[str, object]]:
    """Whether the daemon is well, and what is to be said of that."""
    hangs, why = vitals.hangs(tick), vitals.trouble(tick)
    told: dict[str, object] = {
        "status": "hangs" if hangs else "failing" if why else "ok",
        "hangs": [{"what": each.what, "seconds": round(each.seconds)} for each in hangs],
        "why": why or None,
        "since": vitals.failing_since.isoformat() if vitals.failing_since else None,
        "failed_passes": vitals.failed_passes,
        "last_pass": vitals.passed_at.isoformat() if vitals.passed_at else None,
        "waiting": vitals.waiting,
    }
    return not hangs and not why, told


class Numbers:
    """The metrics, gathered anew whenever they are asked for: of the daemon, and of its database."""

    def __init__(self, vitals: Vitals, database: Path, ticks: Callable[[], float]):
        self._vitals, self._database, self._ticks = vitals, database, ticks

    def collect(self) -> Iterator[Any]:
        """The families of metrics, for the registry of prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        vitals, tick = self._vitals, self._ticks()
        events = CounterMetricFamily("kuaixun_events", "What came of requests, by kind.", labels=["kind"])
        for kind, number in sorted(vitals.events.copy().items()):
            events.add_metric([kind], number)
        yield events
        yield CounterMetricFamily("kuaixun_requests", "Requests of passes that have ended.", value=vitals.requests)
        yield CounterMetricFamily("kuaixun_received_bytes", "Bytes of pages, decoded.", value=vitals.size)
        yield CounterMetricFamily("kuaixun_passes", "Passes that ended well.", value=vitals.passes)
        yield GaugeMetricFamily("kuaixun_failed_passes", "Passes in a row that did not.", value=vitals.failed_passes)
        yield GaugeMetricFamily("kuaixun_waiting", "Addresses due after the last pass.", value=vitals.waiting)
        yield CounterMetricFamily(
            "kuaixun_lost_lines", "Lines of output that could not be written.", value=vitals.lost()
        )
        yield GaugeMetricFamily("kuaixun_visits", "Hosts that are being asked.", value=len(vitals.visits))
        yield GaugeMetricFamily("kuaixun_silence_seconds", "Since the last sign of life.", value=tick - vitals.beat)
        yield GaugeMetricFamily("kuaixun_hanging", "Things that hang.", value=len(vitals.hangs(tick)))
        for name, number in vitals.fleet.copy().items():
            text = f"Of the fleet: {name.replace('_', ' ')}."
            yield GaugeMetricFamily(f"kuaixun_fleet_{name}", text, value=number)
        if vitals.passed_at:
            at = vitals.passed_at.timestamp()
            yield GaugeMetricFamily("kuaixun_last_pass_timestamp_seconds", "When the last pass ended.", value=at)
        # What cannot be read now is left out, and told by the command that writes.
        with suppress(StorageError):
            yield from self._of_database(GaugeMetricFamily)

    def _of_database(self, gauge: Any) -> Iterator[Any]:
        with open_store(self._database, readonly=True) as store:
            sources, chores = watch.source_health(store.db), watch.chore_health(store.db)
            searches = outbox.health(store.db)
        size = sum(each.stat().st_size for each in (self._database,) if each.exists())
        yield gauge("kuaixun_database_bytes", "Size of the database.", value=size)
        for label, rows in (("source", sources), ("chore", chores), ("search", searches)):
            names = [name for name in rows[0] if name != "name"] if rows else []
            for name in names:
                family = gauge(f"kuaixun_{label}_{name}", f"Of each {label}: {name.replace('_', ' ')}.", labels=[label])
                for row in rows:
                    value = row[name]
                    if value is not None:
                        family.add_metric([row["name"]], _number(value))
                yield family


def _number(value: str | float) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)


def application(vitals: Vitals, database: Path, ticks: Callable[[], float] = time.monotonic) -> Any:
    """The WSGI application of both addresses; everything else is 404. Raises ImportError without the extra `ops`."""
    from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
    from prometheus_client.exposition import make_wsgi_app

    registry = CollectorRegistry()
    registry.register(Numbers(vitals, database, ticks))
    for kind in (ProcessCollector, PlatformCollector, GCCollector):
        kind(registry=registry)
    metrics: Callable[[dict[str, Any], Start], Iterable[bytes]] = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/healthz":
            well, told = health(vitals, ticks())
            start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
            return [json.dumps(told).encode() + b"\n"]
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"/healthz and /metrics are here\n"]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request: who asks slowly holds nobody up, and is not waited for at the end."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone: nothing to say."""


class _Silent(WSGIRequestHandler):
    timeout = DEADLINE
    deadline = DEADLINE

    def setup(self) -> None:
        super().setup()
        # The timeout is that of one byte; who sends one now and then is cut off too.
        self._over = threading.Timer(self.deadline, self._cut)
        self._over.daemon = True
        self._over.start()

    def finish(self) -> None:
        self._over.cancel()
        super().finish()

    def _cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody wants a line for each scrape."""


@contextmanager
def served(port: int, answer: Any, *, poll: float = 0.5, deadline: float = DEADLINE) -> Iterator[int]:
    """Serve on a port of this machine meanwhile (0: any that is free); the port. Raises OSError where it is taken.

    `poll` is how many seconds the end may take, `deadline` how many a request may.
    """
    handler = type("_Handler", (_Silent,), {"deadline": deadline})
    with make_server(LOOPBACK, port, answer, server_class=_Server, handler_class=handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(poll,), name="metrics", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(poll)
