"""The keywords that the page's head lists."""

from __future__ import annotations

import re

from crawler.view import Found, View

TYPE = list


def metadata(view: View) -> Found | None:
    """<meta name=keywords> and its kin, at most 30."""
    for key in ("keywords", "news_keywords", "article:tag", "parsely-tags"):
        words = read(view.meta.get(key, ""))
        if words:
            return Found(words, f"meta {key}")
    return None


def read(text: str) -> list[str]:
    """The words of a list, each once."""
    words = (word.strip() for word in re.split(r"[,，;；、|]|\s{2,}", text))
    return list(dict.fromkeys(word for word in words if word))[:30]


RULES = (metadata,)
