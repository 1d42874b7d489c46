"""One article comes in: is its address known, is its text known, has it changed; its row, story and search entry.

Three questions in order. (1) The address: its own key, then the one it declares as canonical, which is believed only if
title or text agree, because whole sites declare their front page. (2) The same text elsewhere. (3) The same story:
both by `clusters`. A changed title or text moves the former version to `revisions`; what else the own address says
anew (author, editor, picture, keywords) replaces the column without one, and a column never loses its value because
a later version of the page is silent. `first_seen_at`, `site` and `published_at`, with what is known of it, stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import process_time
from typing import Any

from storage import keys
from storage.addresses import AddressBook
from storage.claims import NO_CLAIM, Claim, claim_of, claim_time
from storage.clocks import ClockBook
from storage.clusters import Clusters
from storage.keys import url_key
from storage.members import Member, told_at
from storage.observations import ObservationBook
from storage.records import Article, Outcome, Visit
from storage.times import claim, parse, stamp
from storage.values import column_value
from storage.wording import Wording, agree, declared_key, rest_of, site_of, squeezed

_OWN = (
    "id", "url", "title", "published_at", "modified_at", "first_seen_at", "last_seen_at", "revised_at", "revision",
    "author", "editor", "source", "site", "lang", "story_id", "copy_of", "is_ad", "ad_score", "canonical", "found_by",
    "url_key", "text_key", "title_key", "told_at", "text", "extra", "gone_at", "published_precision",
    "published_evidence", "published_flag", "rules",
)  # fmt: skip

_BY_KEY = """
    SELECT articles.id, url, articles.url_key, title, text, story_id, copy_of, how, first_seen_at
    FROM article_urls JOIN articles ON articles.id = article_id WHERE article_urls.url_key = ?
"""
_KEEP = """
    INSERT INTO revisions (article_id, revision, observed_at, replaced_at, title, text, published_at, modified_at,
        author, editor, source, last_confirmed_at, rules)
    SELECT id, revision, coalesce(revised_at, first_seen_at), ?, title, text, published_at, modified_at, author,
        editor, source, last_seen_at, rules
    FROM articles WHERE id = ?
"""
_REVISE = """
    UPDATE articles SET title = ?, text = ?, text_key = ?, title_key = ?, ad_score = ?, is_ad = ?, rules = ?,
        revised_at = ?, revision = revision + 1
    WHERE id = ?
"""
# What a page may say anew; one that falls silent takes nothing back.
_RENEWED = ("author", "editor", "source", "modified_at", "lang", "canonical")
# What other rules may read of it, beside title and text.
_REPLACED = ("author", "editor", "source", "modified_at", "lang")
_CLAIM = ("published_precision", "published_evidence", "published_flag", "published_at")
_REREAD = """
    UPDATE articles SET ad_score = ?, is_ad = ?, rules = ?, revised_at = ?, revision = revision + 1 WHERE id = ?
"""
_OF_VERSION = ("page_sha256",)  # the page that a version of the text was read from
# The first claim stays, and so does what is known of it.
_CLAIMED = """
    published_precision = iif(published_at IS NULL, ?, published_precision),
    published_evidence = iif(published_at IS NULL, ?, published_evidence),
    published_flag = iif(published_at IS NULL, ?, published_flag), published_at = coalesce(published_at, ?)
"""
_LAST_RENEWED = f"""
    extra = iif(? IS NULL, extra, json_patch(coalesce(extra, '{{}}'), ?)), {_CLAIMED}, last_seen_at = ?
