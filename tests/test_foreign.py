"""WARC files of others: what is whole comes in, what is not is named, and reading goes on behind it."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime
from io import BytesIO

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage import foreign
from storage.archive import Fetched
from storage.foreign import BrokenOff, NoWarc, records

AT = "2026-03-20T14:05:06Z"
HTML = [("Content-Type", "text/html; charset=gbk")]


def url(number: int) -> str:
    return f"http://news.example/{number}.html"


def body(number: int) -> bytes:
    return f"<p>{number} {random.Random(number).randbytes(3000).hex()}".encode()


def warc(*bodies: bytes, headers=HTML, status: str = "200 OK", told=None, packed: bool = True) -> bytes:
    """A WARC file: a warcinfo record, then a response for each body, from `url(0)` on."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "another"}))
    for number, content in enumerate(bodies):
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        extra = {"WARC-Date": AT, **(told or {})}
        record = writer.create_warc_record(
            url(number),
            "response",
            payload=BytesIO(content),
            length=len(content),
            http_headers=http,
            warc_headers_dict=extra,
        )
        writer.write_record(record)
    return out.getvalue()


def pages(data: bytes, start: int = 0, most: int = 10**6) -> list[bytes]:
    return [found.page.body for found in records(BytesIO(data), start, most=most) if found.page]


def problems(data: bytes, most: int = 10**6) -> list[str]:
    return [found.problem for found in records(BytesIO(data), most=most) if found.problem]


@pytest.fixture(params=[True, False], ids=["packed", "plain"])
def packed(request) -> bool:
    return request.param


def test_pages_come_with_address_date_status_and_headers(packed):
    _, found = records(BytesIO(warc(body(0), packed=packed)), most=10**6)
    at = datetime(2026, 3, 20, 14, 5, 6, tzinfo=UTC)
    headers = {"content-type": "text/html; charset=gbk"}
    assert found.page == Fetched(url(0), url(0), at, 200, headers, body(0), "news.example")


def test_reading_goes_on_where_any_record_ended(packed):
    data = warc(*map(body, range(4)), packed=packed)
    whole = pages(data)
    ends = [found.end for found in records(BytesIO(data), most=10**6)]
    assert whole == [body(number) for number in range(4)] and ends[-1] == len(data)
    assert [pages(data, end) for end in ends] == [whole, whole[1:], whole[2:], whole[3:], []]


def test_records_in_one_gzip_member_are_read_too():
    data = gzip.compress(warc(*map(body, range(3)), packed=False))
    found = list(records(BytesIO(data), most=10**6))
    assert [one.page.body for one in found if one.page] == [body(number) for number in range(3)]
    assert [one.end for one in found] == [0, 0, 0, len(data)]


def test_a_damaged_record_costs_only_itself():
    data = bytearray(warc(*map(body, range(5))))
    place = [found.start for found in records(BytesIO(data), most=10**6)][3]  # after the warcinfo and two pages
    data[place + 500] ^= 0xFF
    assert pages(bytes(data)) == [body(number) for number in (0, 1, 3, 4)]
    assert len(problems(bytes(data))) == 1


def test_a_record_without_its_first_line_costs_only_itself():
    data = warc(*map(body, range(3)), packed=False)
    second = data.index(b"WARC/1.", data.index(b"<p>0"))
    assert pages(data[:second] + b"junk" + data[second + 4 :]) == [body(0), body(2)]


@pytest.mark.parametrize("left", [10, 700, 1500])
def test_of_a_file_that_breaks_off_all_that_is_whole_comes_first(packed, left):
    data = warc(*map(body, range(3)), packed=packed)
    last = [found.start for found in records(BytesIO(data), most=10**6)][-1]
    found = []
    with pytest.raises(BrokenOff) as caught:
        found.extend(records(BytesIO(data[: last + left]), most=10**6))
    assert [record.page.body for record in found if record.page] == [body(0), body(1)]
    assert caught.value.start == found[-1].end == last
    assert pages(data, last) == [body(2)]


@pytest.mark.parametrize(
    "data", [b"<html>no archive</html>", b"\x1f\x8b\x08\x00junk", gzip.compress(b"WARX", mtime=0), b"", b"\n"]
)
def test_a_file_that_is_no_warc_file_is_refused(data):
    with pytest.raises(NoWarc, match="holds no whole WARC record"):
        list(records(BytesIO(data), most=10**6))


