"""What is asked is the key, all of it, and nothing in it can be read."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Deleted, Filter
from connectors.errors import ConfigurationError
from connectors.model import NodeId
from connectors.wire import Aspect
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope, facts_key, proof_key, refusal_key, sheet_key, trail_key

HASHER = Hasher(["a key for tests"])
NODE = NodeId("observable", None, "domain", "acescency.com")

texts = st.text(max_size=6)
names = st.lists(texts, max_size=3).map(tuple)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
times = st.none() | st.datetimes(timezones=st.just(UTC))
filters = st.builds(
    Filter,
    deleted=st.sampled_from(Deleted),
    created_after=times,
    created_before=times,
    with_namespace=names,
    with_type=names,
    with_key=st.none() | texts,
)
scopes = st.builds(Scope, texts, texts, pairs, st.integers(0, 9), texts)
questions = st.builds(Question, scopes, st.none() | texts, texts, st.sampled_from(Aspect), filters)


def _a_question() -> Question:
    scope = Scope(
        "acc", "autodesk", (("base_url", "https://api.example"), ("region", "US")), 1, "configured:acc"
    )
    return Question(scope, "f0f4", str(NODE), Aspect.RELATIONS, Filter())


@given(one=questions, other=questions)
def test_different_questions_have_different_keys(one: Question, other: Question) -> None:
    """Two questions share a key exactly when they are the same question."""
    assert (one.key(HASHER) == other.key(HASHER)) == (one == other)


def _with_field(question: Question, part: str, name: str, value: object) -> Question:
    if part == "question":
        return replace(question, **{name: value})
    return replace(question, **{part: replace(getattr(question, part), **{name: value})})


FIELDS = [
    (part, field.name)
    for part, shape in (("question", Question), ("scope", Scope), ("filter", Filter))
    for field in fields(shape)
    if field.name not in {"scope", "filter"}
]


@pytest.mark.parametrize(("part", "name"), FIELDS)
@settings(max_examples=30)
@given(question=questions, other=questions)
def test_defect_8_no_field_is_left_out(part: str, name: str, question: Question, other: Question) -> None:
    """A question that differs in one field only has another key, whichever the field."""
    donor = other if part == "question" else getattr(other, part)
    changed = _with_field(question, part, name, getattr(donor, name))
    assert (changed.key(HASHER) == question.key(HASHER)) == (changed == question)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"with_namespace": ("a", "b")}, {"with_namespace": ("ab",)}),
        ({"with_namespace": ("a",)}, {"with_type": ("a",)}),
        ({"with_key": None}, {"with_key": ""}),
        ({"with_namespace": ()}, {"with_namespace": ("",)}),
    ],
)
def test_parts_do_not_run_together(one: dict[str, object], other: dict[str, object]) -> None:
    """Text that moves over the border of a field, an empty text and no text are told apart."""
    keys = {replace(_a_question(), filter=Filter(**parts)).key(HASHER) for parts in (one, other)}
    assert len(keys) == 2


def test_an_instant_is_the_same_in_every_zone() -> None:
    """The same moment written in another zone asks the same."""
    utc = datetime(2026, 1, 1, 12, tzinfo=UTC)
    there = utc.astimezone(timezone(timedelta(hours=5)))
    keys = {replace(_a_question(), filter=Filter(created_after=t)).key(HASHER) for t in (utc, there)}
    assert len(keys) == 1


def test_a_key_is_short_and_says_nothing() -> None:
    """A key is 42 characters, the same for the same question, and holds no part of it."""
    key = _a_question().key(HASHER)
    assert key == _a_question().key(Hasher(["a key for tests", "an older one"]))
    assert key.startswith("rg1:")
    assert len(key) == 42
    assert "acescency" not in key


def test_another_secret_key_makes_other_keys() -> None:
    """Without the operator's key nobody can tell which entry belongs to which address."""
    assert _a_question().key(Hasher(["another key"])) != _a_question().key(HASHER)


def test_the_other_keys_hash_as_they_do_alone() -> None:
    """What lies under an older key is found by whoever still lists it, once however often it is listed."""
    others = Hasher(["a key for tests", "older", "oldest", "older", "a key for tests"]).others
    alone = [Hasher(["older"]), Hasher(["oldest"])]
    assert [_a_question().key(other) for other in others] == [_a_question().key(each) for each in alone]
    assert HASHER.others == ()


