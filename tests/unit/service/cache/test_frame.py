"""A frame gives back its payload or the one error; a dictionary that is not known is an error too."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict, ZstdCompressor

from service.cache.frame import (
    MAX_PAYLOAD_BYTES,
    EntryError,
    Learnt,
    learnt_of,
    make_dictionary,
    pack,
    pack_tailed,
    unpack,
    unpack_tailed,
)
from service.cache.words import WORDS

_BY_WORDS = b"\x03"
# The tag, and the digest of the dictionary.
_HEAD = slice(5)
_MAGIC_BYTES = 4

# Noise and what compresses well, on both sides of every bound of `pack`.
payloads = st.builds(
    lambda noise, word, times: noise + word * times,
    st.binary(max_size=200),
    st.binary(min_size=1, max_size=40),
    st.integers(0, 4000),
)


@given(payload=payloads, by_words=st.booleans())
@example(payload=b"", by_words=True)
@example(payload=WORDS, by_words=True)
def test_a_frame_gives_back_its_payload(payload: bytes, *, by_words: bool) -> None:
    """However it is packed, the payload is the same, and never more than a byte longer."""
    blob = pack(payload, by_words=by_words)
    assert unpack(blob) == payload
    assert len(blob) <= len(payload) + 1


@pytest.mark.parametrize("size", [0, 1, 23, 24, 127, 128, 65_536, 65_537, 100_000])
@pytest.mark.parametrize("by_words", [False, True])
def test_every_size_comes_back(size: int, *, by_words: bool) -> None:
    """At each bound, and beyond the last one, a payload that can be pressed is."""
    payload = (b"ab" * size)[:size]
    blob = pack(payload, by_words=by_words)
    assert unpack(blob) == payload
    assert (blob[:1] != b"\x01") is (size >= (24 if by_words else 128))


def test_the_dictionary_saves_what_a_small_entry_repeats_of_others() -> None:
    """What the words hold already takes next to nothing; without them it takes nearly all its bytes."""
    some = WORDS[1000:1200]
    assert len(pack(some, by_words=True)) < 30 < len(pack(some)) / 2


def test_an_unknown_dictionary_is_an_error() -> None:
    """An entry packed with other words is refused by its digest: it is never unfolded into nonsense."""
    blob = pack(WORDS[:500], by_words=True)
    assert blob[:1] == _BY_WORDS
    for place in range(1, 5):
        other = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(EntryError, match="not known here"):
            unpack(other)


def test_what_is_learnt_saves_more_and_is_named() -> None:
    """A payload pressed by a learnt dictionary is read by who knows it, and refused by who does not."""
    samples = [
        f"the thing {number} is much like the thing {number * 7 % 300}".encode() for number in range(300)
    ]
    data = make_dictionary(samples)
    assert data is not None
    learnt = Learnt(data)
    payload, tail = samples[7] + samples[9], b"a tail"
    blob = pack_tailed(payload, tail, learnt=learnt)
    assert len(blob) < len(pack_tailed(payload, tail))
    assert learnt_of(blob) == learnt.digest
    assert unpack_tailed(blob, known={learnt.digest: learnt}) == (payload, tail)
    assert unpack(blob, known={learnt.digest: learnt}) == payload + tail
    for known in ({}, {b"other!": learnt}):
        with pytest.raises(EntryError, match="not known here"):
            unpack_tailed(blob, known=known)


def test_of_what_has_nothing_in_common_no_dictionary_is_made() -> None:
    """Too few or too short samples make none, and bytes that are none are refused."""
    assert make_dictionary([b"a", b"b"]) is None
    with pytest.raises(EntryError, match="not a dictionary"):
        Learnt(b"\x37\xa4\x30\xec" + b"junk" * 20)


@given(payload=payloads, tail=st.binary(max_size=300))
def test_a_tail_comes_back_beside_its_payload(payload: bytes, tail: bytes) -> None:
    """Both are the same, and without a tail there is no such frame."""
    blob = pack_tailed(payload, tail)
    assert unpack_tailed(blob) == (payload, tail)
    assert learnt_of(blob) is None
    with pytest.raises(EntryError, match="format tag"):
        unpack_tailed(pack(payload))


def test_what_lasts_names_no_dictionary() -> None:
    """A payload that is not said to age out can be read by a version with other words."""
    assert pack(WORDS[:500])[:1] == b"\x02"


def test_every_process_packs_alike() -> None:
    """Another process with other hashes of texts makes the same dictionary, and the same bytes."""
    program = (
        "from service.cache.frame import pack; from service.cache.words import WORDS; import sys;"
        "sys.stdout.write(pack(WORDS[:900], by_words=True).hex() + str(hash(WORDS)))"
    )
    told = {
        subprocess.run(  # noqa: S603 - this interpreter and a fixed program
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    packed = pack(WORDS[:900], by_words=True).hex()
    assert len(told) == 2, "both hashed alike, so nothing was tried"
    assert all(each.startswith(packed) for each in told)


@given(payload=payloads, cut=st.integers(0, 1000))
def test_a_frame_that_ends_early_is_an_error(payload: bytes, cut: int) -> None:
    """Of half a compressed frame nothing is read."""
    blob = pack(WORDS[:300] + payload, by_words=True)
    if blob[:1] != b"\x01":
        with pytest.raises(EntryError):
            unpack(blob[: cut % len(blob)])


@given(payload=payloads, place=st.integers(0, 10_000), byte=st.integers(0, 255), by_words=st.booleans())
def test_a_damaged_frame_raises_nothing_else(
    payload: bytes, place: int, byte: int, *, by_words: bool
) -> None:
    """Whatever one byte is turned into, the reader gets bytes or the one error."""
    blob = pack(payload, by_words=by_words)
    place %= len(blob)
    try:
        unpack(blob[:place] + bytes([byte]) + blob[place + 1 :])
    except EntryError:
        return


@pytest.mark.parametrize("by_words", [False, True])
def test_a_bomb_is_not_unpacked(*, by_words: bool) -> None:
    """A frame that unfolds beyond the bound, or does not say how far, is refused before it does."""
    words = ZstdCompressionDict(WORDS, dict_type=DICT_TYPE_RAWCONTENT)
    made = {"dict_data": words} if by_words else {}
    bomb = ZstdCompressor(**made).compress(bytes(MAX_PAYLOAD_BYTES + 1))
    silent = ZstdCompressor(write_content_size=False, **made).compress(b"x" * 1000)
    more = ZstdCompressor(**made).compress(b"x") + b"more"
    assert len(bomb) < 10_000
    for body in (bomb, silent, more):
        head = pack(WORDS[:500], by_words=True)[_HEAD] if by_words else b"\x02"
        with pytest.raises(EntryError):
            unpack(head + (body[_MAGIC_BYTES:] if by_words else body))


def test_a_payload_beyond_the_bound_is_not_written() -> None:
    """What could not be read back is refused when it is written."""
    with pytest.raises(EntryError, match="more than"):
        pack(bytes(MAX_PAYLOAD_BYTES + 1))


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x04abc", b"\x03", b"\x03abcd"])
def test_an_unknown_frame_is_an_error(blob: bytes) -> None:
    """A tag of no format, or of another version's, is a miss."""
    with pytest.raises(EntryError):
        unpack(blob)


def test_the_words_are_few() -> None:
    """The dictionary stays of a size that is quickly made and kept by every thread."""
    assert 2_000 < len(WORDS) < 16_000
