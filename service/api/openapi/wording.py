"""What the words of an answer mean, for those who read its documentation."""

from collections.abc import Mapping

from connectors.model import Outcome
from service.graph.identity import ASSERTED
from service.graph.path import PathVerdict
from service.usecases.answer.evidence import NATIVE_ID, OBSERVABLE

TITLE = "relgraph"
SUMMARY = "One graph of relations over many upstream APIs."

INTRODUCTION = """\
Ask about a node, and get its neighborhood as one graph, whichever sources know of it.

**Addresses.** `namespace[@tenant]:type:key` names a node, split at the first two colons; the key is the
rest, verbatim. `namespace[@tenant]:type` and `namespace[@tenant]` select every relation that includes such
a node. There are three ways to send one, all equal: percent-encoded in the path (`/graph/{node}`), as
unpadded base64url of its UTF-8 (`/graph/~{ref}`, which every proxy leaves alone), and as the parameter
`node` (`/graph?node=`). `POST /graph` takes up to 200 seeds at once, as `nodes`, and the parameters as
members of a JSON object. `/resolve` says which addresses any pasted text may mean.

**Answers** are networkx node-link data:
`networkx.node_link_graph(answer, directed=True, multigraph=True, source="subject", target="object",
key="id", edges="edges")`. Each says how complete it is: `graph.complete`, the header `Graph-Complete`
(`?1` or `?0`), and one outcome per source. Read a word that is not listed here as incomplete; more may come.

**Pages.** Where a budget has cut an answer, or a source has stopped in the middle of a listing,
`graph.next_cursor` sent as `cursor`, with the same node and parameters, gives the next page: only what is
new, and in `graph.amended` what has become different. Wait for `retry_after_seconds` first.

**Formats.** `format`, or else `Accept`, chooses among JSON, a stream of events (`application/x-ndjson`),
Cytoscape, GraphML, GEXF, DOT, mermaid and CSV.

**Credentials.** Where callers are configured, send an API key of this service. Sources that are asked with
the caller's own credential take it in the header `Upstream-Credentials`, an RFC 8941 dictionary such as
`acc="Bearer <token>"`; `/sources` says which do.

**Errors** are RFC 9457 problems (`application/problem+json`) on every route. `request_id` is the header
`Request-Id`, which every response carries. A parameter that is unknown, empty, or given twice though it takes
one value is a 400 that names it.

`HEAD` is answered wherever `GET` is, with the same headers.
"""

TAGS: Mapping[str, str] = {
    "graph": "The neighborhood of a node, however its address is sent.",
    "resolve": "Pasted text of any kind, and the addresses that it may mean.",
    "sources": "The configured upstreams, with an example address of each.",
    "health": "Whether the process lives, whether it can answer, and what there is to count.",
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.OK: "everything asked for was answered",
    Outcome.ABSENT: "the source does not know the node (an empty list of relations is `ok`, not this)",
    Outcome.STALE: "data older than the source's policy, because the caller takes it or the source failed",
    Outcome.UNSUPPORTED: "the source cannot answer this kind of question",
    Outcome.PARTIAL: "the source itself holds something back",
    Outcome.OVER_BUDGET: "`max_calls` ended before the source was asked everything",
    Outcome.TIMEOUT: "the source did not answer within `timeout`",
    Outcome.THROTTLED: "too many calls: the source said so, or our own pace did; see `retry_after_seconds`",
    Outcome.UNAVAILABLE: "no connection, or the source said that it failed",
    Outcome.BROKEN: "the reply was not what the source's own contract promises",
    Outcome.NO_CREDENTIAL: "the source takes the caller's own credential, and none was sent",
    Outcome.DENIED: "the source refused the credential; `detail` says with which status",
}

EXPANSIONS: Mapping[str, str] = {
    "complete": "all its relations that the request asks for are here",
    "boundary": "as far out as asked: its own relations were not asked for",
    "cut": "a budget kept some of its relations out",
    "failed": "a source could not tell of its relations",
}

VERDICTS: Mapping[PathVerdict, str] = {
    PathVerdict.FOUND: "`paths` holds at least one path",
    PathVerdict.NONE_WITHIN_BUDGET: "none was found, and there may be one: a budget, a source or a filter "
    "that could not judge stood in the way, or it is longer than `hops` allows",
    PathVerdict.NONE: "there is none: the sources have wholly told what they know of one of the ends",
}

RULES: Mapping[str, str] = {
    OBSERVABLE: "the value identifies its thing by itself, whichever source speaks of it",
    NATIVE_ID: "the id is the hash of the value",
    ASSERTED: "a row of the operator's crosswalk says so",
}

EVENTS: Mapping[str, str] = {
    "meta": "what was asked about; always the first",
    "alias": "the canonical address (`to`) of a seed that was sent by another (`from`)",
    "node": "a node, or its newer form: the newest of an id counts",
    "edge": "an edge, or its newer form: the newest of an id counts",
    "source": "what a source has done so far: the newest of a name counts",
    "progress": "how much is known, at the end and whenever there is nothing else to tell for a while",
    "done": "the whole object `graph`, and in `withdrawn` the ids of what is no part of the answer after "
    "all; always the last, so a stream that ends without it was broken off",
}

DEGREES: Mapping[str, str] = {"eq": "exactly so many", "gte": "at least so many"}


def listed(words: Mapping[str, str]) -> str:
    """Write words and their meanings as a Markdown list."""
    return "\n".join(f"- `{word}`: {meaning}" for word, meaning in words.items())
