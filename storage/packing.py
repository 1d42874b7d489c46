"""Bodies of pages packed with zstd, each with what came before it as the dictionary."""

from __future__ import annotations

try:
    # Only Python 3.14 has it: mypy finds none before, and nothing to ignore from then on.
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

__all__ = ["FIRST_LEVEL", "LEVEL", "Prefix", "zstd"]

LEVEL = 3
# The first of a group have little to lean on, and the later ones lean on them; of a host with few pages all are first.
FIRST_LEVEL = 9
# Digested, a dictionary compresses two to three times as fast; to digest it takes as long as seven bodies do without,
# and three times its size.
DIGESTED_AFTER = 8


class Prefix:
    """What a body is compressed with: those before it. `size` is about how many bytes of memory it takes."""

    def __init__(self, content: bytes):
        # zstd takes no dictionary of under eight bytes.
        self._dictionary = zstd.ZstdDict(content, is_raw=True) if len(content) >= 8 else None
        self._uses = 0
        self.size = len(content)

    def first(self, body: bytes) -> bytes:
        """Compress one of the first bodies of a group."""
        packed: bytes = zstd.compress(body, FIRST_LEVEL, zstd_dict=self._dictionary and self._dictionary.as_prefix)
        return packed

    def compressed(self, body: bytes) -> bytes:
        """Compress one after them."""
        self._uses += 1
        if self._uses == DIGESTED_AFTER:
            self.size *= 4
        ready = self._uses >= DIGESTED_AFTER
        held = self._dictionary and (self._dictionary.as_digested_dict if ready else self._dictionary.as_prefix)
        packed: bytes = zstd.compress(body, LEVEL, zstd_dict=held)
        return packed

    def uncompressed(self, data: bytes) -> bytes:
        """The body again. Raises zstd.ZstdError where the bytes are damaged."""
        body: bytes = zstd.decompress(data, zstd_dict=self._dictionary and self._dictionary.as_prefix)
        return body
