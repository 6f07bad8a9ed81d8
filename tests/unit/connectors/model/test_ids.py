"""Addresses are split, checked and written back; refs are their one other spelling."""

import pickle
import subprocess
import sys
from contextlib import suppress
from copy import copy, deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import InvalidNodeIdError
from connectors.model import NodeId, Selection, decode_ref, encode_ref, encode_refs, parse_address
from connectors.model.ids import MAX_KEY_BYTES

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
node_ids = st.builds(NodeId, names, st.none() | names, names, keys)
selections = st.builds(Selection, names, st.none() | names, st.none() | names)


@given(node_ids | selections)
def test_an_address_reads_back(address: NodeId | Selection) -> None:
    """Parsing the text of any address gives the address."""
    assert parse_address(str(address)) == address


@given(node_ids, node_ids)
def test_addresses_are_equal_when_their_parts_are(one: NodeId, other: NodeId) -> None:
    """And then they have one hash; a copy and what is unpickled are equal, too."""
    parts = [(each.namespace, each.tenant, each.type, each.key) for each in (one, other)]
    assert (one == other) is (parts[0] == parts[1])
    read = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own
    for again in (NodeId(*parts[0]), replace(one), copy(one), deepcopy(one), read):
        assert (again, hash(again), str(again)) == (one, hash(one), str(one))
    assert one != str(one)


def test_an_address_has_the_hash_of_the_process_that_reads_it() -> None:
    """Each process hashes texts in its own way; what one pickles is found in another's dictionary."""
    node = NodeId("n", None, "t", "k")
    program = (
        "import pickle, sys; from connectors.model import NodeId; "
        "assert pickle.loads(sys.stdin.buffer.read()) in {NodeId('n', None, 't', 'k')}"
    )
    subprocess.run([sys.executable, "-c", program], input=pickle.dumps(node), check=True)  # noqa: S603


@given(node_ids)
def test_a_ref_reads_back_and_needs_no_encoding(node: NodeId) -> None:
    """A ref is letters, digits, hyphens and underscores, and gives the address back."""
    ref = encode_ref(str(node))
    assert decode_ref(ref) == str(node)
    assert ref.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """Text either is the text of the address it parses to, or is refused as no address."""
    with suppress(InvalidNodeIdError):
        assert str(parse_address(text)) == text


@given(st.text(max_size=40) | st.text("ABCabc019-_=+/ \n", max_size=40))
def test_an_address_has_one_ref(text: str) -> None:
    """Text either is the one ref of what it decodes to, or is refused."""
    with suppress(InvalidNodeIdError):
        assert encode_ref(decode_ref(text)) == text


def test_the_key_is_all_after_the_second_colon() -> None:
    """A key may hold colons, slashes, question marks, hashes and braces, verbatim."""
    node = parse_address("autodesk-bim360@c:lineage:urn:adsk:x/y?z=1#{3D} ")
    assert node == NodeId("autodesk-bim360", "c", "lineage", "urn:adsk:x/y?z=1#{3D} ")


def test_without_a_key_an_address_selects() -> None:
    """One or two parts are a selection of a namespace or of a type in it."""
    assert parse_address("observable") == Selection("observable", None, None)
    assert parse_address("autodesk@c:issue") == Selection("autodesk", "c", "issue")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "namespace"),
        (":domain:x", "namespace"),
        ("-a:domain:x", "namespace"),
        ("ä:domain:x", "namespace"),
        ("a" * 129, "namespace"),
        ("a@:domain:x", "tenant"),
        ("a@b@c:domain:x", "tenant"),
        ("a:", "type"),
        ("a::x", "type"),
        ("a:b c:x", "type"),
        ("a:b:", "a key"),
        ("a:b:\ud800", "surrogates"),
        ("a\n:b:c", "namespace"),
    ],
)
def test_a_broken_address_is_told_what_is_wrong(text: str, words: str) -> None:
    """An empty or misspelt part is refused with the part's name."""
    with pytest.raises(InvalidNodeIdError, match=words):
        parse_address(text)


def test_a_key_is_measured_in_bytes() -> None:
    """65 536 bytes of UTF-8 are a key, one more is none."""
    assert NodeId("a", None, "b", "é" * (MAX_KEY_BYTES // 2)).key
    with pytest.raises(InvalidNodeIdError, match="65537"):
        NodeId("a", None, "b", "é" * (MAX_KEY_BYTES // 2) + "x")


def test_a_lone_surrogate_has_no_ref() -> None:
    """Text that UTF-8 cannot carry is refused before it becomes a ref."""
    with pytest.raises(InvalidNodeIdError, match="surrogates"):
        encode_ref("a:b:\ud800")


@pytest.mark.parametrize("ref", ["YTpiOmM=", "YTpi OmM", "YTpiOmN", "gICA", "é", "a"])
def test_another_spelling_of_a_ref_is_refused(ref: str) -> None:
    """Padding, foreign characters, spare bits and bytes that are no UTF-8 make no ref."""
    with pytest.raises(InvalidNodeIdError, match="base64url"):
        decode_ref(ref)


@pytest.mark.parametrize(
    ("selection", "covered"),
    [
        ("autodesk-issue@c", True),
        ("autodesk-issue@c:issue", True),
        ("autodesk@c", True),
        ("autodesk-issue@c:photo", False),
        ("autodesk-issue@d", False),
        ("autodesk-issue", False),
        ("autodesk-iss@c", False),
        ("autodesk@c:issue", False),
    ],
)
def test_a_selection_covers_its_members(selection: str, covered: bool) -> None:  # noqa: FBT001 - a table's column
    """A namespace, a type of it, and a bare name for its hyphenated family, in the same tenant."""
    chosen = parse_address(selection)
    assert isinstance(chosen, Selection)
    assert chosen.covers(NodeId("autodesk-issue", "c", "issue", "1")) is covered


@given(keys=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_many_refs_are_each_as_one_alone(keys: list[str]) -> None:
    """In their order, whatever their length and letters."""
    addresses = [f"n:t:{key}" for key in keys]
    assert encode_refs(addresses) == list(map(encode_ref, addresses))
