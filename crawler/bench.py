"""How good and how fast the extraction is on a folder of pages whose right answers are known.

Two layouts are read: `gold.jsonl`, a JSON object a page, with its page in the file that `page` names (`.gz` is
unpacked); and `NAME.html` beside `NAME.json`. The keys of both, all optional but `page` in the first:

| key | meaning |
|---|---|
| id, url, content_type | name of the page, its address, the HTTP header |
| fetched_at | ISO time with zone that relative times lean on; else now |
| lang | `zh` and `ja` measure the body by characters; `zh-Hans` and `zh-Hant` are compared with what is found |
| text or body | right body: lines in one string, or a list of lines |
| title, source, editor, next_url, kind | right answers, strings; `kind` as in `Extraction.kind` |
| author | list of names |
| published or published_at | ISO day, minute or second, local as the page shows it, or with a zone |
| with, without or not_in_body | pieces of text that the body must or must not hold |
| links, latest | lists {kind, items: [[title, address, time], ...]}; `latest` is the items of one list of that kind |
| links_neutral | addresses that count neither way |
| absent | fields that the page does not tell, so that any value is wrong |
"""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crawler import metrics, peers
from crawler.decode import decode
from crawler.extract import extract
from crawler.metrics import PageScore
from crawler.page import CrawlerError, Document, ExtractError, Extraction

# Corpora whose authors count a headline in the body as wrong.
EXACT_HEADLINES = frozenset(("scrapinghub",))
_SAME = ("source", "editor", "next_url", "kind")
_WARM = 2
_STRINGS = ("id", "url", "content_type", "fetched_at", "lang", "title", *_SAME, "published", "published_at")
_STRINGS_OR_LISTS = ("text", "body", "author", "with", "without", "not_in_body", "links_neutral", "absent")


class GoldError(CrawlerError):
    """A folder or file of right answers that cannot be read; `path` says which, `problem` why."""

    def __init__(self, path: Path, problem: str):
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = path, problem


