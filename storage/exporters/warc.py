"""WARC/1.1: the raw pages of the chosen articles, every fetch of each up to the asked time, out of the archive.

An increment has the fetches that were written since, and of articles that came in all; of what is gone it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from storage import warc
from storage.archive import Archive, Damaged
from storage.batch import Batch, batched, rows_of
from storage.dataset import Field
from storage.exporters._about import About, ExportError, Row
from storage.times import parse

_PAGE = {
    "url": Field("text", "", "the address that answered"),
    "fetched_at": Field("time", "UTC, ms, our clock", "when it was fetched"),
    "status": Field("int", "HTTP", "the status of the answer"),
    "body_sha256": Field("text", "hexadecimal", "SHA-256 of the body"),
}
FETCHES = True  # it has every fetch of an article, also one that changed nothing
_AT_ONCE = 8  # pages in memory, each up to some megabytes
_FETCHES = """
    SELECT url, at FROM visits WHERE article_id = ? AND coalesce(moment, 0) > ? ORDER BY visits.id
"""
_EVER = -1  # before any moment


def fields(about: About) -> Mapping[str, Field]:
    """What is known of a page."""
    return _PAGE


def prepared(batches: Iterable[Batch], about: About) -> Iterator[Batch]:
    """The pages of the articles, with their bodies. Raises ExportError where there is no archive."""
    return batched(_pages(batches, about), _AT_ONCE)


def _pages(batches: Iterable[Batch], about: About) -> Iterator[Row]:
    if about.archive is None or not about.archive.exists():
        raise ExportError(
            Path(about.archive or "-"), "There is no archive of raw pages (`keep_pages` in the settings)."
        )
    with Archive(about.archive, readonly=True) as archive:
        for number, since in _articles(batches, about):
            some = False
            for url, at in about.db.conn.execute(_FETCHES, (number, since)):
                for page in archive.pages(url=url, since=parse(at), until=parse(at)):
                    try:
                        body = archive.body(page.id)
                    except Damaged:
                        about.left_out["raw page that is damaged"] += 1
                        continue
                    some = True
                    yield {
                        "url": page.final_url,
                        "fetched_at": page.at,
                        "status": page.status,
                        "body_sha256": page.sha256,
                        "page": page,
                        "body": body,
                    }
            if not some and since == _EVER:
                about.left_out["article without a raw page"] += 1


def _articles(batches: Iterable[Batch], about: About) -> Iterator[tuple[int, int]]:
    """The articles whose pages are wanted, each with the moment after which it was fetched."""
    last = about.facts["query"].get("since_last") or {}
    for batch in batches:
        if "change" not in batch.columns:
            yield from ((number, _EVER) for number in batch["id"])
            continue
        for number, change in zip(batch["id"], batch["change"], strict=True):
            if change != "gone":
                yield number, _EVER if change == "new" else last["moment"]


def write(batches: Iterable[Batch], out: BinaryIO, about: About) -> None:
    """Write the pages, each compressed for itself."""
    writer = warc.begun(out, about.at)
    for row in rows_of(batches):
        warc.put(writer, row["page"], row["body"])


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The pages of a file. Raises ValueError."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                if record.rec_type == "response":
                    yield {
                        "url": record.rec_headers.get_header("WARC-Target-URI"),
                        "fetched_at": datetime.fromisoformat(record.rec_headers.get_header("WARC-Date")),
                        "status": int(record.http_headers.get_statuscode()),
                        "body_sha256": hashlib.sha256(record.content_stream().read()).hexdigest(),
                    }
    except (ArchiveLoadFailed, EOFError, OSError, AttributeError, TypeError) as error:
        raise ValueError(f"it cannot be read as WARC: {error}") from error
