"""What brings a notice to its place: one POST to a webhook, or one program that is run. Each says what came of it.

Both are given a time and are left when it is over. Where a webhook leads is what its user wants, private networks
included; no redirect is followed. What is secret is in no text that leaves this file.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

# Seconds between two looks whether to go on, and those that a program has to end when the daemon does.
LOOK, FAREWELL = 0.1, 5.0
# Characters of what a program says last that are kept when it fails.
SAID = 300
# These say that one notice cannot be taken; any other failure concerns the place.
_OF_THE_NOTICE = frozenset((400, 413, 422))

Still = Callable[[], None]


class Brought(NamedTuple):
    """What came of a try: "" for no error; whether that concerns this notice alone, and the pause that was asked for.

    `wait` is in seconds, None where none was asked for.
    """

    error: str = ""
    is_of_the_notice: bool = False
    wait: float | None = None


class Parcel(NamedTuple):
    """What is sent to a webhook."""

    url: str
    headers: Mapping[str, str]
    content: bytes
    proxy: str = ""


def post(parcel: Parcel, *, seconds: float, now: datetime, still: Still = lambda: None) -> Brought:
    """POST to a webhook; any answer from 200 to 299 is good. It is left after so many seconds, whatever hangs."""
    found: list[Brought] = []
    stop: list[Callable[[], None]] = []
    # A name server or an answer that drips cannot be interrupted: nobody waits for this thread at the end.
    work = threading.Thread(target=lambda: found.append(_post(parcel, seconds, now, stop)), daemon=True)
    work.start()
    until = time.monotonic() + seconds
    while work.is_alive() and time.monotonic() < until:
        work.join(min(LOOK, max(until - time.monotonic(), 0)))
        _ask(still, lambda: [close() for close in stop])
    if found:
        return found[0]
    for close in stop:
        with suppress(Exception):
            close()
    return Brought(f"no answer in {seconds:g} s")


def _ask(still: Still, leave: Callable[[], object]) -> None:
    try:
        still()
    except BaseException:
        leave()
        raise


def _post(parcel: Parcel, seconds: float, now: datetime, stop: list[Callable[[], None]]) -> Brought:
    import httpx

    from crawler.answer import retry_after

    # It writes every address into the log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        with httpx.Client(timeout=seconds, trust_env=False, proxy=parcel.proxy or None) as client:
            stop.append(client.close)
            with client.stream("POST", parcel.url, headers=dict(parcel.headers), content=parcel.content) as answer:
                status, wait = answer.status_code, answer.headers.get("retry-after", "")
    except Exception as error:  # Whatever it is: its text may have the address in it, so only its kind is told.
        return Brought(_kind(error))
    if 200 <= status < 300:
        return Brought()
    told = f"HTTP status {status}"
    if 300 <= status < 400:
        told += ", a redirect, which is not followed: set `url` to the address that it leads to"
    return Brought(told, status in _OF_THE_NOTICE, retry_after(wait, now) if wait else None)


def _kind(error: Exception) -> str:
    """What went wrong, without what was sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return f"no connection: {cause.strerror}"
        cause = cause.__cause__ or cause.__context__
    name = type(error).__name__
    known = {"InvalidURL": "`url` is no web address", "UnsupportedProtocol": "`url` is no web address"}
    return known.get(name, f"no answer: {name}")


def run(
    command: Sequence[str],
    content: bytes,
    *,
    env: Mapping[str, str],
    folder: Path,
    seconds: float,
    still: Still = lambda: None,
) -> Brought:
    """Run a program with the notice on its standard input; 0 is good. After its time it is killed with its children."""
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(env),
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Brought(f"`{command[0]}` cannot be run: {getattr(error, 'strerror', None) or error}")
    said: deque[bytes] = deque(maxlen=8)
    # A grandchild may hold the pipes open for ever, and a program need not read: nobody waits for these threads.
    threading.Thread(target=_feed, args=(process.stdin, content), daemon=True).start()
    hearing = threading.Thread(target=_hear, args=(process.stderr, said), daemon=True)
    hearing.start()
    code = _ended(process, seconds, still)
    if code == 0:
        return Brought()
    if code is None:
        return Brought(f"`{command[0]}` took more than {seconds:g} s and was killed")
    hearing.join(LOOK)
    last = " ".join(b"".join(said).decode("utf-8", "replace").split())[-SAID:]
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    return Brought(f"`{command[0]}` {ended}" + (f": {last}" if last else ""))


def _ended(process: subprocess.Popen[bytes], seconds: float, still: Still) -> int | None:
    """The exit code; None for a program that was killed because its time was over."""
    until = time.monotonic() + seconds
    stopped: BaseException | None = None
    while time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(min(LOOK, max(until - time.monotonic(), 0.001)))
        if stopped is None:
            try:
                still()
            except BaseException as error:
                # It may be about to end well: then its notice need not be brought a second time.
                stopped, until = error, min(until, time.monotonic() + FAREWELL)
    _kill(process)
    if stopped:
        raise stopped
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _feed(pipe: IO[bytes] | None, content: bytes) -> None:
    # It may end without having read everything.
    with suppress(OSError, ValueError):
        if pipe:
            pipe.write(content)
            pipe.close()


def _hear(pipe: IO[bytes] | None, said: deque[Any]) -> None:
    if pipe:
        with suppress(OSError, ValueError), pipe:
            while part := os.read(pipe.fileno(), 4096):
                said.append(part)
