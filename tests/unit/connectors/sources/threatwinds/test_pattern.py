"""Regular expressions in RE2's syntax."""

import time

import pytest

from connectors.sources.threatwinds.vocabulary import TYPES

REGEX = TYPES["pattern-in-file"]


@pytest.mark.parametrize(
    "pattern",
    [
        r".*\.exe$",
        r"eval\(base64_decode\(.*\)\)",
        "password=[a-zA-Z0-9]{8,}",
        r"User-Agent: Mozilla\/5\.0 \(compatible; MSIE 9\.0;",
        "(?i)a|(?P<name>b)+?|(?s-i:c)",
        r"[]a][^]\]][[:alpha:]\d]",
        r"\pL\p{Greek}\x{1F600}\xff\012\z",
        r"\Q(((\Ea*",
        "^*",
        "a{1000}{",
        "a{,3}",
        "é+",
    ],
)
def test_patterns_stay_as_they_are(pattern: str) -> None:
    """What RE2 can read is a value as it stands."""
    assert REGEX.normalise(pattern, kind="pattern-in-file") == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "(a",
        "a)",
        "a)(",
        "[a",
        "*a",
        "a|*",
        "(?i)*",
        "a**",
        "a{2}{3}",
        "a{1001}",
        "a{2,1}",
        "a{1,99999999999}",
        "(?=a)",
        "(?<!a)b",
        r"(a)\1",
        "(?",
        "\\",
        r"\y",
        "(" * 1001 + ")" * 1001,
    ],
)
def test_what_re2_cannot_read_is_refused(pattern: str) -> None:
    """Groups that stay open, repetition of nothing, look-around and back-references are refused."""
    assert not REGEX.fits(pattern)


@pytest.mark.parametrize("unit", ["(", "[", "[:", "\\Q", "a{", "a*", "\\", "(?"])
def test_long_patterns_take_linear_time(unit: str) -> None:
    """A pattern of 64 kB is judged at once, whatever it repeats."""
    begun = time.process_time()
    REGEX.fits(unit * (65_000 // len(unit)))
    assert time.process_time() - begun < 1
