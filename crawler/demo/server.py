"""The demo web behind loopback addresses, for as long as a `with` block lasts.

Each host has an address of its own (127.0.0.1 to 127.0.0.3) on one port, because a crawler is polite per host.
Where the system has only 127.0.0.1, the hosts differ by port instead.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crawler.demo.site import HOSTS, Web, answer, build
from crawler.demo.texts import Day

# The first port that is free is taken. It is part of every URL, so the same one each time keeps articles known.
PORTS = tuple(range(8631, 8691, 10))
IDLE = 15.0


class PortsTaken(Exception):
    """No place to listen; `ports` are those that were tried."""

    def __init__(self, ports: Sequence[int]):
        tried = ", ".join(f"`{port}`" for port in ports)
        super().__init__(f"No free port among {tried} of `127.0.0.1`; end the program that holds one of them.")
        self.ports = tuple(ports)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in: what was asked of which host, and what it got; `size` is the body's bytes."""

    host: int
    target: str
    status: int
    size: int


@dataclass(slots=True)
class Served:
    """A running web: where it is, what was asked of it so far, and which day it shows."""

    bases: tuple[str, ...]
    port: int
    day: Day
    web: Web
    log: list[Asked] = field(default_factory=list)

    def turn_to(self, day: Day) -> None:
        """The editors publish and correct: from now on the pages of that day are served."""
        self.web, self.day = build(self.bases, day), day


@contextmanager
def serve(day: Day = 1, ports: Sequence[int] = PORTS) -> Iterator[Served]:
    """Serve the web on the first free one of `ports`; everything is closed at the end, whatever ended it.

    Raises PortsTaken.
    """
    servers = _listen(ports)
    bases = tuple(f"http://{server.server_address[0]!s}:{server.server_port}" for server in servers)
    served = Served(bases, servers[0].server_port, day, build(bases, day))
    threads = []
    try:
        for number, server in enumerate(servers):
            server.open_to(served, number)
            threads.append(threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True))
            threads[-1].start()
        yield served
    finally:
        for server, thread in zip(servers, threads, strict=False):
            server.shutdown()
            thread.join()
        for server in servers:
            server.server_close()


def _listen(ports: Sequence[int]) -> list[_Server]:
    many = _has_many_addresses()
    for port in ports:
        if servers := _bind([(f"127.0.0.{n + 1}", port) if many else ("127.0.0.1", port + n) for n in range(HOSTS)]):
            return servers
    raise PortsTaken(ports)


def _has_many_addresses() -> bool:
    """Linux answers on all of 127.0.0.0/8, macOS only on addresses that were set up."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            return False
    return True


def _bind(places: Sequence[tuple[str, int]]) -> list[_Server]:
    """A server at every one of the places, or none at all."""
    with ExitStack() as opened:
        try:
            servers = [opened.enter_context(_Server(place, _Handler)) for place in places]
        except OSError:
            return []
        opened.pop_all()
        return servers


class _Server(ThreadingHTTPServer):
    """One host. It remembers its open connections, so that closing does not wait for idle ones."""

    # Threads of this kind are joined on close.
    daemon_threads = False

    def open_to(self, served: Served, number: int) -> None:
        self.served, self.number = served, number
        self.connections: set[socket.socket] = set()

    def server_bind(self) -> None:
        # The base class asks the resolver for the name of the address, which may take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(getattr(self, "connections", ())):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "kuaixun-demo", ""
    timeout = IDLE
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        served = self.server.served
        etag, since = self.headers["If-None-Match"] or "", self.headers["If-Modified-Since"] or ""
        response = answer(served.web, self.server.number, self.path, etag, since)
        served.log.append(Asked(self.server.number, self.path, response.status, len(response.body)))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(response.body)

    do_HEAD = do_GET

    def log_message(self, *args: object) -> None:
        """The screen belongs to the crawl."""
