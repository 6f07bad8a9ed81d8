"""Tests of what HTTP calls a format."""

from service.api.format.media import Format


def test_every_format_has_a_media_type_of_its_own() -> None:
    """No two share one: a caller who names one gets that."""
    assert len({each.media_type for each in Format}) == len(Format)


def test_text_says_how_it_is_encoded() -> None:
    """What has no other way to say so does it in the header; a table also that it has a header row."""
    assert Format.JSON.content_type == "application/json"
    assert Format.DOT.content_type == "text/vnd.graphviz; charset=utf-8"
    assert Format.CSV.content_type == "text/csv; charset=utf-8; header=present"
