"""Places, people, paths, ports and phones."""

import time

import pytest

from connectors.sources.threatwinds.vocabulary import TYPES


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("UNITED STATES", "United States"),
        ("saint-denis", "Saint-Denis"),
        ("são paulo", "São Paulo"),
        ("st. john's", "St. John's"),
        ("o''neil", "O''Neil"),
        ("a.b c:d", "A.b C:d"),
        ("3rd a_b x2y", "3Rd A_b X2y"),
        ("ßa", "Ssa"),
    ],
)
def test_places_are_in_title_case(typed: str, spelled: str) -> None:
    """Each word has a capital first letter; an apostrophe or a full stop within ends no word."""
    assert TYPES["city"].normalise(typed, kind="city") == spelled


@pytest.mark.parametrize(
    ("type_", "typed", "spelled"),
    [
        ("path", "/Var/LOG", "/var/log"),
        ("port", "65535/UDP", "65535/udp"),
        ("mime-type", "Application/VND.ms-excel", "application/vnd.ms-excel"),
        ("mime-type", "image/svg+xml", "image/svg+xml"),
        ("phone", "+1 (555) 123-4567", "+1 (555) 123-4567"),
        ("adversary", "APT 28", "APT 28"),
        ("group", "10.0.0.1", "10.0.0.1"),
    ],
)
def test_each_data_type_has_its_spelling(type_: str, typed: str, spelled: str) -> None:
    """Paths, ports and MIME types are lower case; phones and adversaries stay as they are."""
    assert TYPES[type_].normalise(typed, kind=type_) == spelled


@pytest.mark.parametrize(
    ("type_", "typed"),
    [
        ("path", "http://a/b"),
        ("port", "0/tcp"),
        ("port", "65536/tcp"),
        ("port", "443"),
        ("port", "443/sctp"),
        ("mime-type", "application/"),
        ("mime-type", "image/a+b-c"),
        ("mime-type", "image/ab"),
        ("mime-type", "image/-ab"),
        ("phone", "15551234567"),
        ("phone", "+05551234567"),
        ("adversary", "https://example.com"),
        ("adversary", "apt:28"),
        ("adversary", "/dev/null"),
        ("adversary", "3a7c9d8e-1b2f-4a5b-8c7d-8e9f0a1b2c3d"),
        ("adversary", "someone@example.com"),
        ("adversary", "8.8.8.8"),
        ("adversary", "+15551234567"),
        ("group", "example.com"),
        ("city", " "),
    ],
)
def test_each_data_type_has_its_rules(type_: str, typed: str) -> None:
    """What breaks the rules of a data type is refused; an adversary looks like nothing else."""
    assert not TYPES[type_].fits(typed)


@pytest.mark.parametrize("type_", ["mime-type", "phone", "port", "adversary", "city", "path"])
@pytest.mark.parametrize("unit", ["a", "a+", "a/a", "+1 ", "1", "'", ".-"])
def test_long_values_take_linear_time(type_: str, unit: str) -> None:
    """A value of 64 kB is judged at once, whatever it repeats."""
    begun = time.process_time()
    TYPES[type_].fits("a/" + unit * (65_000 // len(unit)) + "!")
    assert time.process_time() - begun < 1
