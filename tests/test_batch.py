"""Rows as columns: whatever the size of the batches, rows, files and content are the same."""

import io
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.batch import Batch, Texts, batched, of_rows, rows_of
from storage.exporters._about import About
from storage.exporters._rows import Content
from storage.fields import Field

FIELDS = {
    "id": Field("int", "", ""),
    "title": Field("text", "", ""),
    "text": Field("text", "", ""),
    "site": Field("category", "", ""),
    "published_at": Field("time", "", ""),
    "score": Field("float", "", ""),
    "paid": Field("bool", "", ""),
    "keywords": Field("json", "", ""),
}
WORDS = st.text(st.sampled_from('a,"\r\n\t储 \\'), max_size=6)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(hours=at.hour % 9)))
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 99),
            "title": WORDS,
            "text": WORDS,
            "site": WORDS | st.none(),
            "published_at": TIMES | st.none(),
            "score": st.none() | st.floats(0, 1),
            "paid": st.none() | st.booleans(),
            "keywords": st.none() | st.lists(WORDS, max_size=2),
        }
    ),
    max_size=9,
)


def held(batches):
    """The same with the text as it comes from a database: as UTF-8."""
    for batch in batches:
        texts = Texts([text.encode() for text in batch["text"]])
        yield Batch({**batch.columns, "text": texts}, len(batch))


def content(batches):
    hashed = Content(FIELDS)
    for batch in batches:
        hashed.add(batch)
    return hashed.state


def same(row):
    """A row as files tell it: what is empty is unknown, and times have no zone."""
    times = {name: at.astimezone(UTC) for name, at in row.items() if isinstance(at, datetime)}
    return {name: value if value or value == 0 else None for name, value in {**row, **times}.items()}


@given(ROWS, st.integers(1, 4))
def test_the_content_is_that_of_the_rows_whatever_the_batches(rows, size):
    assert list(rows_of(held(batched(rows, size)))) == rows
    assert content(held(batched(rows, size))) == content(batched(rows, 9))


@given(ROWS, st.integers(0, 8), st.sampled_from(list(FIELDS)))
def test_any_other_value_is_other_content(rows, place, name):
    if place >= len(rows) or name == "keywords":
        return
    kinds = {"published_at": datetime(1980, 1, 1, tzinfo=UTC), "score": 2.0, "paid": not rows[place]["paid"]}
    changed = [{**row} for row in rows]
    changed[place][name] = kinds.get(name, 100 if name == "id" else "another")
    assert content(batched(changed)) != content(batched(rows))


@given(ROWS, st.integers(1, 4))
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_file_has_the_same_bytes_and_gives_the_rows_back(tmp_path_factory, name, rows, size):
    form, about = import_module(f"storage.exporters.{name}"), About(FIELDS)
    written = []
    for batches in (held(batched(rows, size)), batched(rows, 9)):
        out = io.BytesIO()
        form.write(batches, out, about)
        written.append(out.getvalue())
    assert written[0] == written[1]
    file = tmp_path_factory.getbasetemp() / f"batch.{name}"
    file.write_bytes(written[0])
    assert [same(row) for row in form.read(file, about)] == [same(row) for row in rows]


def test_a_batch_is_cut_and_sifted():
    batch = next(held([of_rows([{"id": n, "text": str(n)} for n in range(5)])]))
    assert [row["text"] for row in batch.cut(1, 4).kept([1, 0, 1]).rows()] == ["1", "3"]
    assert (len(batch.cut(4, 9)), len(batch.cut(5, 9)), batch.cut(0, 5) is batch) == (1, 0, True)
