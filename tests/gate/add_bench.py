"""How well `kuaixun source add` does on sites of which some pages are saved: hosts that come out right with no edit.

`python -m tests.gate.add_bench FOLDER` takes corpora as `kuaixun bench` does (gold.jsonl with pages). Each host with at
least five pages becomes a site in memory: its pages at their own addresses, and a front page with its menu (the short
links that half of its pages share, without those to articles of the gold) and a list of four fifths of the pages; the
others are held back. A page whose address nobody told gets one of its host's that it links to itself, or else is served
under its number.

A host is right when the source that is found asks for every page of it, held back or not, and for none of the menu,
and when each field that the gold has (title, day, author, source, text) is right on at least four of five pages, of
three or four on all but one. There the name of the site may stand for the source, one of several authors is enough, and
quotes may be of either kind. `exactly` counts hosts without these three allowances, and wants all pages where the gold
of a field has fewer than five.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from config import Settings, Source
from crawler import bench, links
from crawler.bench import Case
from crawler.decode import decode
from crawler.extract import extract
from crawler.fetch import Fetcher
from crawler.metrics import squeezed
from crawler.page import Document, ExtractError, Extraction
from crawler.scout import Scout
from crawler.screen import table
from crawler.shapes import looks_like_article, looks_like_list, page_number
from crawler.survey import Survey, judge
from crawler.urls import bare_host, host, resolve

LEAST = 5
# Every so many pages one is held back from the front page.
HELD = 5
# A text is right from this F1 on.
GOOD_TEXT = 0.8
_OWN = re.compile(r"<(?:link\b[^>]*\bcanonical\b|meta\b[^>]*\bog:url\b)[^>]*\b(?:href|content)=[\"']([^\"']+)", re.I)
_SAVED = re.compile(r"saved from url=(?:\(\d+\))?(https?://[^\s<>\"']+)", re.I)


@dataclass(slots=True)
class Saved:
    """One page of a host: how its address became known, and what stands in the list for it."""

    case: Case
    body: bytes
    found: Extraction | None
    url: str = ""
    told: str = ""
    title: str = ""


@dataclass(slots=True)
class Site:
    """A host made of saved pages."""

    name: str
    pages: list[Saved]
    menu: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"https://{self.name}/"

    @property
    def listed(self) -> list[Saved]:
        return [page for number, page in enumerate(self.pages) if number % HELD != HELD - 1]

    def front(self) -> str:
        menu = "".join(f'<a href="{escape(url)}">{escape(text)}</a> ' for url, text in self.menu.items())
        items = "".join(f'<li><a href="{escape(page.url)}">{escape(page.title)}</a></li>' for page in self.listed)
        return (
            f"<html><head><meta charset=utf-8><title>{self.name}</title></head><body><nav>{menu}</nav>"
            f"<div class=list><ul>{items}</ul></div></body></html>"
        )


def sites(folder: Path) -> Iterator[Site]:
    """The hosts with enough pages, the largest first."""
    by_host: dict[str, list[Case]] = {}
    for corpus in bench.corpora(folder):
        for case in bench.cases(corpus):
            if case.gold.get("host") and case.gold.get("kind") != "list":
                by_host.setdefault(str(case.gold["host"]), []).append(case)
    for name, found in sorted(by_host.items(), key=lambda each: (-len(each[1]), each[0])):
        if len(found) >= LEAST:
            yield _site(name, found)


def _site(name: str, found: Sequence[Case]) -> Site:
    site = Site(name, [_saved(case, name) for case in found])
    shared: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for page in site.pages:
        menu = {
            anchor.url: anchor.text for anchor in (page.found.anchors if page.found else ()) if _is_menu(anchor, name)
        }
        shared.update(menu.keys())
        texts |= menu
    site.menu = {_https(url): texts[url] for url, count in shared.items() if count * 2 >= len(site.pages)}
    taken = {page.url for page in site.pages}
    for page in (page for page in site.pages if not page.url):
        page.url, page.told = _borrowed(page, name, taken), "borrowed"
        taken.add(page.url)
    # What a menu leads to and the gold calls an article is one: it is to be asked, and cannot be asked wrongly.
    articles = {_key(page.url) for page in site.pages}
    site.menu = {url: text for url, text in site.menu.items() if _key(url) not in articles}
    return site


def _is_menu(anchor: Any, name: str) -> bool:
    url, text = anchor.url, anchor.text
    is_short = 0 < len(text.encode("utf-8", "replace")) < 24
    return is_short and host(url) == name and looks_like_list(url, text) and not looks_like_article(url)


def _https(url: str) -> str:
    return "https://" + url.partition("://")[2]


def _saved(case: Case, name: str) -> Saved:
    body = case.body()
    html = decode(body).text
    told = [str(case.gold.get("url") or ""), *_SAVED.findall(html[:4096]), *_OWN.findall(html[:200_000])]
    base = f"https://{name}/"
    known = (resolve(base, urljoin(base, unescape(url))) for url in told if url)
    url = next((url for url in known if url and host(url) == name and len(urlsplit(url).path) > 1), "")
    if looks_like_article(url.partition("?")[0]):
        url = url.partition("?")[0]
    try:
        found = extract(Document(url or base + "x", html, bench._now(case), seen_then=False))
    except ExtractError:
        found = None
    title = str(case.gold.get("title") or (found.fields.get("title") if found else "") or case.name)
    return Saved(case, body, found, _https(url) if url else "", "told" if url else "", " ".join(title.split()))


def _borrowed(page: Saved, name: str, taken: set[str]) -> str:
    """An address of the host that the page links under a headline."""
    items = (item.url for block in (page.found.lists if page.found else ()) for item in block.items)
    anchors = (anchor.url for anchor in (page.found.anchors if page.found else ()))
    for url in map(_https, (*items, *anchors)):
        if host(url) == name and url not in taken and looks_like_article(url) and page_number(url) < 2:
            return url
    return f"https://{name}/{page.case.name}.html"


class Shelf(httpx.AsyncBaseTransport):
    """Answers for the pages of one site; 404 for all else."""

    def __init__(self, site: Site):
        self.pages = {_key(page.url): page.body for page in site.pages}
        self.pages[_key(site.base)] = site.front().encode()
        self.name, self.asked = site.name, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        body = self.pages.get(_key(str(request.url)))
        if body is None:
            return httpx.Response(404, headers={"content-type": "text/html"}, stream=_Body(b"<h1>404</h1>"))
        return httpx.Response(200, headers={"content-type": "text/html"}, stream=_Body(body))


class _Body(httpx.AsyncByteStream):
    def __init__(self, body: bytes):
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


def _key(url: str) -> str:
    parts = urlsplit(url)
    return f"{bare_host(url)}{parts.path or '/'}?{parts.query}"


async def _no_pause(_: float) -> None:
    """No second between two requests to memory."""


async def survey(site: Site) -> Survey:
    settings = Settings()
    async with Fetcher(settings, transport=Shelf(site)) as fetcher:
        return await Scout(settings, fetcher, sleep=_no_pause).survey(site.base, Source("", ()))


def unasked(site: Site, source: Source) -> list[str]:
    """The pages that the source would not ask for, though a list shows them under their title."""
    return [page.url for page in site.pages if not links._may_be_article(page.url, page.title, source, dated=False)]


def asked_wrongly(site: Site, source: Source) -> list[str]:
    return [url for url in site.menu if looks_like_article(url, source.article)]


def wrong_fields(site: Site, *, strict: bool) -> Mapping[str, str]:
    """The fields that are wrong on too many of the pages whose gold has them, with how many those are."""
    right: dict[str, list[bool]] = {}
    for page in site.pages:
        for name, good in _right(page, strict=strict).items():
            right.setdefault(name, []).append(good)
    counts = {name: (good.count(False), len(good)) for name, good in right.items()}
    few = 5 if strict else 3
    return {
        name: f"{bad} of {whole}" for name, (bad, whole) in counts.items() if bad > max(whole // 5, int(whole >= few))
    }


def _right(page: Saved, *, strict: bool) -> Mapping[str, bool]:
    """Which fields of one page are right."""
    scored = bench.score(page.case, bench.Answer(page.found, 0.0), len(page.body))
    same = {name: scored.same[name] for name in ("title", "day", "source", "author") if name in scored.same}
    if scored.body is not None:
        same["text"] = scored.body.f1 >= GOOD_TEXT
    if strict:
        return same
    gold, known = page.case.gold, page.found.fields if page.found else {}
    if "author" in same:
        same["author"] = scored.same["author_any"]
    if "title" in same:
        same["title"] = _plain(gold["title"]) == _plain(known.get("title"))
    if "source" in same:
        same["source"] = _plain(gold["source"]) in {_plain(known.get(name)) for name in ("source", "site")}
    return same


def _plain(text: object) -> str:
    """Without white space, case, and the difference between typewriter's and printer's quotes."""
    return squeezed(text).translate(str.maketrans("\u2018\u2019\u201c\u201d", "''\"\""))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.add_bench", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", help="only this one, with all that was found")
    options = parser.parse_args()
    rows, counts = [], Counter[str]()
    for site in sites(options.folder):
        if options.host and site.name != options.host:
            continue
        found = asyncio.run(survey(site))
        source = replace(Source("x", tuple(seed.url for seed in found.seeds)), article=found.article)
        missed, wrong = unasked(site, source), asked_wrongly(site, source)
        bad, exact = wrong_fields(site, strict=False), wrong_fields(site, strict=True)
        is_pattern = not found.trouble and not missed and not wrong
        counts.update(hosts=1, pattern=is_pattern, fields=not bad, right=is_pattern and not bad)
        counts.update(exactly=is_pattern and not exact)
        told = sum(page.told == "told" for page in site.pages)
        if told * 2 > len(site.pages):
            counts.update(told=1, told_pattern=is_pattern)
        why = "; ".join(
            filter(
                None,
                (
                    found.trouble and f"{found.trouble}: {found.reason}",
                    missed and f"{len(missed)} not asked, as {missed[0]}",
                    wrong and f"asks for {wrong[0]}",
                    ", ".join(f"{name} wrong on {share}" for name, share in bad.items()),
                ),
            )
        )
        verdict = judge(found)
        rows.append(
            (site.name, f"{told}/{len(site.pages)}", len(found.requests), verdict.certainty, found.article, why)
        )
        if options.host:
            print(found, *verdict.pros, *verdict.cons, sep="\n")
    print(table(["host", "pages", "requests", "sure", "pattern", "wrong"], rows, width=260))
    print(f"pattern where most addresses are the pages' own: {int(counts['told_pattern'])} of {counts['told']}")
    print(
        ", ".join(
            f"{name} {int(counts[name])} of {counts['hosts']}" for name in ("pattern", "fields", "right", "exactly")
        )
    )


if __name__ == "__main__":
    main()
