"""Native ids, and what callers may type."""

from hashlib import sha3_256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import InvalidNodeIdError
from connectors.model import NodeId, Selection, parse_address
from connectors.sources.threatwinds.native import claim, native_of, parse_native, place, unnamed
from connectors.sources.threatwinds.vocabulary import TYPES

# threatwinds.md 2.1: every pair that was verified against the upstream's own documents.
VERIFIED = [
    ("domain", "acescency.com", "59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"),
    (
        "threat",
        "expansion on 123@123.com",
        "d8257cec79ed8b20c32decd305c1692391c185ab13d52b3495ea486df5385b27",
    ),
    ("ip", "8.8.8.8", "ba7fa36bff8d58ee45b973615e83d9aaeb921f1cc477d9c156e8a9cae8cca16e"),
    ("malware", "Doc Dropper Agent", "354f478ccf22fdb49d2c4fd1e112bd05960bd9976f9709cbb46a7b04297d2b5a"),
    ("malware", "pdf dropper agent", "20eae8ae8ec23315a7d9f07c0cbcd3651657b8604ef02e9dfcbfd6304cb824b8"),
    ("malware", "win trojan agent", "98bfacefdfb602a0bce99248894cb4b74f0f674336c000677709a8a3393581e8"),
    ("malware", "win trojan sirefef", "3bc164dcb2816c523af114432e3109d5dad55bd67c705f7eebdf2c68ed84d626"),
    (
        "malware",
        "win exploit cve_2023_21823",
        "efefabf74562def7d4fba5e384896ef59a08ba45b54c98fb98a3772f96a6d3cb",
    ),
    ("malware", "win trojan sdbot", "a208c4b33a1763284ce9a4584efa296372082ba82ee174597092f972767de163"),
    (
        "md5",
        "2ed56a78d957dcde2db76e830f5f0741",
        "2bef618643db4b0f1b8631b1567abf2262dc4161e94f671c5a9197d3b22a2c52",
    ),
    (
        "md5",
        "0486254644cef6f085ff3a754b301ff3",
        "68522c19344fadfb8c2c5d0c966f837ad2bfe75ebde38f9512b9d9457a873a85",
    ),
    (
        "md5",
        "cea05f8cce8b0b6a4ae642ffbd9261cd",
        "7bca9168d534560b239a79cf366735c7c24e4ddea16243b6016a8080a0d5ef79",
    ),
    ("domain", "www.garrett.kz", "a26df02ae06d0e07e598d8ef97bf67b394a84d0c0f9a0dfc7620bd385d2d0b7e"),
    ("domain", "griincom.co.ke", "ea06fc39487657a3d07f68e409d0c8c7722acb990bdcd264a436df8b982d5266"),
    ("domain", "maibuzhao.cn", "104e5241cc5d93323cafc288f8e902047934e4e9b33df15e7ddcdc4103ddf3e6"),
    ("domain", "sunglassesone.com", "afa28112d9ccf125dc60a93a9e2b51c13789c1ed3c52dc29ae77ebbd25697db3"),
]
DERIVED = [
    ("asn", "15169", "d08fc8e16509fec3e7b6e0c38dfb1f08d31cef5737d0f0803f97b24d5e05709c"),
    ("port", "443/TCP", "9b3734d9421ebaf455bec573f8344c7ec2d31af1f7bea2335820b6f03762790c"),
    ("country", "united states", "d296a9165683d3f900784d4291bd0e148d9f6c2257cb15478da45214f4298c5f"),
]
# A value of each type that its rules accept; types not named take any text.
SAMPLES = {
    "domain hostname": "example.com",
    "ip": "8.8.8.8",
    "cidr": "8.8.8.0/24",
    "url facebook-profile file-data github-organization github-repository github-user link malware-sample "
    "profile-photo tiktok-profile twitter-profile": "https://example.com/a",
    "email-address eppn jabber-id": "someone@example.com",
    "mac-address": "00-1A-2B-3C-4D-5E",
    "asn aba-rtn bank-account-nr bin breach-count cc-number": "15169",
    "md5 ja3-fingerprint": "a" * 32,
    "sha1": "a" * 40,
    "sha224 sha3-224 sha512-224": "a" * 56,
    "sha256 sha3-256 sha512-256 payload file": "a" * 64,
    "sha384 sha3-384": "a" * 96,
    "sha512 sha3-512": "a" * 128,
    "base64 email-thread-index": "QQ==",
    "breach-date date date-of-issue expiration-date": "2023-05-20",
    "datetime last-analysis": "2023-05-20T14:30:15.5Z",
    "accuracy-radius latitude longitude size-in-bytes": "-74.006",
    "authentihash cdhash certificate-fingerprint hex jarm-fingerprint": "abcd",
    "mime-type": "application/pdf",
    "phone": "+15551234567",
    "port": "443/tcp",
    "breach": "3a7c9d8e-1b2f-4a5b-8c7d-8e9f0a1b2c3d",
    "city country issuing-country": "New York",
}
SAMPLE = {type_: value for types, value in SAMPLES.items() for type_ in types.split()}


@pytest.mark.parametrize(("type_", "typed", "suffix"), VERIFIED + DERIVED)
def test_ids_are_what_the_upstream_shows(type_: str, typed: str, suffix: str) -> None:
    """The value as a caller types it leads to the id that the upstream's documents print."""
    (node,) = claim(parse_address(f"threatwinds:{type_}:{typed}"))
    assert isinstance(node, NodeId)
    assert str(native_of(node)) == f"{type_}-{suffix}"


