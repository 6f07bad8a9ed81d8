"""What stands around a pasted text goes, and nothing of the text itself does."""

import pytest

from connectors.observable.surrounding import split_label, trim, unwrap


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        (" a.example\r\n", "a.example"),
        ("\ufeffa.exa\u200bmple", "a.example"),
        ("'a.example'", "a.example"),
        ('"a.example",', "a.example"),
        ("\u201ca.example\u201d.", "a.example"),
        ("(a.example)", "a.example"),
        ("<<a.example>>", "a.example"),
        ("a.example)", "a.example"),
        ("(a.example", "a.example"),
        ("'a.example", "a.example"),
        ("a.example`", "a.example"),
        ("a.example?!", "a.example"),
        ("a.example:", "a.example"),
        ("- a.example", "a.example"),
        ("12) a.example", "a.example"),
        ("[a page](https://a.example/x)", "https://a.example/x"),
        ("![](https://a.example/x)", "https://a.example/x"),
        ("https://a.example/x_(y)", "https://a.example/x_(y)"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("2001:db8::", "2001:db8::"),
        ("{}", ""),
        ("'", ""),
        ("", ""),
    ],
)
def test_surroundings_go(pasted: str, meant: str) -> None:
    """Layer by layer, and only where both halves do not belong to the text."""
    assert unwrap(pasted) == meant


def test_layers_are_bounded() -> None:
    """Somebody who wraps a text a thousand times gets some of it back."""
    assert unwrap("(" * 1000 + "a" + ")" * 1000).strip("()") == "a"


def test_trimming_keeps_what_was_written() -> None:
    """Punctuation and quotes may be part of an address, which is verbatim."""
    assert trim("\t'a.'\u200e\n") == "'a.'"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("IP: 1.2.3.4", ("IP", "1.2.3.4")),
        ("src_ip=1.2.3.4", ("src_ip", "1.2.3.4")),
        ("md5:abc", ("md5", "abc")),
        ("MD5 (a file.txt) = abc", ("MD5 (a file.txt)", "abc")),
        ("https://a.example", None),
        ("1:2", None),
        ("label:", None),
        ("no label", None),
        ("x" * 80 + ": y", None),
    ],
)
def test_a_label_is_parted_from_its_value(text: str, parts: tuple[str, str] | None) -> None:
    """A scheme is no label, neither is a whole sentence."""
    assert split_label(text) == parts
