"""The card of a data set: README.md with the YAML head of the Hugging Face hub, made of its rows and its manifest."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from storage.batch import Batch
from storage.exporters._about import About

COUNTED = {"source": "found_by", "site": "site", "language": "language", "script": "script", "kind": "kind"}
_MOST = 50  # of a table: more are not for reading
_SIZES = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6), ("1M<n<10M", 10**7))
_DTYPES = {"int": "int64", "float": "float64", "bool": "bool", "time": "timestamp[ms, tz=UTC]"}


class Tally:
    """What the card counts of the rows."""

    def __init__(self, about: About):
        self.rows = 0
        self.by = {title: Counter[str]() for title, name in COUNTED.items() if name in about.fields}
        self.months: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self._has_rights = "rights" in about.fields

    def add(self, rows: Batch) -> None:
        """More rows."""
        self.rows += len(rows)
        for name, values in rows.columns.items():
            # An empty text is none in a table of texts; zero and false are values.
            self.filled[name] += sum(1 for value in values if value or value == 0)
        for title, counter in self.by.items():
            counter.update(value or "not known" for value in rows[COUNTED[title]])
        self.months.update(f"{at.year:04}-{at.month:02}" for at in rows["first_seen_at"])
        if self._has_rights:
            for told in chain.from_iterable(filter(None, rows["rights"])):
                self.statements[f"{told['kind']}={told['value']} ({told['via']})"] += 1
        if "rules" in rows.columns:
            self.rules.update(filter(None, rows["rules"]))


def card(facts: Mapping[str, Any], tally: Tally) -> str:
    """The whole file."""
    return "\n".join((*_head(facts, tally), *_body(facts, tally), ""))


def _head(facts: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    languages = sorted(name for name in tally.by.get("language", ()) if name != "not known")
    size = next((name for name, limit in _SIZES if tally.rows < limit), "n>10M")
    yield "---"
    yield "pretty_name: News articles, point in time"
    if languages:
        yield from ("language:", *(f"- {_quoted(name)}" for name in languages))
    yield "license: other"
    yield "license_name: rights-of-the-publishers"
    yield f"size_categories:\n- {size}"
    yield "tags:\n- news\n- point-in-time\n- provenance"
    yield "task_categories:\n- text-classification\n- text-generation"
    yield "source_datasets:\n- original"
    yield "configs:\n- config_name: default\n  data_files:"
    for name in facts["sets"]:
        yield f"  - split: {part(name)}\n    path: data/{part(name)}-*.parquet"
    yield "dataset_info:\n  features:"
    for name, field in facts["fields"].items():
        if name != "split":
            yield from _feature(name, field["kind"], facts["mention"], "  ")
    yield "  splits:"
    for name, told in facts["sets"].items():
        yield f"  - name: {part(name)}\n    num_bytes: {_bytes(facts, name)}\n    num_examples: {told['rows']}"
    total = sum(_bytes(facts, name) for name in facts["sets"])
    yield f"  download_size: {total}\n  dataset_size: {total}"
    yield "---"


def _feature(name: str, kind: str, mention: Mapping[str, Any], indent: str) -> Iterator[str]:
    yield f"{indent}- name: {name}"
    if kind == "mentions":
        yield f"{indent}  list:"
        for inner, field in mention.items():
            yield from _feature(inner, field["kind"], {}, f"{indent}  ")
    else:
        yield f"{indent}  dtype: {_quoted(_DTYPES.get(kind, 'string'))}"


def _body(facts: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    query = facts["query"]
    yield "\n# News articles, point in time\n"
    yield _what(facts, tally.rows)
    yield "`manifest.json` claims what is in each file; `kuaixun export --verify .` proves it from the files alone.\n"
    yield "## Fields\n"
    yield from _table(("field", "kind", "unit", "filled", "meaning"), [
        (f"`{name}`", field["kind"], field["unit"], _share(tally.filled[name], tally.rows), field["meaning"])
        for name, field in facts["fields"].items()
        if name != "split"
    ])  # fmt: skip
    yield (
        "\nA mention has: " + "; ".join(f"`{name}` ({it['meaning']})" for name, it in facts["mention"].items()) + ".\n"
    )
    yield "## Counts\n"
    yield from _table(("part", "rows", "first seen from", "to"), [
        (part(name), f"{told['rows']:,}", *(told["interval"] or ("", ""))) for name, told in facts["sets"].items()
    ])  # fmt: skip
    for title, counter in {"month (UTC, first seen)": tally.months, **tally.by}.items():
        rows = sorted(counter.items(), key=lambda each: (-each[1], each[0])) if counter is not tally.months else None
        yield from _counts(title, rows or sorted(counter.items()))
    yield "\n## How it was made\n"
    yield f"By kuaixun {facts['kuaixun']}, a crawler that obeys robots.txt; database of schema {facts['schema']}."
    yield "The question:\n"
    yield f"```json\n{json.dumps(query, ensure_ascii=False, sort_keys=True)}\n```\n"
    yield from _again(facts)
    yield "\nRows are in the order in which the articles were found."
    yield from _counts("version of the rules", sorted(tally.rules.items()))
    yield from _split(facts)
    yield from _faults(facts)
    yield from _rights(facts, tally)
    yield "\n## Contact\n"
    yield facts.get("contact") or "None was given by who made this."


def _what(facts: Mapping[str, Any], rows: int) -> str:
    """What the rows are, in one sentence."""
    last, known = facts["query"].get("since_last"), facts["state"]["at"]
    if last and last["at"]:
        return (
            f"{rows:,} {'row' if rows == 1 else 'rows'} of what was new, changed or gone at {known} since "
            f"{last['at']}: `change` says which. An increment, to be applied to what those before it have."
        )
    return f"{rows:,} articles as a crawler knew them at {known}, and nothing that it learnt later."


def _again(facts: Mapping[str, Any]) -> Iterator[str]:
    """The commands that make the folder again."""
    options, last = _options(facts["query"]), facts["query"].get("since_last")
    yield "To make it again from the database or a backup:\n"
    if not last:
        yield f"```sh\nkuaixun export OUT --format hf{options} --as-of {facts['state']['at']}\n```\n"
        yield "The same program gives the same bytes."
        return
    times = [at for at in (last["at"], facts["state"]["at"]) if at]
    yield "```sh"
    for number, at in enumerate(times, 1):
        yield f"kuaixun export OUT{number} --format hf{options} --since-last NAME --as-of {at}"
    yield f"```\n\nNAME is one that was not used yet. The same program gives the same rows as OUT{len(times)}."


def _options(query: Mapping[str, Any]) -> str:
    """A question as options of the command."""
    words = []
    for name in ("where", "search"):
        words += [f"--{name}", query[name]] if query[name] else []
    words += [f"--{name}" for name in ("ads", "copies", "mentions") if query.get(name)]
    words += ["--purpose", query["purpose"]]
    if "sessions" in query:
        words += ["--sessions", ",".join(query["sessions"]["markets"]) or "mentioned"]
    for name in ("split", "embargo"):
        words += [f"--{name}", query[name]] if name in query else []
    return "".join(f" {shlex.quote(word)}" for word in words)


def _split(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts["split"]:
        yield "\n## Parts\n"
        yield "By time of first sight, with no story in two parts:\n"
        yield f"```json\n{json.dumps(facts['split'], ensure_ascii=False, sort_keys=True)}\n```"


def _faults(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Known faults\n"
    yield "- `published_at` is what pages claim, and may be wrong; `first_seen_at` is what must not look ahead."
    yield "- `text` is extracted by rules: passages may be missing, or furniture of the site be left in it."
    yield "- Copies are recognised by their text; a rewritten story counts as another one."
    yield "- Kinds, scripts and mentions are found by rules, not by people.\n"
    yield "## Left out\n"
    yield from _table(("why", "articles"), [(why, f"{number:,}") for why, number in facts["left_out"].items()])
    yield "\n## Gaps\n"
    gaps = facts["gaps"]
    yield f"{len(gaps):,} intervals in which a source was not seen as it should be, and something may be missing:\n"
    columns = ("source", "from_at", "to_at", "reason", "mended_at")
    yield from _table(columns, [[each.get(name) or "" for name in columns] for each in gaps[:_MOST]])
    if len(gaps) > _MOST:
        yield f"\nAnd {len(gaps) - _MOST:,} more, in `manifest.json`."


def _rights(facts: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    yield "\n## Robots and opt-outs\n"
    yield f"Made for the purpose `{facts['query']['purpose']}`: what is reserved against it was left out."
    yield "The texts belong to their publishers. What pages and hosts say about their use is in `rights`, with place"
    yield "and the time; in these rows:\n"
    yield from _table(("statement", "articles"), [(told, f"{n:,}") for told, n in sorted(tally.statements.items())])


def _counts(title: str, rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    if rows:
        yield ""
        yield from _table((title, "articles"), [(name, f"{number:,}") for name, number in rows[:_MOST]])
        if len(rows) > _MOST:
            yield f"\nAnd {len(rows) - _MOST:,} more with {sum(n for _, n in rows[_MOST:]):,} articles."


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    if not rows:
        yield "None."
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(each) for each in row)} |"


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _share(some: int, whole: int) -> str:
    return f"{100 * some / whole:.1f} %" if whole else ""


def part(name: str) -> str:
    """What the hub calls a set of rows: one that is not split is all to train on."""
    return "train" if name == "all" else name


def _bytes(facts: Mapping[str, Any], name: str) -> int:
    return sum(file["bytes"] for file in facts["files"] if file["sets"] == [name])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
