"""How much a title or an article looks like advertising: a small linear model, and why it says so.

The model is trained by `python -m crawler.ads.train` from the labelled titles and articles in this folder, and read at
first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from crawler.ads import article
from crawler.ads.model import Model, loads, probability
from crawler.urls import same_site

# A link off the site is no proof, news is syndicated; it adds to what the title says. Titles are labelled without
# addresses, so this weight (a log odds) is set by hand.
OFF_SITE = 1.0


@cache
def model() -> Model:
    """The model of model.txt."""
    return loads((Path(__file__).parent / "model.txt").read_text("utf-8"))


def score_title(title: str, url: str = "", site: str = "") -> float:
    """The probability, 0..1, that a title is advertising; 0 for an empty one.

    `url` is where it leads and `site` any address of the page it was seen on: leading off the site counts a little.
    """
    return probability(_log_odds(title, url, site)) if title.strip() else 0.0


def score_article(title: str, text: str, links: int = 0, url: str = "", site: str = "") -> float:
    """The probability, 0..1, that an article is advertising.

    `text` is its body, paragraphs parted by line breaks, and `links` how many links are in it. The rest is as for
    `score_title`, whose answer this is when there is no text.
    """
    if not text.strip():
        return score_title(title, url, site)
    return probability(sum(_article_parts(title, text, links, url, site).values()))


def explain_article(title: str, text: str, links: int = 0, url: str = "", site: str = "") -> list[tuple[str, float]]:
    """What decided, weightiest first: each sign of the article with what it adds to the log odds.

    Arguments as for `score_article`; without a text, the signs are those of the title.
    """
    found = _article_parts(title, text, links, url, site) if text.strip() else model().parts(title)
    return _weightiest(found)


def _article_parts(title: str, text: str, links: int, url: str, site: str) -> dict[str, float]:
    rated = _log_odds(title, url, site) if title.strip() else 0.0
    return article.parts(article.signs(rated, text, links, model().log_odds), model().article)


def _log_odds(title: str, url: str, site: str) -> float:
    return model().log_odds(title) + (OFF_SITE if url and site and not same_site(url, site) else 0.0)


def explain_title(title: str) -> list[tuple[str, float]]:
    """What decided, weightiest first: each sign and each run of characters with what it adds to the log odds."""
    return _weightiest(model().parts(title))


def _weightiest(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0]))