"""
_SEEN = f"UPDATE articles SET {_CLAIMED}, last_seen_at = ? WHERE id = ?"
_REMOVED = "INSERT INTO removals (article_id, url, status, how, observed_at) VALUES (?, ?, ?, ?, ?)"


class Articles:
    """The articles and what hangs on them. It opens no transaction: the store does.

    `dedupe_cpu` is the processor time, in seconds, that looking for earlier articles of the same text took so far.
    """

    def __init__(self, connection: sqlite3.Connection, ad_threshold: float):
        self._run = connection.execute
        self._clusters = Clusters(connection)
        self._clocks = ClockBook(connection)
        self._observations = ObservationBook(connection)
        self._addresses = AddressBook(connection)
        self._ad_threshold = ad_threshold
        self.dedupe_cpu = 0.0
        columns = [row[1] for row in connection.execute("PRAGMA table_info (articles)")]
        self._extra = [name for name in columns if name not in _OWN]
        self._known = frozenset((*_OWN, *self._extra))
        names = ", ".join(f'"{name}"' for name in (*_OWN, *self._extra))
        marks = ", ".join("?" * (len(_OWN) + len(self._extra)))
        self._insert_sql = f"INSERT INTO articles ({names}) VALUES ({marks})"
        renewed = ", ".join(f'"{name}" = coalesce(?, "{name}")' for name in (*_RENEWED, *self._extra))
        self._renew_sql = f"UPDATE articles SET {renewed}, {_LAST_RENEWED} WHERE id = ?"
        replaced = ", ".join(f'"{name}" = ?' for name in (*_REPLACED, *self._extra, "extra", *_CLAIM))
        self._replace_sql = f"UPDATE articles SET {replaced} WHERE id = ?"

    def forget(self) -> None:
        """Hold nothing in memory: a transaction was taken back, or another object wrote."""
        self._clusters.forget()

    def put(self, article: Article, visit: Visit) -> tuple[Outcome, int, int]:
        """Store what a page told; how it stood to what was known, its id and its story's."""
        own, declared = url_key(article.url), declared_key(article)
        row = self._run(_BY_KEY, (own,)).fetchone()
        if row and row[7] == "canonical" and not agree(article, row):
            self._release(row, own)
            row = None
        if row is None and declared:
            row = self._run(_BY_KEY, (declared,)).fetchone()
            if row and not agree(article, row):
                row, declared = None, ""
        if row is None:
            outcome, article_id, story_id = self._insert(article, visit, declared or own)
        else:
            outcome, article_id, story_id = self._meet(article, visit, row, own)
        self._addresses.name(article_id, {url_key(visit.url): "redirect", declared: "canonical", own: "address"})
        return outcome, article_id, story_id

    def confirm(self, visit: Visit) -> tuple[int, int] | None:
        """The page has not changed since (304): its article was seen again. Its id and story, if it has one."""
        row = self._run(_BY_KEY, (url_key(visit.url),)).fetchone()
        if row is None:
            return None
        self._run(_SEEN, (*NO_CLAIM, stamp(visit.at), row[0]))
        self._returned(row[0], stamp(visit.at))
        return row[0], row[5]

    def remove(self, visit: Visit) -> int | None:
        """An article is no longer there (`visit.gone`): noted once, until it is back. Its id, if one is known."""
        row = self._run(_BY_KEY, (url_key(visit.url),)).fetchone()
        # Of a phone page or an alias nothing follows: the article may be there all the same.
        if row is None or url_key(visit.url) not in (row[2], url_key(row[1])):
            return None
        at = stamp(visit.at)
        if self._run("UPDATE articles SET gone_at = ? WHERE id = ? AND gone_at IS NULL", (at, row[0])).rowcount:
            self._run(_REMOVED, (row[0], visit.url, visit.status, visit.gone, at))
        return int(row[0])

    def _returned(self, article_id: int, at: str) -> None:
        if self._run("UPDATE articles SET gone_at = NULL WHERE id = ? AND gone_at IS NOT NULL", (article_id,)).rowcount:
            self._run("UPDATE removals SET back_at = ? WHERE article_id = ? AND back_at IS NULL", (at, article_id))

    def _release(self, row: Any, key: str) -> None:
        """Another page had declared this address as its own, and lied: here is whose it is."""
        self._addresses.release(key)
        if row[2] == key:
            self._run("UPDATE articles SET url_key = ? WHERE id = ?", (url_key(row[1]), row[0]))
            self._clusters.rename(row[0], url_key(row[1]))

    # -- an article that is known

    def _meet(self, article: Article, visit: Visit, row: Any, own: str) -> tuple[Outcome, int, int]:
        article_id, url, key, title, text, story_id, _, _, seen = row
        at_home = own in (key, url_key(url))
        # A phone page or page 2 words the same article otherwise; only its own address tells of a change.
        if not at_home:
            self._run(_SEEN, (*claim_of(article, parse(seen)), stamp(visit.at), article_id))
            return "same", article_id, self._retime(article, article_id) or story_id
        same = squeezed(title) == squeezed(article.title) and squeezed(text) == squeezed(article.text)
        if not same:
            self._revise(article, article_id, Wording(title, text))
            story_id = self._clusters.load(article_id).story
        claimed = claim_of(article, parse(seen))
        self._observations.note(article_id, article, claimed, stamp(article.fetched_at))
        self._renew(article, visit, article_id, claimed, kept=_OF_VERSION if same else ())
        self._returned(article_id, stamp(visit.at))
        return "same" if same else "changed", article_id, self._retime(article, article_id) or story_id

    def _retime(self, article: Article, article_id: int) -> int | None:
        """A time of publication that is learnt late puts an article at another place: its story, if that is so."""
        if claim_time(article) is None:
            return None
        return self._retold(article_id, stamp(article.fetched_at))

    def _retold(self, article_id: int, at: str) -> int | None:
        """Put an article in its place by the time that it claims now: its story, if the place is another."""
        former = self._clusters.load(article_id)
        (claimed,) = self._run("SELECT published_at FROM articles WHERE id = ?", (article_id,)).fetchone()
        told = told_at(parse(claimed) if claimed else None, parse(former.seen_at))
        if told == former.told_at:
            return None
        self._run("UPDATE articles SET told_at = ? WHERE id = ?", (told, article_id))
        self._clusters.revise(former._replace(told_at=told), former, at)
        return self._clusters.load(article_id).story

    def _renew(self, article: Article, visit: Visit, article_id: int, claimed: Claim, *, kept: tuple[str, ...]) -> None:
        """Take over what the page says beside its title and text, but for the columns that are `kept`."""
        rest = self._rest(article)
        values = self._values(article, _RENEWED, without=kept)
        self._run(self._renew_sql, (*values, rest, rest, *claimed, stamp(visit.at), article_id))

    def _revise(self, article: Article, article_id: int, old: Wording) -> None:
        at, new = stamp(article.fetched_at), Wording(article.title, article.text)
        former = self._clusters.load(article_id)
        self._run(_KEEP, (at, article_id))
        ad = (article.ad_score, article.ad_score >= self._ad_threshold)
        self._run(
            _REVISE, (article.title, article.text, new.key, new.title_key, *ad, article.rules or None, at, article_id)
        )
        self._run(
            "INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', ?, ?, ?)",
            (article_id, *old.tokens),
        )
        self._index(article_id, new)
        self._clusters.revise(self._clusters.load(article_id), former, at)

    def _index(self, article_id: int, text: Wording) -> None:
        self._run("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (article_id, *text.tokens))

    def rewrite(self, article_id: int, article: Article, at: datetime) -> None:
        """Put what other rules read of the same page in place of all that was read before, also where that is nothing.

        Its addresses and its site stay as they are. The former version goes to `revisions`, its cause is the rules.
        """
        sql = "SELECT title, text, revision, first_seen_at FROM articles WHERE id = ?"
        row = self._run(sql, (article_id,)).fetchone()
        when, ad = stamp(at), (article.ad_score, article.ad_score >= self._ad_threshold)
        if row[:2] == (article.title, article.text):
            self._run(_KEEP, (when, article_id))
            self._run(_REREAD, (*ad, article.rules or None, when, article_id))
        else:
            self._revise(replace(article, fetched_at=at), article_id, Wording(*row[:2]))
        self._run("UPDATE revisions SET cause = 'rules' WHERE article_id = ? AND revision = ?", (article_id, row[2]))
        claimed = claim_of(article, parse(row[3]))
        self._observations.note(article_id, article, claimed, when, cause="rules")
        self._run(self._replace_sql, (*self._values(article, _REPLACED), self._rest(article), *claimed, article_id))
        self._retold(article_id, when)

    def _values(self, article: Article, names: Sequence[str], *, without: Sequence[str] = ()) -> list[Any]:
        """What these columns and the added ones hold for an article; nothing for those that it is to be `without`."""
        own = [column_value(getattr(article, name)) for name in names]
        return [*own, *(None if name in without else column_value(article.extra.get(name)) for name in self._extra)]

    # -- an article that is new

    def _insert(self, article: Article, visit: Visit, key: str) -> tuple[Outcome, int, int]:
        text = Wording(article.title, article.text)
        (article_id,) = self._run("SELECT coalesce(max(id), 0) + 1 FROM articles").fetchone()
        at = stamp(article.fetched_at)
        told = told_at(claim_time(article), article.fetched_at)
        one = Member(article_id, article.title, article.text, text.key, key, site_of(article), article_id, told, at)
        started = process_time()
        place = self._clusters.decide(one, text.whole)
        spent = process_time() - started
        self._run(self._insert_sql, self._row(article, visit, text, one=one._replace(story=place.story)))
        self._index(article_id, text)
        self._observations.note(article_id, article, claim_of(article, article.fetched_at), at)
        started = process_time()
        self._clusters.admit(one, place, at)
        published = claim_time(article)
        if published:
            self._clocks.note(visit, published, article.extra.get("published_precision"))
        self.dedupe_cpu += spent + process_time() - started
        return "new" if place.parent is None else "copy", article_id, place.story

    def _rest(self, article: Article) -> str | None:
        return rest_of(article, self._known)

    def _row(self, article: Article, visit: Visit, text: Wording, *, one: Member) -> list[Any]:
        at = stamp(article.fetched_at)
        claimed = claim_of(article, article.fetched_at)
        values = {
            "id": one.id,
            "url": keys.without_tracking(article.url),
            "title": article.title,
            "published_at": claimed.at,
            "modified_at": claim(article.modified_at),
            "first_seen_at": at,
            "last_seen_at": stamp(visit.at),
            "revised_at": None,
            "revision": 1,
            "author": article.author or None,
            "editor": article.editor or None,
            "source": article.source or None,
            "site": one.site,
            "lang": article.lang or None,
            "story_id": one.story,
            "copy_of": None if one.story == one.id else one.story,
            "is_ad": article.ad_score >= self._ad_threshold,
            "ad_score": article.ad_score,
            "canonical": article.canonical or None,
            "found_by": visit.source or None,
            "url_key": one.url_key,
            "text_key": text.key,
            "title_key": text.title_key,
            "told_at": one.told_at,
            "text": article.text,
            "extra": self._rest(article),
            "gone_at": None,
            "published_precision": claimed.precision,
            "published_evidence": claimed.evidence,
            "published_flag": claimed.flag,
            "rules": article.rules or None,
        }
        return [*values.values(), *(column_value(article.extra.get(name)) for name in self._extra)]
