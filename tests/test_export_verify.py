"""Every claim of a manifest is proven from the files alone: whatever is changed afterwards is found, and named."""

import random
import shutil
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from storage.batch import batched
from storage.exporters import Choice, ExportError, Job, Split, export, verify
from storage.exporters import _manifest as manifest
from tests.test_export import ARROW, FORMATS, OF_ROWS, WHOLE, content, empty, failed, filled, pages, put, store

__all__ = ["empty", "filled", "pages", "store"]  # fixtures


def flipped(path, place, bit):
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def files(out):
    """The files of an export, its manifest among them."""
    found = [one for one in out.rglob("*") if one.is_file()] if out.is_dir() else [out, manifest.path_of(out)]
    return sorted(found)


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_bit_is_found_in_every_file(filled, pages, tmp_path, name):
    out, dice = Path(tmp_path, "out"), random.Random(name)
    export(filled.db, out, name, Job(archive=pages))
    for file in files(out):
        kept = file.read_bytes()
        for _ in range(3):
            flipped(file, dice.randrange(len(kept)), dice.randrange(8))
            assert failed(out), file
            file.write_bytes(kept)
    assert failed(out) == []


@pytest.mark.parametrize("name", OF_ROWS)
def test_an_article_without_text_is_verified(store, tmp_path, name):
    put(store, 1, "只有标题", "")
    export(store.db, tmp_path / "out", name)
    assert failed(tmp_path / "out") == []


def rewritten(out, change):
    """Change rows of an export and write it anew as its format would; the manifest stays."""
    facts = manifest.opened(manifest.path_of(out).read_bytes())
    form, about = import_module(f"storage.exporters.{facts['format']}"), manifest.read_back(facts)
    rows = list(form.read(out, about))
    change(rows)
    if facts["format"] == "hf":
        out, form = out / "data" / "train-00000.parquet", import_module("storage.exporters.parquet")
    if getattr(form, "PLACE", "") == "path":
        out.unlink()
        form.write(batched(rows), out, about)
    else:
        with out.open("wb") as file:
            form.write(batched(rows), file, about)


def resealed(out):
    """Claim of every file what it is now, as a forger would who forgets the rows."""
    path = manifest.path_of(out)
    facts = manifest.opened(path.read_bytes())
    for told in facts["files"]:
        file = out / told["path"] if out.is_dir() else out
        told["bytes"], told["sha256"] = file.stat().st_size, import_module("storage.exporters._files").digest(file)
    path.write_bytes(manifest.sealed(facts))


def drop(rows):
    del rows[1]


def double(rows):
    rows.insert(1, dict(rows[0]))


def swap(rows):
    rows[0], rows[1] = rows[1], rows[0]


def edit(rows):
    rows[1]["text"] += "。"


def retitle(rows):
    rows[2]["title"] += "！"


def hurry(rows):
    rows[1]["first_seen_at"] -= timedelta(milliseconds=1)


def delay(rows):
    rows[1]["published_at"] += timedelta(hours=8)


CHANGES = (drop, double, swap, edit, retitle, hurry, delay)
EDITABLE = [form for form in FORMATS if form not in ("warc", "atom")]


@pytest.mark.parametrize("name", EDITABLE)
def test_a_changed_row_is_found_even_where_the_files_hashes_were_mended(filled, tmp_path, name):
    made, folder = Path(tmp_path, "made"), Path(tmp_path, "changed")
    made.mkdir()
    export(filled.db, made / "out", name)
    out, shard = folder / "out", "data/train-00000.parquet" if name == "hf" else "out"
    # The rows of a table have one order only, and ids that are unique.
    for change in (each for each in CHANGES if name != "sqlite" or each not in (double, swap)):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
        rewritten(out, change)
        assert f"file {shard}" in failed(out), change
        resealed(out)
        claims = failed(out)
        assert ("text hashes" if change is edit else "rows of all") in claims, change
        assert f"file {shard}" not in claims


def problem(out, claim):
    return next(proof.problem for proof in verify(out) if proof.claim == claim)


def test_what_is_wrong_is_named(filled, tmp_path):
    out = Path(tmp_path, "out.jsonl")
    export(filled.db, out, "jsonl")
    rewritten(out, edit)
    assert "row 2: its text is not the one of its SHA-256" in problem(out, "text hashes")
    rewritten(out, drop)
    assert problem(out, "rows of all") == "there are 2, not 3"
    out.unlink()
    assert problem(out, "file out.jsonl") == "it is not there"


def test_a_row_that_was_reserved_is_found(store, tmp_path):
    put(store, 1, "标题", "正文在这里，说的是一件事情。")
    out = Path(tmp_path, "out.jsonl")
    export(store.db, out, "jsonl", Job(Choice(purpose="train")))

    def reserve(rows):
        rows[0]["rights"] = [{"kind": "noai", "value": "yes", "via": "meta", "applies": True}]

    rewritten(out, reserve)
    assert "reserved against the purpose train" in problem(out, "rights")


