"""A title and a text with all that is made of them: keys, the entry of the search index, what counts as a change."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from storage import texts
from storage.keys import url_key
from storage.records import Article
from storage.regroup import key_of
from storage.reindex import entry
from storage.values import jsonable
from storage.words import LETTER

_LOOSE = re.compile(rf"(?<!{LETTER}) | (?!{LETTER})")


class Wording:
    """A title and a text with all that is made of them, each thing once."""

    def __init__(self, title: str, text: str):
        self._title, self._text = title, text
        self.whole = texts.read(texts.alike(text))
        self.key = key_of(title, self.whole)
        self.title_key = texts.title_key(title)

    @property
    def tokens(self) -> tuple[str, str]:
        """Title and text as the search index has them."""
        return entry(self._title, self._text)


def squeezed(text: str) -> str:
    """White space only between words that it parts: another template indents otherwise and changes nothing."""
    return _LOOSE.sub("", " ".join(text.split()))


def agree(article: Article, row: Any) -> bool:
    """Whether two pages of which one declares the other's address say the same."""
    _, _, _, title, text, *_ = row
    return texts.text_key(article.title) == texts.text_key(title) or texts.text_key(article.text) == texts.text_key(
        text
    )


def site_of(article: Article) -> str | None:
    """The site's name, or else the host without `www.`."""
    key = url_key(article.url)
    return article.site or (key.split("/")[2] if key.startswith("//") else None)


def declared_key(article: Article) -> str:
    """The key of the canonical link; "" for none and for a front page, which is nobody's article."""
    key = url_key(article.canonical) if article.canonical else ""
    return key if key.startswith("//") and not key.endswith("/") else ""


def rest_of(article: Article, columns: Collection[str]) -> str | None:
    """The added fields that have no column, as JSON; None when there are none."""
    rest = {name: jsonable(value) for name, value in article.extra.items() if name not in columns}
    return json.dumps(rest, ensure_ascii=False) if rest else None
