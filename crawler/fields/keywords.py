"""The keywords that the page's head lists."""

from __future__ import annotations

import re

from crawler.view import Found, View

TYPE = list


def metadata(view: View) -> Found | None:
    """<meta name=keywords> and its kin, at most 30."""
    for key in ("keywords", "news_keywords", "article:tag", "parsely-tags"):
        words = [w.strip() for w in re.split(r"[,，;；、|]|\s{2,}", view.meta.get(key, "")) if w.strip()]
        if words:
            return Found(list(dict.fromkeys(words))[:30], f"meta {key}")
    return None


RULES = (metadata,)
