"""Hex, base64, UUIDs and file identifiers."""

import pytest

from connectors.sources.threatwinds.vocabulary import TYPES

PLAIN = "3a7c9d8e-1b2f-4a5b-8c7d-8e9f0a1b2c3d"


@pytest.mark.parametrize(
    ("type_", "typed", "spelled"),
    [
        ("hex", "DEADbeef", "deadbeef"),
        ("base64", "QUI=", "QUI="),
        ("base64", "QU\r\nI=", "QU\r\nI="),
        ("breach", PLAIN.upper(), PLAIN),
        ("breach", PLAIN.replace("-", ""), PLAIN),
        ("breach", f"urn:uuid:{PLAIN}", PLAIN),
        ("breach", f"{{{PLAIN}}}", PLAIN),
        ("file", "A" * 64, "a" * 64),
        ("file", "A" * 16, "a" * 16),
        ("file", PLAIN.replace("-", ""), PLAIN.replace("-", "")),
        ("file", PLAIN.upper(), PLAIN),
    ],
)
def test_identifiers_have_one_spelling(type_: str, typed: str, spelled: str) -> None:
    """Hexadecimal is lower case, a UUID canonical; 32 characters of a file are its MD5."""
    assert TYPES[type_].normalise(typed, kind=type_) == spelled


@pytest.mark.parametrize(
    ("type_", "typed"),
    [
        ("hex", "abc"),
        ("hex", "0xab"),
        ("certificate-fingerprint", "5E:FF"),
        ("base64", "QUI"),
        ("base64", "Q UI="),
        ("base64", "é==="),
        ("breach", PLAIN[:-1]),
        ("breach", f"{{{PLAIN}"),
        ("file", "a" * 40),
    ],
)
def test_malformed_identifiers_are_refused(type_: str, typed: str) -> None:
    """Odd lengths, separators and missing padding are refused."""
    assert not TYPES[type_].fits(typed)
