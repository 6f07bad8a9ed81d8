"""Which kinds of observable a text may be of, and how sure that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.observable import KINDS, normalise
from connectors.observable.guess import sight


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("https://a.example/x", ["url", "domain", "hostname"]),
        ("https://8.8.8.8:443/x", ["url", "ip"]),
        ("other://a.example/x", ["url", "domain", "hostname"]),
        ("a.example", ["domain", "hostname"]),
        ("a.example:80", ["domain", "hostname"]),
        ("*.a.example", ["domain", "hostname"]),
        ("a.example/x", ["url", "domain", "url", "hostname"]),
        ("8.8.8.8", ["ip"]),
        ("8.8.8.8/32", ["cidr", "ip"]),
        ("8.8.8.0/24", ["cidr"]),
        ("8.8.8.0/255.255.255.0", ["cidr"]),
        ("8.8.8.0/999.1.1.1", []),
        ("me@a.example", ["email-address", "domain"]),
        ("mailto:me@a.example?subject=x", ["email-address", "domain"]),
        ("me@machine", []),
        ("00:1a:2b:3c:4d:5e", ["mac-address"]),
        ("001a.2b3c.4d5e", ["mac-address"]),
        ("AS13335", ["asn"]),
        ("CVE-2024-1234", ["cve"]),
        ("a" * 32, ["md5"]),
        ("a" * 64, ["sha256", "sha3-256"]),
        ("b2:" * 19 + "b2", ["sha1"]),
        ("a" * 33, []),
        ("10.0.0.1", []),
        ("", []),
        ("words that mean nothing", []),
        ("é" * 300 + ".example", []),
        ("é" * 70 + ".example", []),
    ],
)
def test_a_text_is_of_the_kinds_that_look_like_it(text: str, kinds: list[str]) -> None:
    """The surest first; what a caller may not ask about is of no kind."""
    assert [seen.kind for seen in sight(text)] == kinds


def test_the_name_of_a_file_is_hardly_a_domain() -> None:
    """It has the shape of one, and is far less sure."""
    (file, *_), (domain, *_) = sight("report.pdf"), sight("report.example")
    assert file.confidence < 0.5 < domain.confidence


def test_digits_alone_are_hardly_a_mac_address() -> None:
    """Twelve digits may be any number."""
    (number,), (address,) = sight("123456789012"), sight("1234567890ab")
    assert number.confidence < address.confidence


def test_a_label_decides() -> None:
    """What is said to be a host name is one, though it could be a domain."""
    (first, *_) = sight("Hostname: a.example")
    assert (first.kind, first.confidence) == ("hostname", 0.99)
    assert [seen.kind for seen in sight("colour: a.example")] == []


@given(st.text(max_size=80) | st.text(alphabet="0123456789abcdef.:/-@x ", max_size=80))
def test_every_sighting_can_be_asked_about(text: str) -> None:
    """Its value is the one spelling of its kind, and its confidence has meaning."""
    for seen in sight(text):
        assert seen.kind in KINDS
        assert normalise(seen.kind, seen.value) == seen.value
        assert 0 < seen.confidence <= 1
