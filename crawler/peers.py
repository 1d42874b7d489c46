"""Other extractors that are installed beside kuaixun, each called as its manual says, for `kuaixun bench --peers`.

Each takes the bytes of a page and its address, and gives title and text. It gets the text that our decoder makes of the
bytes, so that no detector of charsets decides; that time counts as its own. What the gold says of time, author and
lists is not asked of them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from crawler.decode import decode

Found = tuple[str, str]
"""Title and text; empty where the peer finds none."""


def _is_chinese(text: str) -> bool:
    """For peers that want to be told the language of a page."""
    return len(re.findall("[\u4e00-\u9fff]", text[:200_000])) > 100


def _trafilatura(html: bytes, url: str) -> Found:
    found = import_module("trafilatura").bare_extraction(
        decode(html).text, url=url or None, include_comments=False, with_metadata=True
    )
    return (str(found.title or ""), str(found.text or "")) if found else ("", "")


def _readability(html: bytes, url: str) -> Found:
    document = import_module("readability").Document(decode(html).text, url=url or None)
    body = import_module("lxml.html").fromstring(document.summary())
    lines = (" ".join(piece.split()) for piece in body.itertext())
    return document.short_title(), "\n".join(filter(None, lines))


def _newspaper(html: bytes, url: str) -> Found:
    newspaper = import_module("newspaper")
    settings = newspaper.Config()
    settings.fetch_images = False
    text = decode(html).text
    if _is_chinese(text):
        settings.language = "zh"
    article = newspaper.Article(url or "http://example.com/1.html", config=settings)
    article.download(input_html=text, ignore_read_more=True)
    article.parse()
    return article.title or "", article.text or ""


@cache
def _goose_reader(chinese: bool) -> Any:
    options: dict[str, Any] = {"enable_image_fetching": False}
    if chinese:
        options["stopwords_class"] = import_module("goose3.text").StopWordsChinese
    return import_module("goose3").Goose(options)


def _goose(html: bytes, url: str) -> Found:
    text = decode(html).text
    found = _goose_reader(_is_chinese(text)).extract(raw_html=text, url=url or None)
    return found.title or "", found.cleaned_text or ""


def _resiliparse(html: bytes, url: str) -> Found:
    tree = import_module("resiliparse.parse.html").HTMLTree.parse(decode(html).text)
    plain = import_module("resiliparse.extract.html2text").extract_plain_text
    return tree.title or "", plain(tree, main_content=True)


def _justext(html: bytes, url: str) -> Found:
    justext = import_module("justext")
    text = decode(html).text
    # Without a list of stop words, as its manual says for other languages; it ships none for Chinese.
    found = justext.justext(text, frozenset(), stopwords_low=0, stopwords_high=0)
    return "", "\n".join(one.text for one in found if not one.is_boilerplate)


@cache
def _boilerpy_reader() -> Any:
    return import_module("boilerpy3.extractors").ArticleExtractor(raise_on_failure=False)


def _boilerpy(html: bytes, url: str) -> Found:
    found = _boilerpy_reader().get_doc(decode(html).text)
    return found.title or "", found.content or ""


PEERS: Mapping[str, Callable[[bytes, str], Found]] = {
    "trafilatura": _trafilatura,
    "readability-lxml": _readability,
    "newspaper4k": _newspaper,
    "goose3": _goose,
    "resiliparse": _resiliparse,
    "justext": _justext,
    "boilerpy3": _boilerpy,
}
"""Their names on PyPI, and how each is called."""

# What some of them need besides, to be called as they are here.
_WITH = {"trafilatura": "trafilatura lxml_html_clean", "newspaper4k": "'newspaper4k[nlp,zh]'"}
INSTALLS = " ".join(_WITH.get(name, name) for name in PEERS)
"""What `pip install` is to be given to have all of them."""


def installed() -> dict[str, str]:
    """The peers that can be asked here, with their versions."""
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def ask(name: str, html: bytes, url: str) -> tuple[Found, float, str]:
    """What a peer makes of a page, the CPU time that it took (seconds), and what it failed with, if it did."""
    start = time.process_time()
    try:
        found, error = PEERS[name](html, url), ""
    except Exception as failure:  # whatever another's program raises is its answer
        found, error = ("", ""), type(failure).__name__
    return found, time.process_time() - start, error
