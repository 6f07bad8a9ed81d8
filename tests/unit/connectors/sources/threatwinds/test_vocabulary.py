"""The entity types."""

from collections import Counter

from connectors.observable import KINDS
from connectors.sources.threatwinds.vocabulary import FORMER, OWN, TYPES


def test_there_are_129_types() -> None:
    """Sixteen shared kinds and 113 types of ThreatWinds' own, none twice."""
    assert len(KINDS) == 16
    assert len(OWN) == 113
    assert len(TYPES) == 129
    assert not OWN.keys() & KINDS.keys()


def test_former_types_are_no_types_any_more() -> None:
    """What the 2023 vocabulary had and today's has not is kept apart."""
    assert len(FORMER) == 15
    assert not FORMER & TYPES.keys()
    assert not {"hash", "registrar", "entity"} & (TYPES.keys() | FORMER)


def test_types_of_one_data_type_share_its_form() -> None:
    """As many types have each data type as the upstream's definitions list."""
    sizes = Counter(form.words for form in TYPES.values())
    assert sizes[TYPES["threat"].words] == 30 + 28  # both kinds of text speak of the same limits
    assert sizes[TYPES["url"].words] == 11
    assert sizes[TYPES["aba-rtn"].words] == 6
    assert sizes[TYPES["md5"].words] == 2
    assert sizes[TYPES["latitude"].words] == 4
    assert sizes[TYPES["hex"].words] == 5
    assert sizes[TYPES["filename-pattern"].words] == 4
    assert sizes[TYPES["city"].words] == 3
    assert TYPES["sha3-224"] is TYPES["sha512-224"] is TYPES["sha224"]
    assert TYPES["payload"] is TYPES["sha3-256"]
