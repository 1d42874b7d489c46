"""The archive's pages as WARC/1.1 (ISO 28500:2017), through `warcio`; `foreign` reads such files.

Bodies are kept and written uncompressed and unchunked, so the headers that say otherwise are left out; nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

from storage.archive import Archive, Damaged, Kept

# They speak of the bytes on the wire (RFC 9110, 8.4 and 8.6; RFC 9112, 6).
_ON_THE_WIRE = frozenset(("content-encoding", "transfer-encoding", "content-length"))
SOFTWARE = "kuaixun"
# The address that was asked for, where another one answered. Which headers may be added: ISO 28500:2017, 5.1.
ASKED = "Kuaixun-Asked-URI"


def write(
    out: BinaryIO,
    archive: Archive,
    pages: Iterable[Kept],
    *,
    damaged: Callable[[Kept, Damaged], None],
    told: Callable[[int], None] = lambda done: None,
) -> int:
    """Write pages as response records, each compressed for itself; how many.

    A `warcinfo` record comes first. A body that is not what was put in is left out, and `damaged` hears of it; `told`
    hears the number written so far.
    """
    writer, done = begun(out), 0
    for page in pages:
        try:
            body = archive.body(page.id)
        except Damaged as error:
            damaged(page, error)
            continue
        put(writer, page, body)
        done += 1
        told(done)
    return done


def begun(out: BinaryIO, at: datetime | None = None) -> Any:
    """A writer, with the first record written; `at` is the time that says, in place of the present."""
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    record = writer.create_warcinfo_record(None, {"software": SOFTWARE, "format": "WARC File Format 1.1"})
    if at:
        record.rec_headers.replace_header("WARC-Date", _date(at))
        record.rec_headers.replace_header("WARC-Record-ID", _name(_date(at)))
    writer.write_record(record)
    return writer


def put(writer: Any, page: Kept, body: bytes) -> None:
    """Write one page; equal pages get equal records."""
    from warcio.statusandheaders import StatusAndHeaders

    lines = [(name, value) for name, value in page.headers.items() if name.lower() not in _ON_THE_WIRE]
    headers = StatusAndHeaders(
        f"{page.status} {_phrase(page.status)}", [*lines, ("content-length", str(len(body)))], protocol="HTTP/1.1"
    )
    named = {"WARC-Record-ID": _name(f"{page.final_url} {_date(page.at)} {page.sha256}"), "WARC-Date": _date(page.at)}
    if page.url != page.final_url:
        named[ASKED] = page.url
    record = writer.create_warc_record(
        page.final_url,
        "response",
        payload=BytesIO(body),
        length=len(body),
        http_headers=headers,
        warc_headers_dict=named,
    )
    writer.write_record(record)


def _name(what: str) -> str:
    return f"<urn:uuid:{uuid5(NAMESPACE_URL, what)}>"


def _date(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