@dataclass(frozen=True, slots=True)
class Case:
    """A page and its right answers. `gold` holds the keys that the module's docstring names."""

    corpus: str
    name: str
    page: Path
    gold: Mapping[str, Any] = field(repr=False)

    def body(self) -> bytes:
        """The bytes of the page. Raises GoldError."""
        try:
            data = self.page.read_bytes()
            return gzip.decompress(data) if self.page.suffix == ".gz" else data
        except (OSError, EOFError, ValueError) as error:
            raise GoldError(self.page, f"the page cannot be read ({error}).") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What the extraction said of a page; `found` is None where it raised `error`. `cpu` is in seconds."""

    found: Extraction | None
    cpu: float
    error: str = ""


def corpora(folder: Path) -> list[Path]:
    """The folder itself if it holds pages with gold, else those below it that do. Raises GoldError for none."""
    if not folder.is_dir():
        raise GoldError(folder, "there is no such folder.")
    found = [one for one in (folder, *sorted(p for p in folder.iterdir() if p.is_dir())) if _layout(one)]
    if not found:
        raise GoldError(folder, "holds no pages with gold: neither `gold.jsonl` nor any NAME.html beside NAME.json.")
    return found[:1] if found[0] == folder else found


def _layout(folder: Path) -> str:
    if (folder / "gold.jsonl").is_file():
        return "lines"
    return "pairs" if any(page.with_suffix(".json").is_file() for page in folder.glob("*.html")) else ""


def cases(folder: Path) -> Iterator[Case]:
    """The pages of one corpus, in a fixed order. Raises GoldError."""
    if _layout(folder) == "lines":
        file = folder / "gold.jsonl"
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    gold = _object(line, file, f"line {number}")
                    if not isinstance(gold.get("page"), str):
                        raise GoldError(file, f"line {number} does not name its page (key `page`).")
                    yield Case(folder.name, str(gold.get("id", number)), folder / gold["page"], gold)
        return
    for page in sorted(folder.glob("*.html")):
        beside = page.with_suffix(".json")
        if beside.is_file():
            yield Case(folder.name, page.stem, page, _object(beside.read_bytes(), beside, "the file"))


def _object(text: bytes, file: Path, where: str) -> dict[str, Any]:
    try:
        gold = json.loads(text)
    except ValueError as error:
        raise GoldError(file, f"{where} is no JSON ({error}).") from error
    if not isinstance(gold, dict):
        raise GoldError(file, f"{where} is no JSON object.")
    for key in (*_STRINGS, *_STRINGS_OR_LISTS):
        value = gold.get(key)
        if not (value is None or isinstance(value, str) or (key in _STRINGS_OR_LISTS and _is_strings(value))):
            form = "a string" if key in _STRINGS else "a string or a list of strings"
            raise GoldError(file, f"{where}: `{key}` must be {form}.")
    links, latest = gold.get("links") or [], {"kind": "latest", "items": gold.get("latest") or []}
    for block in [*(links if isinstance(links, list) else [links]), latest]:
        if not _is_list(block):
            raise GoldError(file, f"{where}: a list needs `kind` and `items`, each item [title, address, time].")
    return gold


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_list(block: object) -> bool:
    if not isinstance(block, dict) or not isinstance(block.get("kind"), str):
        return False
    items = block.get("items")
    return isinstance(items, list) and all(
        isinstance(item, list) and len(item) > 1 and isinstance(item[1], str) for item in items
    )


def answer(case: Case, body: bytes) -> Answer:
    """Bytes to fields, with the CPU time of decoding and extraction."""
    gold = case.gold
    now = _now(case)
    start = time.process_time()
    try:
        html = decode(body, gold.get("content_type") or "").text
        found = extract(Document(gold.get("url") or "", html, now, seen_then=bool(gold.get("fetched_at"))))
    except ExtractError as error:
        return Answer(None, time.process_time() - start, error.reason)
    return Answer(found, time.process_time() - start)


def _now(case: Case) -> datetime:
    told = case.gold.get("fetched_at")
    try:
        now = datetime.fromisoformat(told) if told else datetime.now(UTC)
    except ValueError:
        now = None
    if now is None or now.tzinfo is None:
        raise GoldError(case.page, f"`fetched_at` of its gold is no ISO time with zone: `{told}`.")
    return now


def run(folder: Path, *, limit: int | None = None) -> list[PageScore]:
    """The scores of the pages of one corpus, of the first `limit` where that is given. Raises GoldError."""
    scores: list[PageScore] = []
    for case in itertools.islice(cases(folder), limit):
        body = case.body()
        if len(scores) < _WARM:
            answer(case, body)  # imports and caches are not timed
        scores.append(score(case, answer(case, body), len(body)))
    return scores


def run_peer(folder: Path, name: str, *, limit: int | None = None) -> list[PageScore]:
    """The same of a peer: title, body, and pieces of text that must or must not be there. Raises GoldError."""
    scores: list[PageScore] = []
    for case in itertools.islice(cases(folder), limit):
        body, url = case.body(), case.gold.get("url") or ""
        if len(scores) < _WARM:
            peers.ask(name, body, url)
        (title, text), cpu, error = peers.ask(name, body, url)
        scores.append(_peer_score(case, title, text, PageScore(case.name, cpu, len(body), error=error)))
    return scores


def _peer_score(case: Case, title: str, text: str, begun: PageScore) -> PageScore:
    right = _body(case.gold)
    return dataclasses.replace(
        begun,
        empty=bool(right) and not text.strip(),
        body=_overlap(case, right, text, title) if right else None,
        segments=_segments(case.gold, text),
        same={"title": metrics.squeezed(case.gold["title"]) == metrics.squeezed(title)}
        if case.gold.get("title")
        else {},
    )


def score(case: Case, said: Answer, size: int) -> PageScore:
    """Compare an answer with the gold; `size` is that of the page in bytes."""
    gold, found = case.gold, said.found
    text = "\n".join(found.paragraphs) if found else ""
    fields: Mapping[str, Any] = found.fields if found else {}
    right = _body(gold)
    lists = _lists(gold)
    got = [(block.kind, [item.url for item in block.items]) for block in found.lists] if found else []
    return PageScore(
        name=case.name,
        cpu=said.cpu,
        size=size,
        empty=bool(right) and not text.strip(),
        error=said.error,
        body=_overlap(case, right, text, str(fields.get("title") or "")) if right else None,
        segments=_segments(gold, text),
        links=metrics.link_counts(lists, got, gold.get("links_neutral") or ()) if lists is not None else None,
        lists=metrics.list_scores(lists, got) if lists else (),
        same=_same(gold, fields, found),
    )


def _segments(gold: Mapping[str, Any], text: str) -> metrics.Segments | None:
    wanted, unwanted = gold.get("with") or (), gold.get("without") or gold.get("not_in_body") or ()
    return metrics.segments(text, wanted, unwanted) if wanted or unwanted else None


def _body(gold: Mapping[str, Any]) -> str:
    text = gold.get("text") or gold.get("body") or ""
    return text if isinstance(text, str) else "\n".join(text)


def _overlap(case: Case, right: str, text: str, title: str) -> metrics.Overlap:
    if case.corpus not in EXACT_HEADLINES:
        titles = [t for t in (case.gold.get("title"), title) if t]
        right, text = metrics.without_headline(right, titles), metrics.without_headline(text, titles)
    by_character = str(case.gold.get("lang") or "")[:2] in metrics.CHARACTER_LANGUAGES
    return metrics.overlap(right, text, by_character=by_character)


def _lists(gold: Mapping[str, Any]) -> metrics.Lists | None:
    blocks: Sequence[Mapping[str, Any]] = gold.get("links") or ()
    if gold.get("latest"):
        blocks = [{"kind": "latest", "items": gold["latest"]}, *blocks]
    if not blocks and gold.get("links") is None:
        return None
    return [(block["kind"], [item[1] for item in block["items"]]) for block in blocks]


def _same(gold: Mapping[str, Any], fields: Mapping[str, Any], found: Extraction | None) -> dict[str, bool]:
    """Every field of which the gold knows the one right value."""
    values = {**fields, "kind": found.kind if found else "", "next_url": found.next_url if found else ""}
    out = _titled(gold, values.get("title")) | _times(gold, values)
    if gold.get("author"):
        names, said = metrics.people(gold["author"]), metrics.people(values.get("author") or [])
        out["author"] = bool(names) and names == said
        out["author_any"] = any(name in metrics.squeezed(values.get("author")) for name in names)
    for name in _SAME:
        if gold.get(name):
            out[name] = metrics.squeezed(gold[name]) == metrics.squeezed(values.get(name))
    if "-" in str(gold.get("lang") or ""):
        out["script"] = values.get("lang") == gold["lang"]
    if gold.get("absent"):
        out["absent"] = not any(values.get(name) for name in gold["absent"])
    return out


def _titled(gold: Mapping[str, Any], title: object) -> dict[str, bool]:
    return {"title": metrics.squeezed(gold["title"]) == metrics.squeezed(title)} if gold.get("title") else {}


def _times(gold: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, bool]:
    right = _moment(gold.get("published") or gold.get("published_at"))
    if right is None:
        return {}
    got = values.get("published")
    if isinstance(got, datetime) and values.get("published_precision") == "day":
        got = got.date()
    day, minute = metrics.same_time(right, got)
    return {"day": day} if minute is None else {"day": day, "minute": minute}


def _moment(text: object) -> datetime | date | None:
    """An ISO time; None where the gold has none, or one that cannot be."""
    try:
        return date.fromisoformat(str(text)) if len(str(text)) == 10 else datetime.fromisoformat(str(text))
    except ValueError:
        return None
