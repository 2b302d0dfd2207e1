"""Transport and payload compression of Gateway sockets: none, zlib-stream, zstd-stream, or zlib per payload."""

import zlib
from collections.abc import Callable

import zstandard

Packer = Callable[[str], str | bytes]


def plain_packer() -> Packer:
    """Return a packer without compression."""
    return lambda text: text


def zlib_stream_packer() -> Packer:
    """Return a packer that writes one zlib stream with a sync flush after each payload."""
    stream = zlib.compressobj()
    return lambda text: stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)


def zstd_stream_packer() -> Packer:
    """Return a packer that writes one zstd stream with a block flush after each payload."""
    stream = zstandard.ZstdCompressor().compressobj()
    return lambda text: stream.compress(text.encode()) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def payload_packer() -> Packer:
    """Return a packer that compresses each payload separately: `compress` in Identify."""
    return lambda text: zlib.compress(text.encode())


PACKERS: dict[str | None, Callable[[], Packer]] = {
    None: plain_packer,
    "zlib-stream": zlib_stream_packer,
    "zstd-stream": zstd_stream_packer,
}
