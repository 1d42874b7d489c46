"""One gzip member of a file as a stream, which gives all that lies before a damage, and finds where the next begins."""

from __future__ import annotations

import io
import zlib
from contextlib import suppress
from typing import Any, BinaryIO

BLOCK = 16_384


class FileEnds(ValueError):
    """The file ends where more should come."""

    def __init__(self) -> None:
        super().__init__("its end is missing")


class Member(io.RawIOBase):
    """One gzip member as a stream, its CRC checked; at its end the file stands where the next one begins.

    Of a damaged one all comes that lies before the damage.
    """

    def __init__(self, file: BinaryIO):
        self._file, self._inflate = file, zlib.decompressobj(31)
        self._before: bytes | None = None  # what came out before the damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            if self._before is not None:
                return self._rescued(buffer)
            data = self._inflate.unconsumed_tail or self._file.read(BLOCK)
            if not data:
                raise FileEnds
            former = self._inflate.copy()
            try:
                found = self._inflate.decompress(data, len(buffer))
            except zlib.error:
                self._before = _up_to_damage(former, data)
                continue
            if self._inflate.eof:
                self._file.seek(-len(self._inflate.unused_data), io.SEEK_CUR)
            if found:
                buffer[: len(found)] = found
                return len(found)
        return 0

    def _rescued(self, buffer: Any) -> int:
        """The rest of what came out before the damage. Raises zlib.error behind it."""
        found, self._before = (self._before or b"")[: len(buffer)], (self._before or b"")[len(buffer) :]
        if not found:
            raise zlib.error("damaged")
        buffer[: len(found)] = found
        return len(found)


def _up_to_damage(inflate: Any, data: bytes) -> bytes:
    """What can be uncompressed of data that are damaged somewhere."""
    found = []
    with suppress(zlib.error):
        for at in range(len(data)):
            found.append(inflate.decompress(data[at : at + 1]))  # noqa: PERF401 - what came before the error stays
    return b"".join(found)
