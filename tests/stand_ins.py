"""What stands in for the machine, the network and the registries while the commands of the docs are typed.

`put(folder)` writes programs of the usual names into `folder/bin`, to go first on the PATH. Each takes only what the
real one would take, does the part of it that stays in the folder, and fails where the reader would: a file that is not
there, an extra that does not exist, a unit that starts nothing. `kuaixun` is the real program; what it asks the web of,
the demo web answers under the names of the pages, and what does not end by itself is ended once it shows that it lives.
"""

from __future__ import annotations

import argparse
import configparser
import importlib.util
import json
import os
import re
import selectors
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
# Where the machine's own folders are, below the folder of the reader.
PLACES = ("/opt/kuaixun", "/etc/kuaixun", "/etc/systemd/system", "/etc/postgresql", "/media/disk", "/var/lib/kuaixun")
HOME = "machines/new.example"  # of the reader who has moved there
SOURCE = "https://github.com/kuaixun/kuaixun"
BENCHMARK = "https://github.com/scrapinghub/article-extraction-benchmark"
HOSTS = ("mrkx.qghjm.com", "news.example", "feeds.example")
PAGE = "/1192287.html"  # an address in the README
# What shows that a program that does not end by itself is at work.
ALIVE = {
    "serve": r"http://127\.0\.0\.1:\d+/",
    "run": r"fetched|source|waiting|new",
    "fleet collect": r"Crawling \d+ sources? into",
    "fleet worker": r"Working as",
}
SECONDS = 60


def put(folder: Path) -> dict[str, str]:
    """Write the programs, and make the places. What they need in the environment."""
    place = folder / "bin"
    for name in PROGRAMS:
        program(place / name, name)
    for name in (*PLACES[1:], HOME):
        (folder / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.pathsep.join((str(place), str(Path(sys.executable).parent), os.environ["PATH"])),
        "STAND_INS": str(folder),
        "BROWSER": "true",
        "HOME": str(folder / HOME),
        # A clone is one of this repository.
        "GIT_CONFIG_COUNT": "2",
        **{f"GIT_CONFIG_KEY_{n}": f"url.{ROOT}.insteadOf" for n in range(2)},
        "GIT_CONFIG_VALUE_0": SOURCE,
        "GIT_CONFIG_VALUE_1": BENCHMARK,
    }