def test_what_cannot_be_used_is_named(packed):
    assert problems(warc(body(0), packed=packed), most=100) == ["it is larger than 100 bytes"]
    assert problems(warc(body(0), told={"WARC-Date": "yesterday"}, packed=packed)) == [
        "its WARC-Date `yesterday` is no time"
    ]
    assert "cut off" in problems(warc(body(0), told={"WARC-Truncated": "length"}, packed=packed))[0]


def test_chunks_are_joined_and_the_content_coding_is_left_alone():
    packed = gzip.compress(body(0))
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    headers = [("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"), ("X-A", "1"), ("X-A", "2")]
    (found,) = [one.page for one in records(BytesIO(warc(chunked, headers=headers)), most=10**6) if one.page]
    assert (found.body, found.headers) == (packed, {"content-encoding": "gzip", "x-a": "1, 2"})


def test_other_records_are_passed_over(packed):
    out = BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warc_record("dns:news.example", "response", payload=BytesIO(b"x"), length=1))
    writer.write_record(
        writer.create_warc_record(url(1), "request", payload=BytesIO(b"GET / HTTP/1.1\r\n\r\n"), length=18)
    )
    assert [found[2:] for found in records(BytesIO(out.getvalue()), most=10)] == [(None, ""), (None, "")]


def test_any_bytes_in_place_of_some_cost_no_more_than_the_records_they_lie_in():
    data, dice = warc(*map(body, range(6))), random.Random(5)
    starts = [found.start for found in records(BytesIO(data), most=10**6)] + [len(data)]
    for _ in range(60):
        place, size = dice.randrange(200, len(data)), dice.choice((1, 2, 40))
        hurt = {n for n in range(len(starts) - 1) if starts[n] < place + size and place < starts[n + 1]}
        damaged = data[:place] + dice.randbytes(size) + data[place + size :]
        found = []
        try:
            for record in foreign.records(BytesIO(damaged), most=10**6):
                found += [record.page.body] if record.page else []
        except BrokenOff:
            assert max(hurt) == len(starts) - 2
        assert {body(number - 1) for number in range(1, 7) if number not in hurt} <= set(found)


def test_of_a_damaged_member_all_comes_that_lies_before_the_damage():
    data = bytearray(gzip.compress(warc(*map(body, range(40)), packed=False)))
    data[len(data) // 2] ^= 0xFF
    found = list(records(BytesIO(bytes(data)), most=10**6))
    came = [one.page.body for one in found if one.page]
    whole = [body(number) for number in range(40)]
    assert came[:15] == whole[:15] and set(came) <= set(whole)
    assert (found[-1].problem, found[-1].end) != ("", 0) and found[-1].end == len(data)
    with pytest.raises(BrokenOff):
        came = []
        for one in records(BytesIO(gzip.compress(warc(*map(body, range(4)), packed=False))[:-9]), most=10**6):
            came += [one.page.body] if one.page else []
    assert came == [body(number) for number in range(4)]


def test_in_a_member_of_several_records_a_digest_tells_of_a_damage_that_shows_later():
    plain = bytearray(warc(*map(body, range(3)), packed=False))
    plain[plain.index(b"<p>1") + 50] ^= 1
    assert problems(gzip.compress(bytes(plain))) == ["its digest is another"]
    assert pages(gzip.compress(bytes(plain))) == [body(0), body(2)]


def test_reading_goes_on_inside_a_member_behind_the_records_that_are_known():
    two = gzip.compress(warc(*map(body, range(2)), packed=False))
    data = warc(body(7)) + two + two
    whole = list(records(BytesIO(data), most=10**6))
    for done in range(1, len(whole) + 1):
        rest = list(records(BytesIO(data), whole[done - 1].end, most=10**6, done=done))
        assert rest == whole[done:]


def test_a_record_is_refused_in_words_of_ours():
    nameless = warc(body(0), body(1), packed=False).replace(b"WARC-Target-URI: " + url(0).encode() + b"\r\n", b"")
    assert problems(nameless) == ["it does not say which address it is of"]
    assert problems(warc(body(0), status="9" * 5000))[0].endswith("is none")
    assert problems(warc(body(0), told={"WARC-Date": "0001-01-01T00:00:00+14:00"})) == [
        "its WARC-Date `0001-01-01T00:00:00+14:00` is no time"
    ]
    whole = warc(body(0), body(1))
    last = [found.start for found in records(BytesIO(whole), most=10**6)][-1]
    (told,) = problems(whole[: last - 400] + whole[last:])
    assert told in ("its compressed bytes are damaged", "no WARC record begins here", "it is shorter than it says")
