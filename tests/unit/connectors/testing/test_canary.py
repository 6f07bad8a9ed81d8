"""Canaries are recognised in settings and in whatever writing they leak by."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.testing.canary import canaries_in, canary, leaked

SECRET = canary("key")


def test_a_canary_is_the_same_every_time() -> None:
    """The same name gives the same secret, another name another."""
    assert canary("key") == SECRET
    assert canary("other") != SECRET


def test_canaries_are_found_however_deep() -> None:
    """Tables, lists, keys and text around it hide no canary; bytes and numbers hold none."""
    table = {
        "a": [f"Bearer {SECRET}", 1],
        canary("name"): {"b": (canary("deep"),)},
        "c": None,
        "d": b"canary",
    }
    assert canaries_in(table) == {SECRET, canary("name"), canary("deep")}


@given(st.text(max_size=5), st.text(max_size=5))
def test_every_writing_of_a_canary_is_seen(before: str, after: str) -> None:
    """Plain, upper-case, reversed, hex and base64 of any text around it give the canary away."""
    text = (before + SECRET + after).encode()
    for shown in (text, text.upper(), text[::-1], text.hex(), b64encode(text), urlsafe_b64encode(text)):
        assert leaked(shown, {SECRET, canary("other")}) == {SECRET}


@pytest.mark.parametrize("shown", ["", "canary", SECRET[:-1], "\ud800", canary("other")])
def test_nothing_else_is_a_leak(shown: str) -> None:
    """Part of a canary, another one and text that is no Unicode are no leak."""
    assert leaked(shown, {SECRET}) == frozenset()
