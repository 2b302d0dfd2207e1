"""How a Gateway socket packs payloads: plain, one zlib stream, one zstd stream, or zlib by payload. It never sends."""

import zlib
from collections.abc import Callable

import zstandard

Packer = Callable[[str], str | bytes]


def plain_packer() -> Packer:
    """Return a packer that leaves text as it is."""
    return lambda text: text


def zlib_stream_packer() -> Packer:
    """Return a packer whose payloads make one zlib stream, each ending with a sync flush."""
    stream = zlib.compressobj()
    return lambda text: stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)


def zstd_stream_packer() -> Packer:
    """Return a packer whose payloads make one zstd stream, each ending with a block flush."""
    stream = zstandard.ZstdCompressor().compressobj()
    return lambda text: stream.compress(text.encode()) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def payload_packer() -> Packer:
    """Return a packer that compresses each payload alone, as a client asks for with `compress` in its identify."""
    return lambda text: zlib.compress(text.encode())


PACKERS: dict[str | None, Callable[[], Packer]] = {
    None: plain_packer,
    "zlib-stream": zlib_stream_packer,
    "zstd-stream": zstd_stream_packer,
}
