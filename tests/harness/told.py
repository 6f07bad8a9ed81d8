"""Strategies for what sources tell: listings, their edges and facts, with any text and value in them."""

from datetime import UTC

from hypothesis import strategies as st

from connectors.contract import Deleted, Filter
from connectors.model import Edge, NodeFacts, NodeId, Selection
from connectors.walk import Listing
from connectors.wire import Aspect

texts = st.text(max_size=12)
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,6}\Z")
# `fold` means nothing in UTC and is not kept.
times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)
attributes = st.lists(st.tuples(texts, values), max_size=3).map(tuple)
nodes = st.builds(NodeId, names, st.none() | names, names, st.text(min_size=1, max_size=12))
selections = st.builds(Selection, names, st.none() | names, st.none() | names)
edges = st.builds(
    Edge,
    nodes,
    nodes,
    texts,
    st.booleans(),
    st.none() | texts,
    st.none() | times,
    st.none() | times,
    st.booleans(),
    attributes,
)
facts = st.builds(NodeFacts, nodes, st.none() | texts, st.none() | texts, attributes)
filters = st.builds(
    Filter,
    st.sampled_from(Deleted),
    st.none() | times,
    st.none() | times,
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | texts,
)
listings = st.builds(
    Listing,
    address=nodes | selections,
    aspect=st.sampled_from(Aspect),
    filter=filters,
    fetched_at=times,
    edges=st.lists(edges, max_size=4).map(tuple),
    facts=st.lists(facts, max_size=4).map(tuple),
    total=st.none() | st.integers(0, 2**40),
    capped=st.booleans(),
    withheld=st.none() | texts,
    absent=st.booleans(),
    canonical=st.none() | nodes,
)
