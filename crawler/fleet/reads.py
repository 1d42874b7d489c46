"""What is read of archives: how a page is sent to a worker, what is done with it there, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from config import Settings, Source
from crawler import bring, reread
from crawler.fleet.wire import encode, marked, unmarked
from storage.archive import Archive, Fetched

_pages, _answers = msgspec.json.Decoder(Fetched), msgspec.json.Decoder(bring.Answer)
_jobs, _outcomes = msgspec.json.Decoder(reread.Job), msgspec.json.Decoder(reread.Outcome)


class Import:
    """The pages of a WARC file."""

    def __init__(self, settings: Settings, sources: tuple[Source, ...]):
        self._read = bring.reader(settings, sources)

    def sent(self, page: Fetched) -> tuple[bytes, bytes]:
        """What goes to a worker, head and body. Whatever it raises, as all here: the page is read at home then."""
        return encode(page._replace(body=b"")), page.body

    def done(self, head: bytes, body: bytes) -> bytes:
        """What the worker sends back."""
        answer = self._read(_pages.decode(head)._replace(body=body))
        return encode(answer._replace(reading=replace(answer.reading, article=marked(answer.reading.article))))

    def got(self, content: bytes) -> bring.Answer:
        """What was read."""
        answer = _answers.decode(content)
        return answer._replace(reading=replace(answer.reading, article=unmarked(answer.reading.article)))


class Reread:
    """The articles of the archive, which only the one who sends needs."""

    def __init__(self, settings: Settings, sources: tuple[Source, ...], archive: Path | None = None):
        self._read = reread.reader_afar(settings, sources)
        self._archive = Archive(archive, readonly=True) if archive else None

    def sent(self, job: reread.Job) -> tuple[bytes, bytes]:
        """See `Import`."""
        assert self._archive
        return encode(job), self._archive.body(job.pages[0].id)

    def done(self, head: bytes, body: bytes) -> bytes:
        """See `Import`."""
        outcome = self._read(_jobs.decode(head), body)
        return encode(outcome._replace(article=marked(outcome.article)))

    def got(self, content: bytes) -> reread.Outcome:
        """See `Import`."""
        outcome = _outcomes.decode(content)
        return outcome._replace(article=unmarked(outcome.article))


AT_HOME = b"home"  # the answer for what cannot be done by a worker
KINDS: dict[str, type[Import | Reread]] = {bring.__name__: Import, reread.__name__: Reread}
