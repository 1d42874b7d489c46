"""Pages out of WARC files that others wrote, whatever state these are in: gigabytes, broken records, files cut short.

`warcio` reads a record. Where records begin and end is found out here: warcio reads over a damaged one to the end of
the file without a word, and a file that breaks off looks whole to it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, BinaryIO, NamedTuple

from warcio.bufferedreaders import ChunkedDataReader
from warcio.recordloader import ArcWarcRecordLoader

from storage.archive import Fetched
from storage.gunzip import BLOCK, FileEnds, Member
from storage.keys import host_of
from storage.warc import ASKED

_GZIP = b"\x1f\x8b\x08"
_LINE = 65_536
# Between two records are two line ends; with many more it is no WARC file.
_BLANKS = 16
# They speak of the bytes on the wire. The content coding is left to who reads the page.
_UNDONE = frozenset(("transfer-encoding", "content-length"))


class Record(NamedTuple):
    """One record, or a place where none can be read: `problem` says why, "" where nothing is wrong.

    `start` and `end` are bytes of the file; from `end` on reading can go on. `page` is the answer in it, if it has one.
    """

    start: int
    end: int
    page: Fetched | None = None
    problem: str = ""


class NoWarc(ValueError):
    """The file holds no whole WARC record."""

    def __init__(self) -> None:
        super().__init__("it holds no whole WARC record")


class BrokenOff(ValueError):
    """The file ends inside the record that begins at byte `start`."""

    def __init__(self, start: int):
        super().__init__(f"it breaks off inside the record at byte {start:,}")
        self.start = start


class _Wrong(ValueError):
    """What is wrong with a record, in words for a person."""


class _Short(_Wrong):
    """The record ends where more should come."""


class _Loader(ArcWarcRecordLoader):  # type: ignore[misc]  # warcio has no types
    """It reads the headers also of a record that does not say which address it is of."""

    def load_http_headers(self, rec_type: str, uri: str | None, stream: Any, length: int | None) -> Any:
        return super().load_http_headers(rec_type, uri or "http:", stream, length)


_LOADER = _Loader(verify_http=False, arc2warc=False)


def records(file: BinaryIO, start: int = 0, *, most: int, done: int = 0) -> Iterator[Record]:
    """The records of a WARC file from a place on where one begins; a page of more than `most` bytes is a problem.

    `done` of them, counted from the beginning of the file, are known: where some of these lie behind `start`, in one
    gzip member with others, they are left out. What cannot be read is passed over, up to the next record.
    Raises NoWarc, and BrokenOff behind all that is whole.
    """
    known = _known_inside(file, start, most, done)
    for number, found in enumerate(_records(file, start, most, some=start > 0 or known > 0)):
        if number >= known:
            yield found


def _known_inside(file: BinaryIO, start: int, most: int, done: int) -> int:
    """How many of the first `done` records of the file lie in the gzip member at `start`."""
    if not done or not _is_packed(file):
        return 0
    file.seek(start)
    try:
        first = next(_packed(file, start, most), None)
    except Exception:  # Whoever reads it next says what is wrong.
        return 0
    if first is None or first.end != start:
        return 0
    return done - sum(1 for _ in takewhile(lambda one: one.start < start, _records(file, 0, most)))


def _is_packed(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(len(_GZIP)) == _GZIP


def _records(file: BinaryIO, start: int, most: int, *, some: bool = False) -> Iterator[Record]:
    """The records from a place on; with `some` there were others before."""
    size = file.seek(0, io.SEEK_END)
    is_packed = _is_packed(file)
    place = start
    while place < size:
        file.seek(place)
        try:
            for found in _packed(file, place, most) if is_packed else _plain(file, place, most):
                yield found
                some = True
            place = file.tell()
        except OSError:
            raise
        except Exception as error:
            following = _following(file, place, is_packed=is_packed)
            if following is None and not some:
                raise NoWarc from error
            if following is None and isinstance(error, FileEnds):
                raise BrokenOff(place) from error
            yield Record(place, following or size, problem=_in_words(error))
            place = following or size
    if not some:
        raise NoWarc


def _in_words(error: Exception) -> str:
    """What is wrong, without the words of the library that found it."""
    if isinstance(error, _Wrong | FileEnds):
        return str(error)
    return "its compressed bytes are damaged" if isinstance(error, zlib.error) else "it is no well-formed record"


def _plain(file: BinaryIO, start: int, most: int) -> Iterator[Record]:
    """The record of an uncompressed file that begins at `start`."""
    line = _first_line(file)
    if line:
        try:
            page, problem, _ = _read(file, line, most)
        except _Short:
            raise FileEnds from None
        end = file.tell()
        while not (blank := file.readline(_LINE)).strip() and blank:
            end = file.tell()
        file.seek(end)
        yield Record(start, end, page, problem)


def _packed(file: BinaryIO, start: int, most: int) -> Iterator[Record]:
    """The records of one gzip member; nearly always that is one.

    A record is given away when the next one begins where it ends, or when the member's checksum is right.
    """
    member = io.BufferedReader(Member(file), _LINE)
    line, is_first = _first_line(member), True
    while line:
        page, problem, is_whole = _read(member, line, most)
        try:
            line = _first_line(member)
        except FileEnds:
            yield Record(start, start, page, problem)
            raise
        # One that is alone was checked with its member; of others a damage may only show further on.
        if (line or not is_first) and not is_whole:
            page, problem = None, "its digest is another"
        is_first = False
        yield Record(start, start if line else file.tell(), page, problem)


def _first_line(stream: BinaryIO | io.BufferedReader) -> bytes:
    """The line that a record begins with; b"" where there is nothing but blank ones."""
    for _ in range(_BLANKS):
        line = stream.readline(_LINE)
        if line.startswith(b"WARC/") or not line:
            return line
        if line.strip():
            break
    raise _Wrong("no WARC record begins here")


def _read(stream: BinaryIO | io.BufferedReader, line: bytes, most: int) -> tuple[Fetched | None, str, bool]:
    """The rest of the record whose first line was read: its page, what is wrong, and whether its digest fits."""
    try:
        record = _LOADER.parse_record_stream(stream, line, "warc", check_digests=True)
    except io.UnsupportedOperation:  # It asks a record of no length where it stands.
        raise _Short("it breaks off in its headers") from None
    if record.length is None:
        if not stream.read(1):
            raise _Short("it breaks off in its headers")
        raise _Wrong("it does not say how long it is")
    is_answer = record.rec_type == "response" and record.http_headers
    found = _page(record, most) if is_answer else (None, "")
    while record.raw_stream.read(_LINE):
        pass
    if record.raw_stream.limit:
        raise _Short("it is shorter than it says")
    return *found, record.digest_checker.passed is not False


def _page(record: Any, most: int) -> tuple[Fetched | None, str]:
    told = record.rec_headers.get_header
    url, at, status = told("WARC-Target-URI"), _time(told("WARC-Date")), record.http_headers.get_statuscode()
    if at is None:
        return None, f"its WARC-Date `{told('WARC-Date')}` is no time"
    if not url:
        return None, "it does not say which address it is of"
    if not (status.isascii() and status.isdecimal() and len(status) == 3):
        return None, f"its HTTP status `{status}` is none"
    if told("WARC-Truncated"):
        return None, f"it was cut off when it was written ({told('WARC-Truncated')})"
    headers: dict[str, str] = {}
    for name, value in record.http_headers.headers:
        headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
    is_chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    body = (ChunkedDataReader(record.raw_stream) if is_chunked else record.raw_stream).read(most + 1)
    if len(body) > most:
        return None, f"it is larger than {most:,} bytes"
    kept = {name: value for name, value in headers.items() if name not in _UNDONE}
    return Fetched(told(ASKED) or url, url, at, int(status), kept, body, host_of(url)), ""


def _time(text: str | None) -> datetime | None:
    """The time (UTC); None where there is none, or one that no calendar of ours has."""
    try:
        at = datetime.fromisoformat(text or "")
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _following(file: BinaryIO, start: int, *, is_packed: bool) -> int | None:
    """Where the first record behind `start` begins; None where there is none."""
    mark = _GZIP if is_packed else b"\nWARC/1."
    place, rest = start + 1, b""
    file.seek(place)
    while data := file.read(1 << 20):
        text, at = rest + data, -1
        while (at := text.find(mark, at + 1)) >= 0:
            found = place - len(rest) + at + (0 if is_packed else 1)
            if not is_packed or _begins(file, found):
                return found
        place += len(data)
        rest = text[-(len(mark) - 1) :]
        file.seek(place)
    return None


def _begins(file: BinaryIO, place: int) -> bool:
    """Whether a gzip member with a WARC record begins at a place."""
    file.seek(place)
    try:
        return zlib.decompressobj(31).decompress(file.read(BLOCK), 5) == b"WARC/"
    except zlib.error:
        return False