@pytest.mark.parametrize("secret_keys", [[], [""]])
def test_there_is_no_hashing_without_a_key(secret_keys: list[str]) -> None:
    """No key, or an empty one, is the operator's mistake."""
    with pytest.raises(ConfigurationError, match="secret_keys"):
        Hasher(secret_keys)


@settings(max_examples=50)
@given(scope=scopes, tenant=st.none() | texts, text=texts)
def test_kinds_of_keys_never_meet(scope: Scope, tenant: str | None, text: str) -> None:
    """A listing, facts, a refusal, a proof, a trail and a page never share a key, whatever they are about."""
    keys = {
        Question(scope, tenant, str(NODE), Aspect.RELATIONS, Filter()).key(HASHER),
        facts_key(scope, tenant=tenant, node=NODE, digest=b"told", hasher=HASHER),
        refusal_key(scope, tenant=tenant, credential=text, hasher=HASHER),
        proof_key(scope, tenant=tenant, credential=text, hasher=HASHER),
        trail_key(
            [Question(scope, tenant, str(NODE), Aspect.RELATIONS, Filter())], credential=text, hasher=HASHER
        ),
        sheet_key("page", binding=text.encode(), page=b"1", hasher=HASHER),
        sheet_key("sent", binding=text.encode(), page=b"1", hasher=HASHER),
    }
    assert len(keys) == 7
    assert {len(key) for key in keys} == {42}


asked = st.tuples(st.lists(questions, min_size=1, max_size=2), texts)


@settings(max_examples=50)
@given(one=asked, other=asked)
def test_where_a_walk_was_stopped_is_of_its_questions_and_its_credential(
    one: tuple[list[Question], str], other: tuple[list[Question], str]
) -> None:
    """All of them, in full: what comes before the digest tells no two apart."""
    digests = {
        trail_key(questions, credential=credential, hasher=HASHER)[22:]
        for questions in (one[0], other[0])
        for credential in (one[1], other[1])
    }
    assert len(digests) == (1 + (one[0] != other[0])) * (1 + (one[1] != other[1]))


@given(one=questions, other=questions)
def test_tags_are_of_what_they_name_and_of_nothing_else(one: Question, other: Question) -> None:
    """What two questions have in common stands in both keys at the same place, and only that."""
    mine, yours = one.key(HASHER), other.key(HASHER)
    for here, there, start, end in (
        (one.scope.source, other.scope.source, 5, 8),
        (one.tenant, other.tenant, 8, 12),
        (one.scope.partition, other.scope.partition, 12, 17),
        (one.address, other.address, 17, 22),
    ):
        assert (mine[start:end] == yours[start:end]) == (here == there)


def test_a_tag_tells_nothing_without_the_operators_key() -> None:
    """The same address has another tag under another secret key."""
    assert _a_question().key(Hasher(["another key"]))[17:22] != _a_question().key(HASHER)[17:22]


tellings = st.tuples(scopes, st.none() | texts, st.binary(max_size=2))


@given(one=tellings, other=tellings)
def test_facts_are_kept_by_scope_tenant_and_telling(
    one: tuple[Scope, str | None, bytes], other: tuple[Scope, str | None, bytes]
) -> None:
    """What one caller's credential told of a node is found only in the same scope and tenant."""
    here, there = (
        facts_key(scope, tenant=tenant, node=NODE, digest=digest, hasher=HASHER)
        for scope, tenant, digest in (one, other)
    )
    assert (here == there) == (one == other)


@pytest.mark.parametrize("make", [refusal_key, proof_key])
def test_markers_are_of_a_credential_at_an_upstream(make: type) -> None:
    """A marker changes with source, settings, tenant and credential, not with the mapping."""
    scope = _a_question().scope
    plain = make(scope, tenant="f0f4", credential="credential:x", hasher=HASHER)
    others = {
        make(replace(scope, source="emea"), tenant="f0f4", credential="credential:x", hasher=HASHER),
        make(replace(scope, settings=()), tenant="f0f4", credential="credential:x", hasher=HASHER),
        make(scope, tenant=None, credential="credential:x", hasher=HASHER),
        make(scope, tenant="f0f4", credential="credential:y", hasher=HASHER),
    }
    assert len(others | {plain}) == 5
    newer = replace(scope, mapping_version=2)
    assert make(newer, tenant="f0f4", credential="credential:x", hasher=HASHER) == plain
