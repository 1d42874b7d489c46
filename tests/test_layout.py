"""The shape of the house: which room may know which, how long things may get, and that starting stays cheap."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from storage import open_store

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "storage", "crawler")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
# A room (a module, or a folder of them) may use rooms of its own line and of the lines above it, directly or by way of
# others. Every room stands here.
LINES = (
    (
        "config",
        "storage.align",
        "storage.claims",
        "storage.codes",
        "storage.conflicts",
        "storage.drift",
        "storage.digest",
        "storage.errors",
        "storage.batch",
        "storage.fields",
        "storage.figures",
        "storage.instruments",
        "storage.keys",
        "storage.mentions",
        "storage.places",
        "storage.ranking",
        "storage.records",
        "storage.sessions",
        "storage.splits",
        "storage.sqlite",
        "storage.texts",
        "storage.times",
        "storage.values",
    ),
    (
        "storage.backup",
        "storage.lock",
        "storage.packing",
        "storage.pair",
        "storage.reading",
        "storage.waiting",
        "storage.words",
    ),
    ("storage.archive", "storage.history"),
    ("storage.datasette", "storage.foreign", "storage.gunzip", "storage.latest", "storage.warc"),
    ("storage.reindex",),
    (
        "storage.past_search",
        "storage.search",
        "storage.sitelines",
        "storage.sketches",
        "storage.stories",
        "storage.titles",
    ),
    ("storage.members",),
    ("storage.clusters", "storage.queue"),
    ("storage.regroup",),
    ("storage.ledger", "storage.tables"),
    ("storage.schema",),
    (
        "storage.addresses",
        "storage.clocks",
        "storage.connection",
        "storage.drifts",
        "storage.exports",
        "storage.gaps",
        "storage.headlines",
        "storage.observations",
        "storage.hosts",
        "storage.rhythms",
        "storage.rights",
        "storage.sources",
        "storage.wording",
    ),
    ("storage.articles", "storage.check", "storage.query", "storage.watch", "storage.witnesses"),
    ("storage.browse", "storage.health", "storage.sheet"),
    ("storage.dataset", "storage.store"),
    ("storage.chores", "storage.notices", "storage.setback"),
    ("storage.outbox",),
    ("storage", "storage.exporters"),
    ("storage.feed",),
    ("storage.audit", "storage.intake", "storage.rewrite", "storage.shelf"),
    (
        "crawler",
        "crawler.patterns",
        "crawler.compare",
        "crawler.page",
        "crawler.payload",
        "crawler.pool",
        "crawler.rules",
        "crawler.urls",
        "crawler.decode",
        "crawler.board",
        "crawler.screen",
        "crawler.tally",
        "crawler.turns",
        "crawler.trainers",
        "crawler.zones",
    ),
    (
        "crawler.answer",
        "crawler.couriers",
        "crawler.guard",
        "crawler.names",
        "crawler.notices",
        "crawler.phrases",
        "crawler.refusals",
        "crawler.rights",
        "crawler.times",
    ),
    (
        "crawler.robots",
        "crawler.feeds",
        "crawler.ads",
        "crawler.beat",
        "crawler.rhythm",
        "crawler.selectors",
        "crawler.shapes",
        "crawler.parse",
        "crawler.tree",
    ),
    (
        "crawler.transport",
        "crawler.frontier",
        "crawler.opml",
        "crawler.pieces",
        "crawler.gaps",
        "crawler.tags",
        "crawler.twins",
    ),
    (
        "crawler.fetch",
        "crawler.links",
        "crawler.pace",
        "crawler.paging",
        "crawler.gather",
        "crawler.signs",
    ),
    ("crawler.walk", "crawler.stencil"),
    ("crawler.view",),
    ("crawler.box", "crawler.markdown", "crawler.spots"),
    ("crawler.trim",),
    ("crawler.prune",),
    ("crawler.fields",),
    ("crawler.stamps", "crawler.headlines"),
    ("crawler.extract",),
    (
        "crawler.ask",
        "crawler.discover",
        "crawler.scout",
        "crawler.sighting",
        "crawler.survey",
        "crawler.trial",
        "crawler.keep",
        "crawler.notes",
        "crawler.reading",
        "crawler.metrics",
        "crawler.peers",
        "crawler.bench",
        "crawler.present",
        "crawler.mend",
    ),
    ("crawler.bring", "crawler.reread", "crawler.visit"),
    ("crawler.reextract",),
    ("crawler.crawl",),
    ("crawler.chores", "crawler.clockwork", "crawler.signals", "crawler.timetable", "crawler.vitals"),
    ("crawler.doctor", "crawler.resume", "crawler.service", "crawler.upkeep", "crawler.watchdog"),
    ("crawler.delivery", "crawler.errands"),
    ("crawler.postman",),
    ("crawler.schedule",),
    ("crawler.fleet",),
    ("crawler.demo", "crawler.web"),
    ("crawler.console", "crawler.commands"),
    ("crawler.cli",),
)
LINE = {room: number for number, rooms in enumerate(LINES) for room in rooms}
OWNERS = {
    "httpx": {"crawler.couriers", "crawler.fetch", "crawler.transport"},
    "aiohttp": {"crawler.transport"},
    "apscheduler": {"crawler.timetable"},
    "prometheus_client": {"crawler.service"},
    "rich": {"crawler.commands._live"},
    "msgspec": {name for name in MODULES if name.startswith(("storage.exporters.", "crawler.fleet."))}
    | {"crawler.tree"},
    "procrastinate": {"crawler.fleet.engine", "crawler.fleet.line"},
    "psycopg": {"crawler.fleet.engine", "crawler.fleet.line"},
    "psycopg_pool": {"crawler.fleet.engine", "crawler.fleet.line"},
    "datasette": {"crawler.web.plugin", "crawler.web.theirs"},
    "jinja2": {"crawler.web.look", "crawler.web.plugin"},
    "pyarrow": {"storage.exporters.parquet"},
    # Whoever imports it otherwise loads pandas too, where that is installed.
    "sqlite_utils": {"storage.sqlite", "crawler.commands.demo"},
}


@cache
def seen(module: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The full names that a module imports, anywhere in it; its functions of over 60 lines without their docstrings.

    Both together, because the trees of all modules are too much to be kept.
    """
    found, long = set(), []
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if MODULES[module].stem == "__init__" else module.split(".")[:-1]
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
            found |= {full if (full := f"{base}.{alias.name}") in MODULES else base for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            if node.end_lineno - start >= 60:
                long.append(f"{module}.{node.name}")
    return frozenset(found), tuple(long)


def imports(module: str) -> frozenset[str]:
    """The full names that a module imports, anywhere in it."""
    return seen(module)[0]


def ours(module: str) -> list[str]:
    """The modules of ours that a module imports."""
    return sorted((imports(module) & MODULES.keys()) - {module})


def reachable(module: str) -> set[str]:
    """The modules of ours that a module imports, directly or not."""
    found, waiting = set(), [module]
    while waiting:
        for name in ours(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def room(module: str) -> str:
    """The room of a module: its own name where LINES has it, else the folder that it lies in."""
    parts = module.split(".")
    return module if module in LINE else ".".join(parts[: 1 if parts[0] == "config" else 2])


@pytest.mark.parametrize("module", MODULES)
def test_every_module_stands_in_a_line(module):
    assert room(module) in LINE


def test_every_line_names_rooms_that_exist():
    assert LINE.keys() - {room(module) for module in MODULES} == set()


def test_the_map_of_the_crawler_names_every_room_once():
    named = re.findall(r"^  (\w+) {2,}\S", ast.get_docstring(ast.parse(MODULES["crawler"].read_text())), re.MULTILINE)
    assert sorted(f"crawler.{name}" for name in named) == sorted(name for name in LINE if name.startswith("crawler."))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/zh-CN.md"])
def test_the_table_of_rooms_names_every_room_of_the_crawler(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    rooms = [name.removeprefix("crawler.") for name in LINE if name.startswith("crawler.")]
    assert [name for name in rooms if not re.search(rf"`(?:crawler/)?{name}(?:\.py|/)`", text)] == []


def test_no_module_imports_in_a_circle():
    assert list(TopologicalSorter({module: ours(module) for module in MODULES}).static_order())


@pytest.mark.parametrize("package", ["config", "storage"])
def test_the_lower_packages_import_nothing_else_of_ours(package):
    inside = [module for module in MODULES if module.split(".")[0] == package]
    assert {name.split(".")[0] for module in inside for name in ours(module)} <= {package}


@pytest.mark.parametrize("module", MODULES)
def test_no_arrow_goes_back(module):
    assert [name for name in reachable(module) if LINE[room(name)] > LINE[room(module)]] == []


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_only_its_owner_imports_a_library(library, owners):
    users = {module for module in MODULES if any(name.split(".")[0] == library for name in imports(module))}
    assert users <= owners


def test_no_module_is_over_300_lines():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    lines["storage.tables"] -= 100  # a list that is never edited
    assert {module: number for module, number in lines.items() if number > 300} == {}


def test_no_function_is_over_60_lines():
    assert [name for module in MODULES for name in seen(module)[1]] == []


def test_help_loads_nothing_heavy():
    code = "import sys, crawler.cli; crawler.cli.cli(['--help'], standalone_mode=False); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    heavy = {"httpx", "aiohttp", "apscheduler", "selectolax", "sqlite_utils", "protego", "asyncio", "storage"}
    assert heavy & {name.split(".")[0] for name in told.split()} == set()


def test_a_command_leaves_pandas_alone_and_who_wants_it_has_it(tmp_path):
    """Their import is three quarters of the memory of a command; these stand for the real ones."""
    for name in ("pandas", "numpy"):
        (tmp_path / f"{name}.py").write_text(f"print('loaded', {name!r})")
    with open_store(tmp_path / "news.db"):
        pass
    code = (
        "import sys, crawler.cli; crawler.cli.cli(['status', '--db', sys.argv[1]], standalone_mode=False);"
        "print('now'); import pandas, numpy"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "news.db")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ).stdout
    assert told.splitlines()[-3:] == ["now", "loaded pandas", "loaded numpy"]
    assert told.count("loaded") == 2
