"""An article that attacks whoever shows it, in every field; what must never be seen of it as markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.extract import columns
from storage import Article, Headline, Visit, open_store
from storage.archive import Archive, Fetched
from storage.pair import beside

AT = datetime(2026, 3, 20, 8, tzinfo=UTC)
# Each of them would set this title, or ask this host, if it ran.
RAN, HOST = "pwned", "evil.example"
_RUN = f"document.title='{RAN}'"
# A name that cannot be seen.
UNSEEN = "\u200b\u2060\u200b"
# Characters that all stand on the first one, and as far out as they are many.
PILE = "Z" + "".join(map(chr, range(0x300, 0x350))) * 5
ATTACKS = (
    f"<script>{_RUN}</script>",
    f"<img src=x onerror=\"{_RUN}\"><img src='http://{HOST}/a.png'>",
    f'<svg onload="{_RUN}"><animate onbegin="{_RUN}" attributeName=x dur=1s></svg>',
    f"<style>@import 'http://{HOST}/a.css'; * {{ display: none }}</style>",
    f'"><iframe src="javascript:{_RUN}"></iframe>',
    f"</textarea></title></style></script><script>{_RUN}</script>",
    f"<link rel=preconnect href=http://{HOST}/><link rel=stylesheet href=http://{HOST}/b.css>",
    f"<meta http-equiv=refresh content='0;url=http://{HOST}/'><base href=http://{HOST}/>",
    f'<form action=http://{HOST}/><input autofocus onfocus="{_RUN}"></form>',
    f"&lt;script&gt;{_RUN}&lt;/script&gt; &#60;script&#62;",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={_RUN}&gt;'>",
    "{{ 7 * 7 }} {% raw %} ${7*7} <%= 7 %>",
    "\x00<\x00script>alert(1)\x1b[31m\x7f",
    "\u202eexe.txt\u202c \u2066\u2067 \u200f right to left \u061c",
    "раураl.example gооgle.example",
    "超长" * 400 + "W" * 3000,
    "a\u0301" + "\u0300" * 500,
    PILE,
)
# Each would open a connection from a page that is shown as it came, if it were shown so.
REACHING = (
    f"<iframe src=http://{HOST}/frame></iframe>",
    f'<iframe srcdoc="&lt;link rel=preconnect href=http://{HOST}/&gt;x"></iframe>',
    f"<frameset><frame src=http://{HOST}/frame></frameset>",
    f"<object data=http://{HOST}/object></object><embed src=http://{HOST}/embed>",
    f"<LINK\nrel=preconnect href=http://{HOST}/><link/rel=dns-prefetch href=http://{HOST}/>",
)
URL = f"http://{HOST}/\"onmouseover='{_RUN}'"
BAD_URLS = (f"javascript:{_RUN}", f"JaVaScRiPt:{_RUN}", f"data:text/html,<script>{_RUN}</script>", "vbscript:x", "//x")


def make(path: Path) -> Path:
    """A database with an article of attacks, a copy and a former version of it, lists, a source, and its page."""
    title, text = (
        f"{PILE}{''.join(ATTACKS[:3])}攻击",
        "\n".join(ATTACKS) + "\n这是一段正文，说的是一件事情，长短正好合适。" * 6,
    )
    page = f"<html><head><title>{title}</title></head><body><h1>标题</h1>{''.join(ATTACKS)}</body></html>".encode()
    with open_store(path, fields=columns()) as store, Archive(beside(path)) as archive:
        store.upsert_source(f"<b>{HOST}</b>", (f"http://{HOST}/",), timedelta(hours=1), now=AT)
        for number, wording in enumerate(("", "（更正）", "")):
            at = AT + timedelta(minutes=number)
            url = URL if number < 2 else f"http://{HOST}/other"
            archive.add(Fetched(url, url, at, 200, {"content-type": "text/html"}, page, HOST))
            extra = {name: ATTACKS[n % len(ATTACKS)] for n, name in enumerate(columns()) if columns()[name] == "TEXT"}
            site = ATTACKS[2] if number < 2 else UNSEEN
            extra |= {"image": BAD_URLS[0], "previous_article": BAD_URLS[1], "next_article": BAD_URLS[2]}
            article = Article(
                url, title + wording, text + wording, at, published_at=at, author=ATTACKS[0], editor=ATTACKS[4],
                source=ATTACKS[1], site=site, lang='zh" onload="x', canonical=BAD_URLS[0],
                extra={**extra, "page_sha256": _digest(page)},
            )  # fmt: skip
            items = enumerate(zip(BAD_URLS, ATTACKS, strict=False), 1)
            headlines = [Headline(bad, attack, url, at, position=n) for n, (bad, attack) in items]
            visit = Visit(url, url, "article", f"<b>{HOST}</b>", at, 200)
            store.save(visit, article=article, headlines=headlines)
        failed = Visit(f"http://{HOST}/", f"http://{HOST}/", "list", f"<b>{HOST}</b>", at, 500, error=ATTACKS[0])
        store.note_failure(failed, next_at=None)
    return path


def make_reaching(path: Path) -> list[str]:
    """A database with an article for each of `REACHING`, of which the page has nothing else; the paths of the pages."""
    paths = []
    with open_store(path, fields=columns()) as store, Archive(beside(path)) as archive:
        for number, attack in enumerate(REACHING, 1):
            page, at, url = f"<html>{attack}</html>".encode(), AT + timedelta(minutes=number), f"http://{HOST}/{number}"
            archive.add(Fetched(url, url, at, 200, {"content-type": "text/html"}, page, HOST))
            article = Article(url, f"标题{number}", f"正文{number}" * 30, at, extra={"page_sha256": _digest(page)})
            store.save(Visit(url, url, "article", "a", at, 200), article=article)
            paths.append(f"/raw/{number}/{_digest(page)}")
    return paths


def _digest(page: bytes) -> str:
    from hashlib import sha256

    return sha256(page).hexdigest()
