"""The benchmark of `source add`: it says which hosts come out right, and what is wrong of the others."""

import json
from pathlib import Path

from tests.gate import add_bench
from tests.test_discover import article


def corpus(folder: Path, *, title: str = "") -> Path:
    (folder / "pages").mkdir(parents=True)
    lines = []
    for n in range(10):
        name, html = article(n)
        (folder / "pages" / f"{n}.html").write_text(f"<meta charset=utf-8>{html}", "utf-8")
        url = f"https://news.example/2026/{10111 + n}.html" if n % 2 else None
        gold = {"id": str(n), "host": "news.example", "page": f"pages/{n}.html", "title": title or name, "lang": "zh"}
        lines.append(json.dumps(gold | {"url": url, "published": f"2026-03-{10 + n}"}))
    (folder / "gold.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


def told(folder, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["add_bench", str(folder)])
    add_bench.main()
    return capsys.readouterr().out


def test_a_host_whose_pages_come_out_is_right(tmp_path, monkeypatch, capsys):
    out = told(corpus(tmp_path / "c"), monkeypatch, capsys)
    assert "5/10" in out
    assert "fields 1 of 1" in out


def test_a_wrong_title_is_named(tmp_path, monkeypatch, capsys):
    out = told(corpus(tmp_path / "c", title="另一个标题"), monkeypatch, capsys)
    assert "title wrong on 10 of 10" in out
    assert "right 0 of 1" in out
