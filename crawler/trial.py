"""The articles of an unknown site that are tried: which is next, what became of it, and why there is none. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config import Source
from crawler import stencil
from crawler.page import FetchError, Forbidden, Page
from crawler.sighting import Item, Seen, Sight
from crawler.survey import Tried, Trouble

# Characters of a text that are shown.
_START = 60
_TROUBLES: tuple[tuple[str, Trouble], ...] = (
    ("robots.txt", "forbidden"),
    ("log-in", "login"),
    ("status 401", "login"),
    ("check for robots", "blocked"),
    ("status 403", "blocked"),
    ("status 429", "blocked"),
    ("scripts", "browser"),
)


def why_not(error: FetchError) -> tuple[Trouble, str]:
    """What an error of the first page means."""
    if isinstance(error, Forbidden):
        return "forbidden", "its robots.txt does not allow it"
    if error.status == 401:
        return "login", error.reason
    if error.status == 200:
        return "nothing", error.reason
    return ("blocked" if error.status in (403, 429, 451) else "unreachable"), error.reason


def trouble_of(refused: str) -> Trouble:
    return next((trouble for words, trouble in _TROUBLES if words in refused), "nothing")


def why_none(tried: Sequence[Tried], shell: str) -> tuple[Trouble, str]:
    """Why no article could be read; `shell` says that scripts make the first page, or is ""."""
    reasons = [one.problem for one in tried]
    if shell and not tried:
        return "browser", shell
    for words, trouble in _TROUBLES:
        said = [reason for reason in reasons if words in reason]
        if said and len(said) * 2 >= len(reasons):
            return trouble, said[0]
    if not reasons:
        return "nothing", "no address on it looks like that of an article"
    return "nothing", f"of {len(reasons)} pages tried none is an article: {reasons[0]}"


def next_try(seen: Seen, tried: Sequence[Tried]) -> str:
    """The next article to try: of the shape that most have, less with each one tried; what failed comes last."""
    had = {one.url for one in tried}
    fed, listed = seen.candidates()
    rank = {url: n for n, url in enumerate(url for url in (*fed, *listed) if url not in had)}

    def worth(group: stencil.Group) -> tuple[float, int]:
        ones = [one for one in tried if group.fits(one.url)]
        bad = sum(bool(one.problem) for one in ones)
        first = min(rank[url] for url in group.urls if url in rank)
        return len(group.urls) / (1 + len(ones)) / 10**bad, -first

    found = stencil.groups([*rank, *had])
    waiting = [group for group in found if any(url in rank for url in group.urls)]
    if not waiting:
        return ""
    return min((url for url in max(waiting, key=worth).urls if url in rank), key=rank.__getitem__)


def try_article(
    url: str, outcome: Page | FetchError, source: Source, agent: str, listed: Item | None
) -> tuple[Tried, Sight | None]:
    """What would be stored of an address, and what else its page shows."""
    known = Tried(url, listed=listed.title if listed else "", listed_at=listed.at if listed else None)
    if isinstance(outcome, FetchError):
        return _failed(known, outcome.reason), None
    try:
        sight = Sight.of(outcome, source, agent)
    except FetchError as error:
        return _failed(known, error.reason), None
    found = sight.found
    if found.refused:
        return _failed(known, f"no article but {found.refused}"), None
    if found.article is None or sight.noindex:
        why = sight.shell or f"a page of the kind `{found.kind}`"
        return _failed(known, "the page forbids to store it (noindex)" if sight.noindex else why), None
    article = found.article
    start = " ".join(article.text.split())
    return Tried(
        url,
        article.title,
        article.published_at,
        article.source,
        article.author,
        start[:_START],
        len(start),
        known.listed,
        known.listed_at,
    ), sight


def _failed(known: Tried, problem: str) -> Tried:
    return Tried(known.url, listed=known.listed, listed_at=known.listed_at, problem=problem)