@ARROW
def test_a_folder_holds_no_other_file_and_its_card_says_what_is_in_it(filled, tmp_path):
    out = Path(tmp_path, "out")
    export(filled.db, out, "hf")
    (out / "data" / "train-00001.parquet").write_bytes((out / "data" / "train-00000.parquet").read_bytes())
    assert failed(out) == ["no other files"]
    (out / "data" / "train-00001.parquet").unlink()
    card = out / "README.md"
    card.write_text(card.read_text().replace("3 articles", "4 articles"))
    resealed(out)
    assert failed(out) == ["contents of README.md"]


def hourly(store, many):
    """An article each hour."""
    for number in range(1, many + 1):
        text = f"第{number}篇说的是另一件事情，和别的没有关系：{number * 7919}家公司。"
        put(store, number, f"标题{number}", text, at=number)


@pytest.mark.parametrize("name", [form for form in FORMATS if form != "warc"])
def test_parts_are_proven_apart(store, tmp_path, name):
    hourly(store, 30)
    out = Path(tmp_path, "out")
    facts = export(store.db, out, name, Job(split=Split((0.5, 0.2, 0.3), timedelta(hours=2))))
    assert {part: told["rows"] for part, told in facts["sets"].items()} == {"train": 15, "validation": 4, "test": 7}
    assert (sum(facts["left_out"].values()), failed(out)) == (4, [])


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_row_on_the_wrong_side_is_found(store, tmp_path, name):
    hourly(store, 10)
    out = Path(tmp_path, "out")
    export(store.db, out, name, Job(split=Split((0.5, 0.5), timedelta())))

    def leak(rows):
        rows[-1]["split"] = "train"

    rewritten(out, leak)
    resealed(out)
    assert {"rows of train", "rows of test", "split"} <= set(failed(out))
    assert "row 10 is in `train`, and belongs to `test`" in problem(out, "split")


@pytest.mark.parametrize("how", ["{}", "[]", "no json", '{"files": 1}', '{"format": "../x", "files": [], "sets": {}}'])
def test_a_manifest_that_is_none_is_found(filled, tmp_path, how):
    out = Path(tmp_path, "out.jsonl")
    export(filled.db, out, "jsonl")
    manifest.path_of(out).write_text(how)
    assert "manifest" in failed(out)


def test_without_a_manifest_nothing_is_claimed(tmp_path):
    Path(tmp_path, "out.csv").write_text("id\r\n")
    with pytest.raises(ExportError, match="has no manifest"):
        list(verify(Path(tmp_path, "out.csv")))


def test_the_manifest_may_be_named_in_place_of_the_file(filled, tmp_path):
    out = Path(tmp_path, "out.jsonl")
    export(filled.db, out, "jsonl")
    assert failed(manifest.path_of(out)) == []


def test_a_link_is_proven_by_the_manifest_beside_what_it_leads_to(filled, tmp_path):
    """And where a file was moved away behind a link, by the one that stayed beside that."""
    link, target, moved = tmp_path / "link.csv", tmp_path / "target.csv", tmp_path / "elsewhere"
    link.symlink_to(target.name)
    export(filled.db, link, "csv")
    assert (failed(link), failed(target)) == ([], [])
    target.rename(moved)
    target.symlink_to(moved)
    assert failed(target) == []


def anything(out, dice):
    """One random change of what was exported: a byte, a row or a time."""
    kind = dice.choice(("bit", "cut", "insert", "row", "time"))
    file = dice.choice(files(out))
    data = file.read_bytes()
    place = dice.randrange(len(data))
    if kind == "bit":
        flipped(file, place, dice.randrange(8))
    elif kind == "cut":
        file.write_bytes(data[:place] + data[place + 1 :])
    elif kind == "insert":
        file.write_bytes(data[:place] + bytes([dice.randrange(256)]) + data[place:])
    elif kind == "row":
        rewritten(out, dice.choice((drop, edit, retitle)))
    else:
        rewritten(out, dice.choice((hurry, delay)))


@pytest.mark.slow
@pytest.mark.parametrize("name", EDITABLE)
def test_1000_random_changes_are_found(filled, tmp_path, name):
    made, out, dice = Path(tmp_path, "made"), Path(tmp_path, "out"), random.Random(name)
    made.mkdir()
    export(filled.db, made / "out", name)
    missed = []
    for number in range(200):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
        state = dice.getstate()
        anything(out / "out", dice)
        if content(out) == content(made):
            continue
        if not failed(out / "out"):
            missed.append((number, state))
    assert missed == []


@pytest.mark.parametrize("name", WHOLE)
def test_damage_to_a_set_with_parts_is_named(store, tmp_path, name):
    for number in range(20):
        put(store, number, f"标题{number}", f"第{number}篇说的是另一件事情：{number * 7919}家公司。" * 9, at=number)
    out = tmp_path / "out"
    export(store.db, out, name, Job(split=Split((0.5, 0.5), timedelta())))
    file = min(out.rglob("*.parquet")) if out.is_dir() else out
    whole = file.read_bytes()
    for damaged in (whole[:-9], whole[: len(whole) // 2] + b"\xff" + whole[len(whole) // 2 + 1 :]):
        file.write_bytes(damaged)
        assert f"file {file.relative_to(out).as_posix() if out.is_dir() else 'out'}" in failed(out)
    file.unlink()
    assert "split" in failed(out)
