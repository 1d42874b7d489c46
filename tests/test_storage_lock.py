"""One crawl at a time on a database."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from storage.errors import InUse
from storage.lock import Holder, alone, holder

HOLD = """
import sys
from pathlib import Path
from storage.lock import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "news.db"


@pytest.fixture
def other(path):
    """Another process that crawls into the database."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_crawl_is_refused_and_told_who_has_the_database(path, other):
    with pytest.raises(InUse, match=rf"process {other.pid}, since 20\d\d-.*, crawls into it"), alone(path):
        pass


def test_a_crawl_that_was_killed_keeps_nobody_out(path, other):
    other.kill()
    other.wait()
    with alone(path) as killed:
        assert str(os.getpid()) in (path.parent / "news.db-crawl").read_text()
    assert killed.process == str(other.pid)


def test_who_crawls_is_told_to_whoever_asks(path, other):
    assert holder(path).process == str(other.pid)
    other.kill()
    other.wait()
    assert holder(path) is None


def test_a_crawl_that_ended_as_it_should_is_not_taken_for_a_killed_one(path):
    with alone(path) as first:
        pass
    with alone(path) as second:
        assert (first, second) == (None, None)


def test_a_holder_elsewhere_is_named_with_its_machine():
    since = datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert "process 7 on elsewhere, since 2026-03-" in str(Holder("7", "elsewhere", since))


def test_nothing_is_left_behind(path):
    with alone(path):
        pass
    with alone(path):
        pass
    assert list(path.parent.iterdir()) == []
