"""The archive's pages as WARC/1.1 (ISO 28500:2017), through `warcio`; `foreign` reads such files.

Bodies are kept and written uncompressed and unchunked, so the headers that say otherwise are left out; nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import BinaryIO

from storage.archive import Archive, Damaged, Kept

# They speak of the bytes on the wire (RFC 9110, 8.4 and 8.6; RFC 9112, 6).
_ON_THE_WIRE = frozenset(("content-encoding", "transfer-encoding", "content-length"))
SOFTWARE = "kuaixun"


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
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    info = {"software": SOFTWARE, "format": "WARC File Format 1.1"}
    writer.write_record(writer.create_warcinfo_record(None, info))
    done = 0
    for page in pages:
        try:
            body = archive.body(page.id)
        except Damaged as error:
            damaged(page, error)
            continue
        lines = [(name, value) for name, value in page.headers.items() if name.lower() not in _ON_THE_WIRE]
        headers = StatusAndHeaders(
            f"{page.status} {_phrase(page.status)}", [*lines, ("content-length", str(len(body)))], protocol="HTTP/1.1"
        )
        dated = {"WARC-Date": page.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        record = writer.create_warc_record(
            page.final_url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=headers,
            warc_headers_dict=dated,
        )
        writer.write_record(record)
        done += 1
        told(done)
    return done


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
