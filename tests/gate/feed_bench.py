"""`python -m tests.gate.feed_bench`: our reader of feeds beside two others, on odd feeds and by processor time.

They are no dependencies: `pip install feedparser chardet feedparser-rs` before; feedparser uses chardet where it is. A
case counts for a reader when it finds every item with its address, its title and its time; of what is wrong, one letter
each (a, t, d) is named with --faults.
"""

from __future__ import annotations

import argparse
import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from time import process_time
from typing import Any
from urllib.parse import urljoin

from crawler import feeds
from crawler.screen import table
from tests.gate.odd_feeds import AT, CASES, Expected

Reader = Callable[[bytes], list[Expected]]


def ours(body: bytes) -> list[Expected]:
    feed = feeds.parse(body, AT)
    return [(item.url, item.title, item.published_at) for item in feed.items] if feed else []


def theirs(module: Any) -> Reader:
    """What a module with feedparser's interface finds, its relative links resolved as a browser would."""

    def read(body: bytes) -> list[Expected]:
        try:
            # The address as the base that relative links are seen from.
            found = module.parse(body, response_headers={"content-location": AT})
        except TypeError:
            found = module.parse(body)
        # It keeps the markup of titles, which is no fault: it is taken out for it.
        return [
            (urljoin(AT, str(each.get("link") or "")), _plain(str(each.get("title") or "")), _time(each))
            for each in found.entries
        ]

    return read


def _plain(title: str) -> str:
    return " ".join(unescape(re.sub(r"<[^<>]*>", "", unescape(title))).split())


def _time(entry: Any) -> datetime | None:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None


def faults(read: Reader, body: bytes, expected: tuple[Expected, ...]) -> str:
    """What is wrong of a case: n(umber), a(ddress), t(itle), d(ate), or the name of an error."""
    try:
        found = read(body)
    except Exception as error:
        return type(error).__name__
    if len(found) != len(expected):
        return "n"
    wrong = {"atd"[i] for one, other in zip(found, expected, strict=True) for i in range(3) if one[i] != other[i]}
    return "".join(sorted(wrong))


def big(items: int) -> bytes:
    """A plain RSS file of so many items with a teaser each."""
    item = (
        "<item><title>第{n}条快讯：存款准备金率下调</title><link>http://news.example.com/{n}.html</link>"
        "<pubDate>Fri, 20 Mar 2026 10:00:00 +0800</pubDate><description><![CDATA[<p>{text}</p>]]></description></item>"
    )
    text = "市场人士认为此举有助于稳定预期，降低实体经济融资成本。" * 8
    return f"<rss><channel>{''.join(item.format(n=n, text=text) for n in range(items))}</channel></rss>".encode()


def cost(read: Reader, body: bytes, repeat: int) -> float:
    """Milliseconds of processor time for one reading, the best of `repeat`."""
    times = []
    for _ in range(repeat):
        started = process_time()
        read(body)
        times.append(process_time() - started)
    return min(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.feed_bench", description=__doc__)
    parser.add_argument("--faults", action="store_true", help="name the cases that a reader gets wrong, and how")
    options = parser.parse_args()
    readers: dict[str, Reader] = {"kuaixun": ours}
    for name in ("feedparser", "feedparser_rs"):
        try:
            readers[name] = theirs(__import__(name))
        except ImportError:
            print(f"{name} is not installed")
    feed, rows = big(100), []
    for name, read in readers.items():
        wrong = {case: fault for case, body, expected in CASES if (fault := faults(read, body, expected))}
        rows.append([name, f"{len(CASES) - len(wrong)} of {len(CASES)}", f"{cost(read, feed, 7):.2f}"])
        if options.faults:
            print(f"{name}: " + "; ".join(f"{case} ({fault})" for case, fault in wrong.items()))
    print(table(["reader", "odd feeds read right", "ms for 100 items"], rows))


if __name__ == "__main__":
    main()
