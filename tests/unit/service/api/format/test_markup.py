"""Tests of text inside XML."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from harness.written import restore
from service.api.format.markup import escape

TEXT = st.text(
    st.sampled_from("<>&\"'\t\r\n]_x0041\x00\x1b\x85\u2028\u202e\ufffe") | st.characters(codec="utf-8")
)


@given(TEXT)
def test_xml_gives_back_what_was_written(text: str) -> None:
    """In an element and in an attribute, whatever the text, spaces and line ends included."""
    read = ET.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')  # noqa: S314 - our own document
    assert restore(read.attrib["b"]) == text
    assert restore(read.text or "") == text


def test_nothing_in_the_document_acts_on_a_terminal() -> None:
    """What XML allows and nobody can see stands there as a reference."""
    assert escape("\x9b31m\u202e\x7f") == "&#x9B;31m&#x202E;&#x7F;"
    assert escape("\x1b[31m") == "_x001B_[31m"
