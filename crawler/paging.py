"""What a visit to a list says about its source: its rhythm, and whether something scrolled off unseen. Pure.

When no item of a list is known from before its last visit, more may have come than it shows, and so after a time in
which the list was not seen: see `gaps`. Then the following pages are asked until one shows an item that was known: the
gap is mended. Where a list has no paging,
the articles of the gap lead from neighbour to neighbour, past `max_depth`, until one links to the newest one known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from config import Source
from crawler import gaps as ledger
from crawler import rhythm
from crawler.gaps import Before, Found
from crawler.shapes import is_page_of, page_number
from storage.records import Gap, Listing, Target


def found(
    urls: Sequence[str],
    times: Mapping[str, datetime | None],
    known: Mapping[str, datetime | None],
    started: datetime,
    *,
    seen_at: datetime | None = None,
    deeper: Collection[str] = (),
) -> Found:
    """What a page shows, where `known` says since when an address is known (None: for long), and `times` its date.

    News is what was not known before `started`, when this pass began, nor at `seen_at`, the last visit. What an article
    named first, since the last visit, is news too: it is among the `deeper` ones. What another list named first is not.
    """
    since = {url: known[url] for url in urls if url in known}
    last = seen_at or datetime.min.replace(tzinfo=UTC)
    old = {url for url, at in since.items() if at is None or at <= last or (at < started and url not in deeper)}
    news = tuple(times.get(url) for url in urls if url not in old)
    return Found(len(urls), tuple(since.values()), news, shown=tuple(times.get(url) for url in urls))


def listing(
    target: Target,
    source: Source,
    found: Found,
    now: datetime,
    *,
    before: Before,
    gaps: Sequence[Gap],
    is_same: bool = False,
) -> Listing:
    """What is to be kept of a visit to a list: see `Listing`.

    `before` and the open `gaps` of the source are what was kept until now. `is_same`: the answer was 304.
    """
    if page_number(target.url) > 1 and target.depth > 0:
        open_gaps = [gap for gap in gaps if gap.to_at and is_page_of(target.url, gap.url)]
        mended = [gap for gap in open_gaps if found.shows_known(gap.from_at)]
        walking = bool(open_gaps) and not mended
        return Listing(mended=mended, wake=[found.following] if walking and found.following else ())
    known = before.rhythm
    learnt = rhythm.learn(known, now, found.size, found.news, found.shown, paged=bool(found.following))
    pause = None if source.cron else rhythm.pause(learnt, source.every, now)
    learnt = replace(
        learnt,
        pause=pause.total_seconds() if pause else None,
        late=ledger.lateness(known, now),
        late_before=known.late if known else 0.0,
    )
    gap = ledger.answered(target, source, found, now, before=before, is_same=is_same)
    is_missed = gap and known and gap.to_at and not gap.mended_at
    return Listing(learnt, gap, wake=[found.following] if is_missed and found.following else ())
