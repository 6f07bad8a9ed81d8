"""The shared kinds: which there are, and that one spelling is reached at once and stays."""

import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.errors import InvalidNodeIdError
from connectors.observable import KINDS, normalise

LIKELY = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[A-Za-z0-9.-]{1,30}\.[A-Za-z]{2,6}", fullmatch=True),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).flatmap(lambda ip: st.integers(0, 128).map(lambda bits: f"{ip}/{bits}")),
    st.ip_addresses(v=4).flatmap(lambda ip: st.integers(0, 32).map(lambda bits: f"{ip}/{bits}")),
    st.emails().map(str.title),
    st.text(alphabet="/:?#[]@%25aéÉİ. \\", max_size=40).map("HTTP://Example.COM".__add__),
    st.text(alphabet="hHxX:/@[]%?#aé2Ff5.", max_size=40),
    st.from_regex(r"[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", fullmatch=True),
    st.integers(-(2**64), 2**64).map(str),
)


def test_the_kinds_are_the_contracts() -> None:
    """Exactly the kinds of the public contract exist."""
    assert " ".join(KINDS) == (
        "domain hostname ip cidr url email-address mac-address asn cve "
        "md5 sha1 sha224 sha256 sha384 sha512 sha3-256"
    )


@given(st.sampled_from(sorted(KINDS)), LIKELY)
@example("url", "http://h%2525É/%zz")
@example("cidr", "172.16.5.5/11")
@example("cve", "İΑΣ")
def test_normalising_is_idempotent(kind: str, value: str) -> None:
    """What is normalised once is accepted again and stays as it is."""
    try:
        once = normalise(kind, value)
    except InvalidNodeIdError:
        return
    assert normalise(kind, once) == once


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"cve", "url"}))
@pytest.mark.parametrize("space", [" ", "\n", "\u00a0"])
def test_nothing_is_trimmed(kind: str, space: str) -> None:
    """A blank around a value is refused, not removed."""
    values = {"domain": "a.com", "ip": "8.8.8.8", "email-address": "a@b.c", "asn": "1", "cidr": "8.8.8.0/24"}
    value = values.get(kind, "a" * 64)
    for text in (value + space, space + value):
        with pytest.raises(InvalidNodeIdError):
            normalise(kind, text)


def test_text_keeps_its_blanks() -> None:
    """Free text keeps the blanks around it, for they are part of what is hashed."""
    assert normalise("cve", " CVE-2021-44228 ") == " cve-2021-44228 "


def test_an_unknown_kind_is_named() -> None:
    """A kind that does not exist is refused by name."""
    with pytest.raises(InvalidNodeIdError, match="'hash' is no kind of observable"):
        normalise("hash", "x")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_lone_surrogate_is_refused(kind: str) -> None:
    """A text that is not Unicode is no value of any kind."""
    with pytest.raises(InvalidNodeIdError):
        normalise(kind, "a\ud800.com")


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "unit", ["a", "a.", "a-", "1", ":", "%", "%25", "@", '"', "\\", "a@", "<", "[", "é", "\x00", " ", "0:"]
)
def test_long_values_take_linear_time(kind: str, unit: str) -> None:
    """A value of 64 kB is judged at once, whatever it repeats."""
    value = (unit * 65_536)[:65_536]
    begun = time.process_time()
    with suppress(InvalidNodeIdError):
        normalise(kind, value)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_refused_value_is_not_repeated(kind: str) -> None:
    """The error says what a value should be, however long or hostile this one is."""
    with pytest.raises(InvalidNodeIdError) as refused:
        normalise(kind, "\x00" * 10_000)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200
