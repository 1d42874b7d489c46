"""Trains the advertising model from the labelled titles and articles: `python -m crawler.ads.train` writes model.txt.

Then it prints how titles fare that the model has not seen: by title, and, harder, by kind of advertising. The same
titles give the same file, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from crawler.ads import article
from crawler.ads.augment import Title, draw, expanded
from crawler.ads.fit import train, weigh
from crawler.ads.model import dumps

HERE = Path(__file__).parent
TITLES = HERE / "titles.tsv"
PATTERNS = HERE / "patterns.toml"
ARTICLES = HERE / "articles.toml"
LOOKALIKES = HERE / "lookalikes.txt"
MODEL = HERE / "model.txt"

FOLDS = 5


def labelled(path: Path = TITLES) -> list[Title]:
    """The titles of a file, one a line: 1 for advertising or 0, a kind, the title, parted by tabs."""
    titles = []
    for number, line in enumerate(path.read_text("utf-8").rstrip("\n").split("\n"), 1):
        label, _, rest = line.partition("\t")
        kind, _, text = rest.partition("\t")
        if label not in {"0", "1"} or not kind or not text:
            raise ValueError(f"`{path}`, line {number}: a line is `0` or `1`, a kind and a title, parted by tabs.")
        titles.append(Title(int(label), kind, text))
    return titles


def version() -> str:
    """Twelve hex digits that change with the labelled titles, the patterns and the look-alikes."""
    digest = blake2b(digest_size=6)
    for path in (TITLES, PATTERNS, ARTICLES, LOOKALIKES):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def model_text() -> str:
    """The model file that belongs to the labelled titles as they are now."""
    return dumps(train([*labelled(), *expanded(PATTERNS)], expanded(ARTICLES), version()))


Verdict = tuple[Title, bool]


def unseen(titles: Sequence[Title], patterns: Sequence[Title], fold: Callable[[Title], int]) -> Iterator[Verdict]:
    """Each title with the verdict of a model that has not seen its fold; what the patterns make is in every model."""
    for number in range(FOLDS):
        model = train([*(title for title in titles if fold(title) != number), *patterns])
        for title in titles:
            if fold(title) == number:
                yield title, model.log_odds(title.text) >= 0


def unseen_articles() -> Iterator[Verdict]:
    """Each labelled article with the verdict of a model that has seen neither its kind nor other titles than the whole
    has: what an article's signs count is learnt from the other kinds."""
    whole, articles = [*labelled(), *expanded(PATTERNS)], expanded(ARTICLES)
    model = train(whole)
    kinds = sorted({one.kind for one in articles})
    for kind in kinds:
        weights = weigh([one for one in articles if one.kind != kind], model)
        for one in articles:
            if one.kind == kind:
                title, _, text = one.text.partition("\n")
                found = article.signs(model.log_odds(title), text, 0, model.log_odds)
                yield one, sum(article.parts(found, weights).values()) >= 0


def by_title(title: Title) -> int:
    return draw(title.text, "fold") % FOLDS


def by_kind(title: Title) -> int:
    """Advertising by kind, so that a model never sees what it is asked for; news by title."""
    return draw(title.kind, "kind") % FOLDS if title.label else by_title(title)


def report(name: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Precision, recall and F1 in one line, then the wrong ones of each kind."""
    count = Counter((title.label == 1, said) for title, said in verdicts)
    hits, alarms, missed = count[True, True], count[False, True], count[True, False]
    precision, recall = hits / max(1, hits + alarms), hits / max(1, hits + missed)
    f1 = 2 * hits / max(1, 2 * hits + alarms + missed)
    yield f"{name}: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}"
    of_kind = Counter((title.label, title.kind) for title, _ in verdicts)
    wrong = Counter((title.label, title.kind) for title, said in verdicts if said != (title.label == 1))
    for label, heading in ((1, "missed"), (0, "false alarms")):
        kinds = (f"{kind} {n} of {of_kind[label, kind]}" for (is_ad, kind), n in wrong.most_common() if is_ad == label)
        yield f"  {heading}: {', '.join(kinds) or 'none'}"


def main() -> None:
    """Writes the model, then prints the scores."""
    text = model_text()
    MODEL.write_text(text, encoding="utf-8", newline="\n")
    titles = labelled()
    ads = sum(title.label for title in titles)
    print(f"{len(titles)} titles, {ads} of them advertising")
    print(f"{MODEL.name}: version {version()}, {len(text.encode())} bytes")
    patterns = expanded(PATTERNS)
    print("\n".join(report("unseen titles", list(unseen(titles, patterns, by_title)))))
    # The patterns of advertising name things of every kind.
    patterns = [title for title in patterns if not title.label]
    print("\n".join(report("unseen kinds of advertising", list(unseen(titles, patterns, by_kind)))))
    print("\n".join(report("articles of unseen kinds", list(unseen_articles()))))


if __name__ == "__main__":
    main()