def program(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    told = f'PYTHONPATH={shlex.quote(str(ROOT))} STAND_IN_BIN="${{0%/*}}"'
    path.write_text(f'#!/bin/sh\n{told} exec {sys.executable} {shlex.quote(__file__)} {name} "$@"\n')
    path.chmod(0o755)


def _root() -> Path:
    return Path(os.environ["STAND_INS"])


def _parsed(words: Sequence[str], *options: str, names: str | int = "*") -> argparse.Namespace:
    """The words, as a program with those options would take them; a `:` ends one that has a value."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in options:
        action = "store" if option.endswith(":") else "store_true"
        parser.add_argument(*option.rstrip(":").split("/"), action=action)
    if names != 0:
        parser.add_argument("names", nargs=names)
    return parser.parse_intermixed_args(words)


# -- the machine


def sudo(words: Sequence[str]) -> int:
    return subprocess.run(words[2:] if words[0] == "-u" else words, check=False).returncode


def useradd(words: Sequence[str]) -> int:
    given = _parsed(words, "--system", "--home-dir:", "--shell:", names=1)
    (unit,) = (ROOT / "docs" / "ops").glob("*.service")
    assert given.system and f"User={given.names[0]}\n" in unit.read_text("utf-8")
    return 0


def install(words: Sequence[str]) -> int:
    """The real one, but for the user and the group, which are not there."""
    given = _parsed(words, "-d", "-o:", "-g:", "-m:", names="+")
    assert given.o == given.g == "kuaixun"
    how = [*(["-d"] if given.d else []), *(["-m", given.m] if given.m else [])]
    return subprocess.run(["/usr/bin/install", *how, *given.names], check=False).returncode


def systemctl(words: Sequence[str]) -> int:
    """`enable --now` starts what the unit says, for a moment; `status` knows whether it did."""
    given = _parsed(words, "--now", names=2)
    verb, name = given.names
    if (verb, name) == ("restart", "postgresql"):
        return 0
    mark = _root() / f"{name}.started"
    if verb == "status":
        return 0 if mark.exists() else 4
    if verb in ("stop", "disable"):
        return 0
    assert verb == "enable"
    unit = configparser.RawConfigParser(strict=False, comment_prefixes="#")
    unit.optionxform = str
    unit.read_string((_root() / f"etc/systemd/system/{name}.service").read_text("utf-8"))
    command = unit["Service"]["ExecStart"]
    for place in PLACES:
        command = command.replace(place, f"{_root()}{place}")
    done = subprocess.run(shlex.split(command), check=False).returncode
    mark.touch()
    return done


def journalctl(words: Sequence[str]) -> int:
    given = _parsed(words, "-u:", "-f", names=0)
    return 0 if (_root() / f"{given.u}.started").exists() else 1


def createuser(words: Sequence[str]) -> int:
    return 0 if _parsed(words, "--pwprompt", names=1).pwprompt else 1


def createdb(words: Sequence[str]) -> int:
    _parsed(words, "--owner:", names=1)
    return 0


def rsync(words: Sequence[str]) -> int:
    """The other machine is a folder."""
    given = _parsed(words, "-a", "--ignore-missing-args", names="+")
    *files, target = given.names
    if given.ignore_missing_args:
        files = [file for file in files if Path(file).exists()]
    host, _, path = target.partition(":")
    there = _root() / "machines" / host / path
    there.mkdir(parents=True, exist_ok=True)
    return subprocess.run(["cp", "-a", *files, str(there)], check=False).returncode


# -- environments and what is installed in them


def python3(words: Sequence[str]) -> int:
    """An environment in which nothing is installed yet; else Python."""
    if list(words[:2]) != ["-m", "venv"]:
        os.execv(sys.executable, [sys.executable, *words])
    bin_ = Path(words[2]) / "bin"
    for name in ("python", "pip"):
        program(bin_ / name, {"python": "venv-python"}.get(name, name))
    (bin_ / "activate").write_text(f"export PATH={shlex.quote(str(bin_.absolute()))}:$PATH\n")
    return 0


def venv_python(words: Sequence[str]) -> int:
    """Python, but for the floors of quality, which take minutes: their programs are there."""
    if len(words) > 1 and words[0] == "-m" and words[1].startswith("tests.gate"):
        return 0 if importlib.util.find_spec(words[1]) else 1
    return subprocess.run([sys.executable, *words], check=False).returncode


def pip(words: Sequence[str]) -> int:
    """Nothing comes from the network: it is seen whether a project, its extras and its constraints are there."""
    given = (
        _parsed(words, "-q", "-e", "-U/--upgrade", "-c:", names="+")
        if "-qe" not in words
        else _parsed(words, "-qe", names="+")
    )
    verb, *wanted = given.names
    assert verb == "install" and Path(getattr(given, "c", None) or ROOT).exists()
    # Where the environment is one of ours, what is installed can be typed from now on.
    place = Path(os.environ.get("STAND_IN_BIN", ""))
    for one in wanted:
        path, _, extras = one.rstrip("]").partition("[")
        requirement = None if path.startswith(".") else Requirement(one)
        if requirement and canonicalize_name(requirement.name) != "kuaixun":
            tool = place / requirement.name
            if requirement.name in ("ruff", "mypy"):
                program(tool, requirement.name)
            continue
        project = tomllib.loads((Path("." if requirement else path) / "pyproject.toml").read_text("utf-8"))["project"]
        names = requirement.extras if requirement else {name for name in extras.split(",") if name}
        assert project["name"] == "kuaixun" and not names - project["optional-dependencies"].keys(), one
        for name in ("kuaixun", *(("pytest",) if "test" in names else ())):
            program(place / name, name)
    return 0


def pytest(words: Sequence[str]) -> int:
    """Of named files the tests are run. All of them would be these here: of one file it is seen that there are some."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    if not any(word.endswith(".py") for word in words):
        command += ["--collect-only", "tests/test_docs.py"]
    done = subprocess.run(command, check=False, capture_output=True).returncode
    return 0 if done == 5 else done  # 5: none of them is slow


def ruff(words: Sequence[str]) -> int:
    _parsed(words, "--check", names=2)
    return 0


def mypy(words: Sequence[str]) -> int:
    _parsed(words, names=0)
    return 0


def there_already(_: Sequence[str]) -> int:
    """What `.ci/run` would install on a machine that has it not."""
    return 0


# -- kuaixun and the web


def kuaixun(words: Sequence[str]) -> int:
    """The program itself. In the place of the network stands the demo web, under the names of the pages."""
    name = " ".join(words[: 1 + (words[0] == "fleet")])
    if "--help" in words:
        return real(words)
    if name.startswith("fleet "):
        _to_the_queue()
    command = [sys.executable, __file__, "real", *words]
    if name in ("fleet import", "fleet reextract"):
        with subprocess.Popen([*command[:3], "fleet", "worker"]) as worker:
            try:
                return subprocess.run(command, check=False, timeout=SECONDS).returncode
            finally:
                worker.terminate()
    if name in ALIVE:
        return _ended([*command, *(["--port", "0"] if name == "serve" else [])], ALIVE[name])
    return real(words)


def _to_the_queue() -> None:
    """The machine that holds it is here."""
    from config import fleet_dsn

    assert fleet_dsn() in ("postgresql://crawler:PASSWORD@db.example/crawl", os.environ["STAND_IN_DSN"])
    os.environ["KUAIXUN_FLEET_DSN"] = os.environ["STAND_IN_DSN"]


def real(words: Sequence[str]) -> int:
    from crawler.cli import main

    if demo := os.environ.get("KUAIXUN_DATABASE"):
        words = [word.replace("127.0.0.1:8631", _place(demo)) for word in words]
    if words[0] != "demo":
        from crawler import fetch

        transport = _web()
        fetch._transport = lambda settings: transport
        os.environ.setdefault("KUAIXUN_DELAY", "0")
    sys.argv = ["kuaixun", *words]
    main()
    return 0


def _place(demo: str) -> str:
    """Where the web of the demo was, which may have found its port taken."""
    with sqlite3.connect(demo) as db:
        (seeds,) = db.execute("SELECT seeds FROM sources WHERE name = 'lanxi'").fetchone()
    return urlsplit(json.loads(seeds)[0]).netloc


def _web() -> object:
    import httpx

    from crawler.demo.site import answer, build

    web = build([f"https://{host}" for host in HOSTS], 2)
    some = next(path for host, path in sorted(web) if host == 0 and re.fullmatch(r"/\d+\.html", path))

    def asked(request: httpx.Request) -> httpx.Response:
        parts = urlsplit(str(request.url))
        told = [request.headers.get(name, "") for name in ("if-none-match", "if-modified-since")]
        path = parts.path if parts.path != PAGE else some
        found = answer(web, HOSTS.index(parts.netloc), path + (f"?{parts.query}" if parts.query else ""), *told)
        return httpx.Response(found.status, headers=dict(found.headers), content=found.body)

    return httpx.MockTransport(asked)


def datasette(words: Sequence[str]) -> int:
    return _ended([sys.executable, "-m", "datasette", *words, "--port", "0"], r"Uvicorn running on")


def _ended(command: Sequence[str], alive: str) -> int:
    """Start what does not end by itself; once it shows that it lives, end it as Ctrl-C does. 0 where it then ended."""
    # Whoever started all this may be deaf to Ctrl-C, and his children are then.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout
        told = b""
        end = time.monotonic() + SECONDS
        with selectors.DefaultSelector() as ready:
            ready.register(running.stdout, selectors.EVENT_READ)
            while not (lives := re.search(alive, told.decode(errors="replace"))) and time.monotonic() < end:
                more = os.read(running.stdout.fileno(), 65536) if ready.select(1) else b""
                told += more
                if not more and running.poll() is not None:
                    break
        running.send_signal(signal.SIGINT)
        try:
            told += running.communicate(timeout=SECONDS)[0]
        except subprocess.TimeoutExpired:
            running.kill()
            told += running.communicate()[0]
    if lives and running.returncode in (0, 130):
        return 0
    sys.stderr.write(told.decode(errors="replace"))
    return running.returncode or 1


PROGRAMS: Mapping[str, Callable[[Sequence[str]], int]] = {
    **{
        one.__name__: one
        for one in (sudo, useradd, install, systemctl, journalctl, rsync, python3, pip, kuaixun, datasette)
    },
    **{one.__name__: one for one in (createuser, createdb)},
    **dict.fromkeys(("chromedriver", "npm", "apt-get"), there_already),
}
_WITHIN = {
    "pytest": pytest,
    "ruff": ruff,
    "mypy": mypy,
    "venv-python": venv_python,
    "venv-pip": pip,
    "real": real,
}

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    sys.exit({**PROGRAMS, **_WITHIN}[name](words))
