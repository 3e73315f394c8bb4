"""Fragments spliced to one gzip member."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter.page.fragments import gzip_member, piece


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_pieces_make_one_member(texts: list[bytes]) -> None:
    """A decoder that stops after the first member gets everything, with a correct checksum and nothing left over."""
    packed = gzip_member([piece(text) for text in texts])
    decoder = zlib.decompressobj(31)
    assert decoder.decompress(packed) + decoder.flush() == b"".join(texts)
    assert decoder.eof
    assert decoder.unused_data == b""
    assert gzip.decompress(packed) == b"".join(texts)


def test_repeated_lines_shrink() -> None:
    """A shard of similar lines shrinks at least to a sixth."""
    text = b"".join(b'cloudstack_network_thing_up{zone="ams-1",thing="r-%d-VM"} 1\n' % n for n in range(500))
    assert len(piece(text).deflated) * 6 < len(text)
