"""A record is read as a mapping and written as a struct, and both say the same."""

import json

import msgspec
import pytest

from service.graph.record import EdgeRecord, NodeRecord, WordRecord, plain

WORD = WordRecord("feed", None, "2026-01-01T12:00:00Z", {"seen": (1, ("x",))})
EDGE = EdgeRecord("e", "n:t:a", "n:t:b", "r", False, None, None, False, [WORD])  # noqa: FBT003 - by position
NODE = NodeRecord(
    *("n:t:a", "bjp0OmE", "n", None, "t", "a", "a", None, 0, "complete"),
    *({"value": 1, "relation": "eq"}, {"feed": {"tags": ("x", "y")}}, ["x:y:z"], ["feed"]),
)


@pytest.mark.parametrize("record", [WORD, EDGE, NODE])
def test_what_is_read_is_what_is_written(record: WordRecord | EdgeRecord | NodeRecord) -> None:
    """The same names in the same order, and the same values, as JSON has them."""
    written = json.loads(msgspec.json.encode(record))
    assert list(record) == list(written)
    assert plain(record) == written == json.loads(json.dumps(plain(record)))
    assert len(record) == len(written)


def test_a_record_is_equal_to_a_dict_of_the_same() -> None:
    """Either way round, and within lists; it has no hash, as no mapping has."""
    as_dict = {"source": "feed", "record": None, "fetched_at": None, "attributes": {}}
    record = WordRecord("feed", None, None, {})
    assert record == as_dict
    assert as_dict == record
    assert [record] == [as_dict]
    assert record != as_dict | {"record": "1"}
    with pytest.raises(TypeError):
        hash(record)


def test_only_fields_are_members() -> None:
    """A method's name is none."""
    assert WORD["source"] == "feed"
    assert WORD.get("keys") is None
    with pytest.raises(KeyError):
        WORD["keys"]


def test_a_record_with_more_to_tell_is_a_dict() -> None:
    """Its own fields come first."""
    told = WORD | {"sure": 1.0}
    assert (type(told), list(told)) == (dict, [*WORD, "sure"])


def test_a_dict_is_plain_already() -> None:
    """It is given as it is, not copied."""
    record = {"id": "n:t:a"}
    assert plain(record) is record
