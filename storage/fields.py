"""The fields of a data set: name, kind, unit and meaning, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["text", "int", "float", "bool", "time", "category", "mentions", "json"]


class Field(NamedTuple):
    """What a field holds: `unit` is "" where the meaning says all. None is always "not known" or "there is none"."""

    kind: Kind
    unit: str
    meaning: str


FIELDS: Mapping[str, Field] = {
    "id": Field("int", "", "the article in its database; rows come in this order"),
    "url": Field("text", "", "its address, without tracking"),
    "title": Field("text", "", "the headline, in its present version"),
    "text": Field("text", "", "the body, in its present version; paragraphs are parted by line breaks"),
    "kind": Field("category", "", "article, flash (under 600 bytes of text), announcement (of a company), or ad"),
    "first_seen_at": Field("time", "UTC, ms, our clock", "when we had it first: the time that nothing can antedate"),
    "published_at": Field("time", "offset as claimed, in Parquet UTC", "when the page says that it was published"),
    "published_offset": Field("int", "minutes east of UTC", "the offset in which `published_at` was claimed or read"),
    "published_precision": Field("category", "", "second, minute, hour or day: how exact the claim is"),
    "published_evidence": Field("text", "", "where on the page the claim stands, and how its zone was found"),
    "published_flag": Field("category", "", "future or impossible: the claim is kept, and not to be used"),
    "published_conflict": Field("text", "", "other times that the page claims, where they disagree"),
    "claimed_time": Field("text", "", "a claim that cannot be true, which is not used as `published_at`"),
    "modified_at": Field("time", "offset as claimed, in Parquet UTC", "when the page says that it was changed"),
    "revision": Field("int", "count from 1", "which version of title and text this is"),
    "revised_at": Field("time", "UTC, ms, our clock", "when we first saw this version, if it is not the first"),
    "gone_at": Field("time", "UTC, ms, our clock", "when it was found to be gone at its source"),
    "text_sha256": Field("text", "hexadecimal", "SHA-256 of `text` in UTF-8"),
    "page_sha256": Field("text", "hexadecimal", "SHA-256 of the page it was read from: its name in the raw archive"),
    "story_id": Field("text", "16 hexadecimal digits", "the story: equal for an article and its copies"),
    "story_first_seen_at": Field("time", "UTC, ms, our clock", "when we had the first article of the story"),
    "is_first": Field("bool", "", "whether it told the story first, of the articles known"),
    "copies_so_far": Field("int", "count", "copies of the story, of those known at the asked time"),
    "sites_so_far": Field("int", "count", "sites that told the story, of those known at the asked time"),
    "ad_score": Field("float", "0 to 1", "how much it looks like advertising"),
    "language": Field("category", "ISO 639-1", "the language of the text"),
    "script": Field(
        "category", "ISO 15924", "Hans, Hant, Hani (either), Latn, Cyrl ...; none where a language has several"
    ),
    "charset": Field("category", "codec", "the encoding in which the page was read"),
    "paywalled": Field("bool", "", "true: the page shows that the rest is to be paid for"),
    "truncated": Field("bool", "", "whether the text breaks off, with a pointer to the rest or in mid-sentence"),
    "pages_joined": Field("int", "count", "pages that the text was joined of"),
    "source": Field("category", "", "the origin that the page names (来源)"),
    "site": Field("category", "", "the name of the site, or its host"),
    "section": Field("category", "", "where in the site it stands"),
    "found_by": Field("category", "", "the configured source whose crawl read it"),
    "author": Field("text", "", "who wrote it"),
    "editor": Field("text", "", "who edited it"),
    "keywords": Field("json", "list of texts", "the keywords that the page declares"),
    "image": Field("text", "", "the address of its picture"),
    "canonical": Field("text", "", "the address that the page declares as its own"),
    "rights": Field("json", "list of statements", "what page and host say about its use: docs/rights.md"),
    "rules": Field("category", "", "the version of the rules that extracted it"),
    "mentions": Field("mentions", "", "companies and indices, with code, place, method and confidence"),
    "sessions": Field("json", "list of stamps", "where `first_seen_at` falls in the hours of the markets concerned"),
}