def test_all_verified_pairs_are_there() -> None:
    """Sixteen pairs were verified, and each is in the list once."""
    assert len(set(VERIFIED)) == 16


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_every_type_can_be_asked_about(type_: str) -> None:
    """A well-formed value of each of the 129 types is claimed, canonical, and has a native id."""
    value = SAMPLE.get(type_, "something" if type_ != "path" else "/var/log")
    (node,) = claim(NodeId("threatwinds", None, type_, value))
    assert claim(node) == (node,)
    assert isinstance(node, NodeId)
    assert str(native_of(node)) == f"{type_}-{sha3_256(value.encode()).hexdigest()}"


@given(st.sampled_from(sorted(TYPES)), st.text(min_size=1, max_size=60))
def test_claiming_is_idempotent(type_: str, value: str) -> None:
    """What was claimed is claimed again as itself."""
    try:
        claimed = claim(NodeId("threatwinds", None, type_, value))
    except InvalidNodeIdError:
        return
    assert [claim(address) for address in claimed] == [(address,) for address in claimed]


def test_the_own_form_of_an_observable_becomes_neutral() -> None:
    """A shared kind has the neutral address, whichever way it was typed."""
    neutral = (parse_address("observable:domain:example.com"),)
    assert claim(parse_address("threatwinds:domain:Example.com")) == neutral
    assert claim(parse_address("observable:domain:EXAMPLE.com")) == neutral


@pytest.mark.parametrize("text", ["threatwinds", "threatwinds:threat", "observable", "observable:hash"])
def test_selections_are_claimed_as_they_are(text: str) -> None:
    """That this source cannot select is for the service to say."""
    assert claim(parse_address(text)) == (parse_address(text),)


@pytest.mark.parametrize(
    "text",
    ["threatwinds@a:domain:example.com", "observable@a:domain:example.com", "other:domain:x", "observable@a"],
)
def test_other_namespaces_and_tenants_are_not_ours(text: str) -> None:
    """An address with a tenant, or of another namespace, is somebody else's."""
    assert claim(parse_address(text)) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threatwinds:hash:x", "'hash' is no ThreatWinds type"),
        ("threatwinds:registrar:x", "'registrar' is no ThreatWinds type"),
        ("observable:threat:x", "'threat' is no kind of observable"),
        ("observable:entity:x", "'entity' is no kind of observable"),
        (f"threatwinds:entity:{'a' * 64}", "64 hexadecimal characters"),
        (f"threatwinds:entity:domain-{'a' * 63}", "64 hexadecimal characters"),
        (f"threatwinds:entity:domain-{'g' * 64}", "64 hexadecimal characters"),
        (f"threatwinds:entity:domain-{'a' * 64}\n", "64 hexadecimal characters"),
        ("threatwinds:adversary:example.com", "no URL, UUID"),
        ("observable:ip:10.0.0.1", "not private"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: str) -> None:
    """Unknown types are named, malformed ids and refused values are told apart."""
    with pytest.raises(InvalidNodeIdError, match=words):
        claim(parse_address(text))


def test_a_native_id_is_lower_case() -> None:
    """Hexadecimal typed in upper case means the same entity."""
    assert claim(parse_address(f"threatwinds:entity:sha3-256-{'AB' * 32}")) == (
        parse_address(f"threatwinds:entity:sha3-256-{'ab' * 32}"),
    )


def test_former_types_are_reached_by_id() -> None:
    """Old data may hold types that are gone; their values have no rules, their ids do."""
    address = parse_address(f"threatwinds:entity:yara-rule-{'a' * 64}")
    assert claim(address) == (address,)


def test_ids_split_at_the_last_hyphen() -> None:
    """Types hold hyphens themselves."""
    native = parse_native(f"sha3-256-{'0' * 64}")
    assert native is not None
    assert (native.type, native.digest) == ("sha3-256", "0" * 64)


@pytest.mark.parametrize("text", ["", "-", "x" * 10_240, f"{'a' * 129}-{'0' * 64}", f"A-{'0' * 64}"])
def test_no_other_text_is_a_native_id(text: str) -> None:
    """Empty, endless and upper-case texts are none."""
    assert parse_native(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "threatwinds:domain:example.com",
        "threatwinds:Not_A_Type:x",
        "observable:threat:x",
        "threatwinds@a:threat:x",
        "threatwinds:entity:nonsense",
        "other:domain:x",
    ],
)
def test_only_canonical_addresses_have_an_id(text: str) -> None:
    """What is not canonical, not known or not ours has no native id."""
    node = parse_address(text)
    assert isinstance(node, NodeId)
    assert native_of(node) is None


def test_values_that_fit_no_address_have_no_place() -> None:
    """Empty and endless values, lone surrogates and a type that means an id have no address."""
    assert place("text", "") is None
    assert place("text", "x" * 65_537) is None
    assert place("text", "\ud800") is None
    assert place("entity", "x") is None


def test_an_entity_address_holds_its_id() -> None:
    """An entity whose value is unknown is addressed by its id, whatever its type."""
    native = parse_native(f"brand-new-type-{'a' * 64}")
    assert native is not None
    assert native_of(unnamed(native)) == native
    assert not isinstance(unnamed(native), Selection)
