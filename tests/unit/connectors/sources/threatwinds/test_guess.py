"""Which entities of ThreatWinds a pasted text may mean."""

import pytest

from connectors.sources.threatwinds.guess import recognise

DIGEST = "59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("acescency.com", "observable:domain:acescency.com"),
        (f"DOMAIN-{DIGEST}", f"threatwinds:entity:domain-{DIGEST}"),
        ("f" * 62, f"threatwinds:jarm-fingerprint:{'f' * 62}"),
        ("443/TCP", "threatwinds:port:443/tcp"),
        ("HKCU\\Software", "threatwinds:regkey:hkcu\\software"),
        ("application/pdf", "threatwinds:mime-type:application/pdf"),
        ("TA505", "threatwinds:adversary:TA505"),
        ("Malware Family: Emotet", "threatwinds:malware-family:emotet"),
    ],
)
def test_the_surest_guess(text: str, address: str) -> None:
    """An observable by its neutral address, a native id by its own, other types by their value."""
    assert str(recognise(text)[0].address) == address


def test_an_id_of_an_unheard_of_type_is_less_sure() -> None:
    """It may exist, and it may be any word before a hash."""
    (known,), (unheard,) = recognise(f"domain-{DIGEST}"), recognise(f"image-{DIGEST}")
    assert (known.confidence, unheard.confidence) == (1.0, 0.5)


def test_the_less_likely_is_told_too() -> None:
    """A hash may be of another algorithm, a GUID that of a file."""
    assert [guess.address.type for guess in recognise("a" * 32)] == ["md5", "file", "ja3-fingerprint"]
    assert {guess.address.type for guess in recognise("bd17903c-7d3b-4e56-a79f-4cea00d430db")} == {
        "file",
        "breach",
    }


@pytest.mark.parametrize("text", ["", "a word", "70000/tcp", "+0", "port: 70000/tcp", "x" * 5000])
def test_what_no_rule_admits_is_no_guess(text: str) -> None:
    """A shape alone is not enough: the type's own rules decide."""
    assert recognise(text) == ()
