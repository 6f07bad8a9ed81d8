"""Domain and host names."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("Acescency.COM", "acescency.com"),
        ("www.garrett.kz", "www.garrett.kz"),
        ("sub-domain.sub--sub-domain.example.technology", "sub-domain.sub--sub-domain.example.technology"),
        ("1.2.com", "1.2.com"),
    ],
)
def test_names_are_lower_case(typed: str, spelled: str) -> None:
    """A full domain name is spelled in lower case."""
    assert normalise("domain", typed) == normalise("hostname", typed) == spelled


@pytest.mark.parametrize(
    "typed",
    [
        "localhost",
        "example_a.com",
        ".example.com",
        "example.com.",
        "a..com",
        "a---b.com",
        "-a.com",
        "a-.com",
        "a.b-c",
        "a.xn--p1ai",
        "a.c",
        "a." + "c" * 21,
        "пример.com",
        "example.com\n",
        "",
    ],
)
def test_what_is_no_full_name_is_refused(typed: str) -> None:
    """Underscores, stray dots and hyphens, other scripts and odd last labels are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("domain", typed)
