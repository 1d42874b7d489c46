"""What was found out of an unknown site: for people, as JSON, and as the text of a file of settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config import Source, sites
from crawler.screen import claimed, counted, plain

if TYPE_CHECKING:
    from crawler.survey import Survey, Tried, Verdict

_KINDS = {"feed": "a feed", "list": "a list", "sitemap": "a sitemap", "article": "an article"}


def source_of(survey: Survey, name: str) -> Source:
    """The source that a survey comes to."""
    return Source(name, tuple(seed.url for seed in survey.seeds), article=survey.article)


def toml(survey: Survey, verdict: Verdict, source: Source) -> str:
    """The file of settings: no date and nothing of the articles in it, so that the same site gives the same bytes."""
    signs = [f"  + {words}" for words in verdict.pros] + [f"  - {words}" for words in verdict.cons]
    paging = f"Older articles: {survey.paging} and so on." if survey.paging else "No second page of a list was found."
    notes: dict[str, list[str]] = {
        "": [f"Found at {survey.url}, certainty {verdict.certainty} of 100:", *signs, paging],
        "seeds": [
            f"{seed.url} is {_KINDS[seed.kind]} of {counted(seed.articles, 'article')}." for seed in survey.seeds
        ],
    }
    notes["seeds"] += [
        f"{seed.url} is a sitemap of {counted(seed.articles, 'address', 'addresses')}; add it for older articles."
        for seed in survey.sitemaps
    ]
    if survey.crawl_delay:
        notes["delay"] = [f"Its robots.txt asks for {survey.crawl_delay:g} seconds, which is obeyed."]
    return sites.render(source, notes)


def told(survey: Survey, verdict: Verdict, source: Source) -> Iterator[str]:
    """Lines for people."""
    yield f"{plain(survey.url)}: {counted(len(survey.requests), 'request')}"
    yield ""
    for seed in survey.seeds:
        yield f"seed      {plain(seed.url)}  ({_KINDS[seed.kind]}, {counted(seed.articles, 'article')})"
    yield f"articles  {source.article or 'by the general rule'}"
    yield f"paging    {plain(survey.paging) or 'none found'}"
    for seed in survey.sitemaps:
        yield f"sitemap   {plain(seed.url)}  ({counted(seed.articles, 'address', 'addresses')}; not among the seeds)"
    yield ""
    for one in survey.tried:
        yield from _tried(one)
    yield ""
    yield f"certainty {verdict.certainty} of 100"
    yield from (f"  + {words}" for words in verdict.pros)
    yield from (f"  - {words}" for words in verdict.cons)


def _tried(one: Tried) -> Iterator[str]:
    if one.problem:
        yield f"not stored: {plain(one.url)}: {plain(one.problem)}"
        return
    when = claimed(one.published_at) if one.published_at else "no time"
    by = " · ".join(plain(words) for words in (one.source or "no source", one.author) if words)
    yield f"{when}  {plain(one.title)}  ({by})"
    yield f"    {plain(one.start)}{'...' if one.size > len(one.start) else ''}"


def as_json(survey: Survey, verdict: Verdict, source: Source) -> str:
    """One JSON object."""
    found: dict[str, Any] = {
        "name": source.name,
        "url": survey.url,
        "trouble": survey.trouble or None,
        "reason": survey.reason or None,
        "certainty": verdict.certainty,
        "for": verdict.pros,
        "against": verdict.cons,
        "seeds": [asdict(seed) for seed in survey.seeds],
        "article": source.article or None,
        "paging": survey.paging or None,
        "sitemaps": [asdict(seed) for seed in survey.sitemaps],
        "tried": [_row(one) for one in survey.tried],
        "requests": survey.requests,
    }
    return json.dumps(found, ensure_ascii=False, default=str)


def _row(one: Tried) -> Mapping[str, Any]:
    times = {
        name: at.isoformat() if at else None for name in ("published_at", "listed_at") for at in [getattr(one, name)]
    }
    return {**{name: value or None for name, value in asdict(one).items()}, "size": one.size, **times}
