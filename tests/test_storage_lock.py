"""One crawl at a time on a database."""

import os
import subprocess
import sys

import pytest

from storage.errors import InUse
from storage.lock import alone

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
    with pytest.raises(InUse, match=f"process {other.pid} crawls into it"), alone(path):
        pass


def test_a_crawl_that_was_killed_keeps_nobody_out(path, other):
    other.kill()
    other.wait()
    with alone(path):
        assert str(os.getpid()) in (path.parent / "news.db-crawl").read_text()


def test_nothing_is_left_behind(path):
    with alone(path):
        pass
    with alone(path):
        pass
    assert list(path.parent.iterdir()) == []
