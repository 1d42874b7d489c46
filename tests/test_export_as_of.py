"""An export for T is made of the same bytes whenever it is made: at T, late, or from a restored backup."""

import random
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from config import Settings, Source
from crawler.extract import columns
from storage import history, open_store
from storage.backup import backup
from storage.exporters import Choice, Job, export
from tests.test_as_of import A, B, Scripted
from tests.test_crawl import Clock, run
from tests.test_export import FORMATS, content

DATABASE = Path("then.db")
NAMES = [getattr(form, "values", [form])[0] for form in FORMATS if isinstance(form, str) or find_spec("pyarrow")]
CHOICES = (Choice(ads=True, copies=True), Choice(), Choice(where="revision > 1"), Choice(purpose="train"))


def made(folder, name, choice, at=None, database=DATABASE):
    """Everything that an export writes, by its name."""
    folder.mkdir()
    with open_store(database, readonly=True) as store:
        if at:
            history.travel(store.db.conn, at)
        export(store.db, folder / "out", name, Job(choice, archive=Path("then.pages")))
    return content(folder)


def lived(tmp_path, seed, steps, looks, names):
    """Crawl a site that changes, and export now and then, also between two requests: (time, format, choice, files)."""
    clock, dice, site, seen = Clock(), random.Random(seed), Scripted(seed), []
    sources, sleep = (Source("a", (A + "/",)), Source("b", (B + "/",))), clock.sleep

    def look(at):
        name, choice = names[len(seen) % len(names)], dice.choice(CHOICES)
        seen.append((at, name, choice, made(tmp_path / f"at-{len(seen)}", name, choice)))

    async def watched(seconds):
        await sleep(seconds)
        if dice.random() < 0.2:
            look(clock.now)
            # What is written from here on is written later.
            clock.now += timedelta(milliseconds=2)

    with open_store(DATABASE, fields=columns(), clock=clock) as store:
        clock.sleep = watched
        for _ in range(steps):
            site.step(clock.now)
            run(site.web, store, clock, sources=sources, settings=Settings(delay=1, retries=0), force=True)
            until = clock.now + timedelta(minutes=dice.choice((7, 90, 1500)))
            for at in sorted(clock.now + dice.random() * (until - clock.now) for _ in range(looks)):
                look(at)
            clock.now = until
    return seen


def differing(tmp_path, seen):
    """The files that are others when they are made late."""
    wrong = []
    for number, (at, name, choice, then) in enumerate(seen):
        late = made(tmp_path / f"late-{number}", name, choice, at)
        wrong += [(at, name, choice, file) for file in late.keys() | then.keys() if late.get(file) != then.get(file)]
    return wrong


def test_a_late_export_is_the_one_made_then(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("storage.dataset._RANGE", 3)
    seen = lived(tmp_path, seed=5, steps=4, looks=2, names=NAMES)
    assert sum(len(files) for *_, files in seen) > 10
    assert differing(tmp_path, seen) == []


def test_a_restored_backup_gives_the_same_bytes(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lived(tmp_path, seed=6, steps=2, looks=0, names=["jsonl"])
    backup([(DATABASE, Path("restored.db"))])
    for name in NAMES:
        one = made(tmp_path / f"one-{name}", name, CHOICES[0])
        assert one == made(tmp_path / f"other-{name}", name, CHOICES[0], database=Path("restored.db"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_late_exports_are_those_made_at_any_of_200_times(monkeypatch, tmp_path, seed):
    monkeypatch.chdir(tmp_path)
    seen = lived(tmp_path, seed=seed, steps=18, looks=3, names=NAMES)
    assert len(seen) >= 50
    assert differing(tmp_path, seen) == []
