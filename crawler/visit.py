"""One visit: ask for an address, read the answer, store all of it in one transaction.

What is wrong with an address is noted as a failed visit and stays its own matter: only the database's trouble
(StorageError) leaves this room.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from config import Source
from crawler import frontier, paging
from crawler.ask import Asker, Hosts, World
from crawler.gaps import Found
from crawler.links import Place
from crawler.notes import before, continued, elsewhere, failed, last_seen, missed, rhythm_of, unread, visited
from crawler.page import ExtractError, FetchError, Forbidden, Moved, Page, Postponed
from crawler.reading import Reading, read_safely
from crawler.shapes import long_number
from crawler.tally import EventKind, Tally
from crawler.twins import is_read_as
from crawler.urls import host
from storage import query
from storage.keys import url_key
from storage.records import Article, Listing, Notice, Saved, Target

__all__ = ["Hosts", "Visitor", "World"]

# Unknown addresses that one answer may queue, in one transaction; the rest of a sitemap follows at its next visits.
MAX_NEW = 10_000
# Addresses of advertising remembered, so that each counts once; the oldest are forgotten.
MAX_ADS = 50_000
_EVENT: dict[str, EventKind] = {"new": "new", "changed": "changed", "same": "same", "copy": "copy", "none": "list"}


@dataclass(slots=True)
class Visitor:
    """Visits addresses one by one and keeps the sums; `retries` are those that this pass tries again, and when."""

    world: World
    tally: Tally = field(default_factory=Tally)
    retries: dict[str, datetime] = field(default_factory=dict)
    _next: dict[str, datetime] = field(default_factory=dict)
    queued_hosts: set[str] = field(default_factory=set)
    _started: datetime = field(init=False)
    _ads: dict[int, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The database keeps milliseconds.
        now = self.world.clock()
        self._started = now.replace(microsecond=now.microsecond // 1000 * 1000)

    def is_settled(self, target: Target) -> bool:
        """Whether an address need not be asked, because its article was read by another way in meanwhile."""
        is_read = target.kind == "article" and target.visited_at is None and bool(long_number(target.url))
        is_read = is_read and is_read_as(target.url, query.titled_alike(self.world.store.db, target.url))
        if is_read:
            self.world.store.settle([target.url])
        return is_read

    async def visit(self, target: Target, *, is_turn: bool = False) -> None:
        """Ask for one address, read the answer and store it; its own trouble is noted and stays its own.

        `is_turn`: see `Asker.ask`; the address may stay due then.
        """
        self.retries.pop(target.url, None)
        try:
            page = await self._asker.ask(target, is_turn=is_turn)
            await self.world.keep(page)
            reading = self._read(target, page)
            if reading.article and reading.following:
                reading = await self._joined(target, reading)
            # A 304 says that the page is as it was; what its host says may have changed.
            if reading.article or (page.status == 304 and target.kind == "article"):
                reading = replace(reading, notices=(*reading.notices, *await self._asker.notices(target, page)))
            self._keep(target, page, reading)
        except Postponed:
            return
        except Moved as moved:
            self._follow(target, moved)
        except FetchError as error:
            self._note(target, error)
        except ExtractError as error:
            self._note(target, unread(target, error))

    @property
    def _asker(self) -> Asker:
        return Asker(self.world, self.tally)

    # -- what came

    def _read(self, target: Target, page: Page) -> Reading:
        if page.status == 304:
            return Reading()
        if isinstance(page.reading, ExtractError):
            raise page.reading
        if page.reading is not None:
            done: Reading = page.reading
            return done
        still_open = self.world.store.gaps(target.source) if target.kind == "article" else ()
        place = Place(page.url, target, self.world.owners, page.fetched_at, still_open)
        return read_safely(page, place, self.world.settings, ad_score=self.world.ad_score, timed=self.tally.timed)

    async def _joined(self, target: Target, first: Reading) -> Reading:
        """An article that goes on over several pages, read to its end or as far as it can be had: see `_partial`."""
        article, following, texts, whole = first.article, first.following, set[str](), True
        notices = first.notices
        while article and following and article.text not in texts:
            texts.add(article.text)
            further = replace(target, url=following.url, etag="", last_modified="")
            try:
                article, following, said = await self._further(further, article, target.url)
                notices += said
            except FetchError as error:
                self._partial(target, further, article, error)
                following, whole = None, False
        return replace(first, article=article, following=None, joined=True, whole=whole, notices=notices)

    async def _further(
        self, further: Target, article: Article, own: str
    ) -> tuple[Article, Target | None, tuple[Notice, ...]]:
        """The article with its next page, the page after that, and what that page says about its use.

        Raises FetchError, also for a page without an article.
        """
        page = await self._asker.ask(further, own=own)
        await self.world.keep(page)
        try:
            more = self._read(further, page)
        except ExtractError as error:
            raise unread(further, error) from error
        if more.article is None:
            raise FetchError(further.url, "this page of an article holds none", status=page.status)
        self.world.store.save(visited(self.world, further, page))
        return continued(article, more.article), more.following, more.notices

    def _partial(self, target: Target, further: Target, article: Article, error: FetchError) -> None:
        """A further page of an article failed. Raises FetchError where the beginning alone must not be stored.

        That is while this pass may still get the rest, and always where more of the article is known already.
        """
        self.world.store.note_failure(failed(self.world, further, error), next_at=None)
        is_tried_again = error.retry and target.tries < self.world.settings.retries
        known = query.article(self.world.store.db, article.url)
        if is_tried_again or (known and len(article.text) < len(known["text"])):
            reason = f"a further page of it failed: {error}"
            raise FetchError(
                target.url, reason, status=200, retry=error.retry, later=True, after=error.after
            ) from error
        self.tally.failed += 1
        self.world.tell("failed", further, error.reason)

    def _keep(self, target: Target, page: Page, reading: Reading) -> None:
        """Store what an answer brought, and when to come back, in one transaction."""
        targets, found = self._unknown(target, reading)
        listing = self._listing(target, page, reading, found) if target.kind != "article" else self._mended(reading)
        next_at = self._next_at(target, page, reading, found, listing)
        # After a 304 nobody would ask for the other pages of an article, or for the rest of a sitemap.
        validators = not reading.joined and len(targets) < MAX_NEW
        gone = "" if reading.article else elsewhere(target, page)
        with self.tally.timed("store"):
            saved = self.world.store.save(
                visited(self.world, target, page, validators=validators, gone=gone, signs=reading.signs),
                article=reading.article,
                headlines=reading.headlines,
                targets=targets,
                next_at=next_at,
                listing=listing,
                rights=reading.notices,
            )
        self.tally.shift("store", "dedupe", saved.dedupe_cpu)
        self.queued_hosts.update(host(each.url) for each in targets)
        self._count(target, page, reading, saved)

    def _unknown(self, target: Target, reading: Reading) -> tuple[list[Target], Found]:
        """The addresses to queue, and what the page shows that no earlier pass knew."""
        now, admits = self.world.clock(), self.world.hosts.pace.admits
        with self.tally.timed("store"):
            known = self.world.store.known(each.url for each in reading.targets)
        twins = self.world.hosts.twins
        likely = {item.url for item in reading.headlines if twins.is_twin(item.url, item.title)}
        likely |= {each.url for each in reading.targets if each.kind == "article" and twins.may_be_twin(each.url)}
        fresh = [each for each in reading.targets if each.url not in known and admits(each, now)]
        targets = [
            replace(each, priority=min(each.priority, frontier.LAST_PRIORITY)) if each.url in likely else each
            for each in fresh[:MAX_NEW]
        ]
        # Another way into an article is no news of a list, nor is advertising, nor what waits for its next visit.
        aside = likely - known.keys() | {each.url for each in fresh[MAX_NEW:]}
        aside |= {each.url for each in reading.targets if each.priority == frontier.AD_PRIORITY}
        articles = [each.url for each in reading.targets if each.kind == "article" and each.url not in aside]
        times = {item.url: item.published_at for item in reading.headlines}
        seen_at, deeper = last_seen(self.world, target, articles)
        found = paging.found(articles, times, known, self._started, seen_at=seen_at, deeper=deeper)
        if reading.following and found.news and admits(reading.following, now):
            targets.append(reading.following)
            found = replace(found, following=reading.following.url)
        return targets, found

    def _listing(self, target: Target, page: Page, reading: Reading, found: Found) -> Listing:
        """What a list says about its source; see `paging`."""
        store, source, now = self.world.store, self.world.source(target), self.world.clock()
        is_same = page.status == 304
        still_open = [] if is_same else store.gaps(target.source)
        listing = paging.listing(
            target, source, found, now, before=before(self.world, target), gaps=still_open, is_same=is_same
        )
        return replace(listing, changed=reading.changed)

    def _mended(self, reading: Reading) -> Listing | None:
        """The gap that an article ends because it leads to the newest that was known before it."""
        if not reading.gap or not reading.neighbours:
            return None
        newest = query.newest_before(self.world.store.db, reading.gap.source, reading.gap.from_at)
        ends = not newest.isdisjoint(url_key(each.url) for each in reading.neighbours)
        return Listing(mended=[reading.gap]) if ends else None

    def _next_at(
        self, target: Target, page: Page, reading: Reading, found: Found, listing: Listing | None
    ) -> datetime | None:
        now, source, article = self.world.clock(), self.world.source(target), reading.article
        if target.kind == "article":
            known = article is not None or page.status == 304
            published_at = article.published_at if article and reading.whole else None
            return frontier.after_article(target, published_at, now, rhythm_of(self.world, target)) if known else None
        pause = listing.rhythm.pause if listing and listing.rhythm else None
        learnt = timedelta(seconds=pause) if pause else None
        has_news = bool(found.news)
        return frontier.after_list(target, source, self._source_next(source), now, has_news=has_news, pause=learnt)

    def _source_next(self, source: Source) -> datetime:
        """When the source is looked at again; a pass that outlasts that sets the time after."""
        now = self.world.clock()
        known = self._next.get(source.name) or self.world.store.source_next(source.name)
        if known is None or known <= now:
            known = self.world.next_visit(source, now)
            self.world.store.set_source_next(source.name, known)
        self._next[source.name] = known
        return known

    # -- what went wrong

    def _note(self, target: Target, error: FetchError) -> None:
        source_next = self._source_next(self.world.source(target))
        again = frontier.after_failure(target, error, self.world.settings, source_next, self.world.clock())
        gap = missed(self.world, target, error, is_last=again.at is None)
        self.world.store.note_failure(failed(self.world, target, error), next_at=again.at, gap=gap)
        if again.soon and again.at:
            self.retries[target.url] = again.at
            self.tally.retries += 1
            self.world.tell("retry", target, error.reason)
        elif isinstance(error, Forbidden):
            self.tally.forbidden += 1
            self.world.tell("forbidden", target, error.reason)
        else:
            self.tally.failed += 1
            self.world.tell("failed", target, error.reason)

    def _follow(self, target: Target, moved: Moved) -> None:
        """The address leads to another site: asked there if that is a source of ours, otherwise a failure."""
        owner = self.world.owners.of(moved.to, target.source)
        if owner:
            to = Target(moved.to, target.kind, owner.name, target.priority, target.depth, found_on=target.url)
            # A seed is asked again whenever its source is due.
            gap = missed(self.world, target, moved, is_last=bool(target.found_on))
            listing = Listing(gap=gap) if gap else None
            visit = failed(self.world, target, moved)
            self.tally.queued += self.world.store.save(visit, targets=[to], listing=listing).queued
            self.queued_hosts.add(host(to.url))
        else:
            self._note(target, moved)

    def _count(self, target: Target, page: Page, reading: Reading, saved: Saved) -> None:
        tally, article = self.tally, reading.article
        tally.headlines += saved.headlines
        tally.queued += saved.queued
        scored = [(item.url, item.ad_score) for item in reading.headlines]
        if article:
            scored.append((article.url, article.ad_score))
        for key in {hash(url_key(url)) for url, score in scored if self._is_ad(score)} - self._ads.keys():
            self._ads[key] = None
            tally.ads += 1
        while len(self._ads) > MAX_ADS:
            del self._ads[next(iter(self._ads))]
        if page.status == 304:
            tally.not_modified += 1
            self.world.tell("not modified", target)
        elif article is None:
            self.world.tell("list", target)
        else:
            tally.count(saved.outcome)
            is_new_ad = saved.outcome == "new" and self._is_ad(article.ad_score)
            self.world.tell("ad" if is_new_ad else _EVENT[saved.outcome], target, article.title)

    def _is_ad(self, score: float) -> bool:
        return score >= self.world.settings.ad_threshold
