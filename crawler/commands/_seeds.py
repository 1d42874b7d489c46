"""The file of start addresses that `kuaixun crawl --seeds` takes."""

from __future__ import annotations

from pathlib import Path

import click

from config import Source
from crawler.console import USAGE, Failure


def from_file(file: Path) -> tuple[Source, ...]:
    """A source for each host among the addresses of a file; what is no address is named and left out."""
    from crawler.frontier import sources_of
    from crawler.urls import resolve

    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file}: {getattr(error, 'strerror', None) or 'is not in UTF-8'}", USAGE) from error
    wanted, wrong = [], []
    for number, line in enumerate(lines, 1):
        # A `#` inside an address is a part of it.
        address = line.split(" #", 1)[0].strip()
        if not address or address.startswith("#"):
            continue
        if address.startswith(("http://", "https://")) and resolve("", address):
            wanted.append(address)
        else:
            said = f"{file}: line {number}: `{address[:200]}` is no web address, such as https://example.com/news/"
            wrong.append(said)
    if not wanted:
        raise Failure(wrong[0] if wrong else f"{file}: holds no address", USAGE)
    for said in wrong:
        click.echo(f"{said}; left out", err=True)
    return sources_of(wanted)
