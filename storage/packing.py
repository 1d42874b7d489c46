"""Bodies of pages packed with zstd, each with what came before it as the dictionary."""

from __future__ import annotations

try:
    # Only Python 3.14 has it: mypy finds none before, and nothing to ignore from then on.
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

LEVEL = 3

__all__ = ["LEVEL", "compressed", "uncompressed", "zstd"]


def compressed(body: bytes, prefix: bytes) -> bytes:
    packed: bytes = zstd.compress(body, LEVEL, zstd_dict=_dictionary(prefix))
    return packed


def uncompressed(data: bytes, prefix: bytes) -> bytes:
    """The body again. Raises zstd.ZstdError where the bytes are damaged."""
    body: bytes = zstd.decompress(data, zstd_dict=_dictionary(prefix))
    return body


def _dictionary(prefix: bytes) -> object:
    # zstd takes no dictionary of under eight bytes.
    return zstd.ZstdDict(prefix, is_raw=True).as_prefix if len(prefix) >= 8 else None
