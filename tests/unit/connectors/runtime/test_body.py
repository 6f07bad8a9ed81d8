"""Bodies, compressed or not, in whatever pieces they arrive."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceContractError, SourceUnavailableError
from connectors.runtime.body import BodyReader


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


_ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", lambda data: data),
    "gzip": ("GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its wrapper": ("deflate", _raw_deflate),
}


@given(
    kind=st.sampled_from(sorted(_ENCODINGS)),
    data=st.binary(max_size=300) | st.builds(lambda n: b"ab" * n, st.integers(0, 100_000)),
    cut=st.integers(1, 70_000),
)
def test_a_body_is_the_same_however_it_was_packed_and_cut(kind: str, data: bytes, cut: int) -> None:
    """Whatever encoding and network pieces, the body read is the body sent."""
    encoding, pack = _ENCODINGS[kind]
    wire = pack(data)
    reader = BodyReader(encoding=encoding, cap=1_000_000)
    for at in range(0, len(wire), cut):
        reader.feed(wire[at : at + cut])
    assert reader.finish() == data


@pytest.mark.parametrize("kind", sorted(_ENCODINGS))
def test_the_cap_is_on_what_comes_out(kind: str) -> None:
    """A body of exactly the cap passes, one byte more does not."""
    encoding, pack = _ENCODINGS[kind]
    fits = BodyReader(encoding=encoding, cap=5000)
    fits.feed(pack(b"x" * 5000))
    assert len(fits.finish()) == 5000
    with pytest.raises(SourceContractError, match="larger than 5000 bytes") as caught:
        BodyReader(encoding=encoding, cap=5000).feed(pack(b"x" * 5001))
    assert caught.value.path == "$"


def test_a_bomb_in_one_piece_takes_no_more_memory_than_the_cap_allows() -> None:
    """64 MiB packed into one piece of 64 KiB cost at most a few times a cap of 1 MiB."""
    bomb = zlib.compress(bytes(64 * 1024 * 1024), 9)
    assert len(bomb) < 66_000
    reader = BodyReader(encoding="deflate", cap=1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(SourceContractError):
            reader.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    """Only gzip and deflate were offered, each once."""
    with pytest.raises(SourceContractError, match="not asked for"):
        BodyReader(encoding=encoding, cap=10)


def test_damage_is_a_broken_contract() -> None:
    """What does not decompress is the upstream's mistake."""
    with pytest.raises(SourceContractError, match="cannot be decompressed"):
        BodyReader(encoding="gzip", cap=100).feed(b"not gzip at all")


def test_a_body_that_goes_on_after_its_end_is_refused() -> None:
    """A second gzip member, even an empty one, is not read and not silently dropped."""
    with pytest.raises(SourceContractError, match="after its end"):
        BodyReader(encoding="gzip", cap=100).feed(gzip.compress(b"one") + gzip.compress(b""))


def test_a_second_member_in_a_piece_of_its_own_is_refused_too() -> None:
    """Where the network cut the pieces makes no difference."""
    reader = BodyReader(encoding="gzip", cap=100)
    reader.feed(gzip.compress(b"one"))
    with pytest.raises(SourceContractError, match="after its end"):
        reader.feed(gzip.compress(b"two"))


def test_a_body_cut_short_is_no_body() -> None:
    """A compressed body without its end is a broken connection, not a shorter answer."""
    reader = BodyReader(encoding="gzip", cap=10_000)
    reader.feed(gzip.compress(b"x" * 1000)[:-6])
    with pytest.raises(SourceUnavailableError, match="middle of the body"):
        reader.finish()
