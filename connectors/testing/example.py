"""A whole connector in one file, for a made-up upstream: the shape to start a new one from.

The upstream is a library that knows which book cites which. `GET /citations?book=<title>` answers
with a page, and `from=<token>` with a later one:

    {"citations": [{"title": "Candide", "number": "n2", "shelf": "V 1"}], "next": null}

`title` and `number` are always there; `shelf` may be missing, and `next` is null on the last page.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from pydantic import Field, SecretStr

from connectors.contract import ConnectorSpec, Filter, Freshness, Guess, Pace, Page, Plugin, Want
from connectors.credential import Credential, Scheme, StaticCredential
from connectors.disposition import Verdict, classify
from connectors.errors import InvalidNodeIdError, SourceContractError
from connectors.model import Address, Edge, NodeFacts, NodeId, Relation
from connectors.paging import by_cursor
from connectors.settings import SourceSettings
from connectors.wire import Aspect, Call, Reply

Kind = TypeVar("Kind")

NAMESPACE = "library"
CITES = Relation("cites", directed=True)


class LibrarySettings(SourceSettings):
    """One `[sources.<name>]` table with `connector = "library"`."""

    connector: Literal["library"]
    token: SecretStr = Field(min_length=1)


@dataclass(frozen=True)
class Citation:
    """One row of a page, checked."""

    book: NodeId
    number: str
    shelf: str | None


@dataclass
class Library:
    """Says which calls ask for a book's citations and what the replies assert."""

    settings: LibrarySettings

    @property
    def spec(self) -> ConnectorSpec:
        """Give the data sheet."""
        settings = self.settings
        return ConnectorSpec(
            kind="library",
            namespaces=(NAMESPACE,),
            relations=(CITES,),
            scope=(("base_url", settings.base_url),),
            mapping_version=1,
            freshness=Freshness.of(settings),
            pace=Pace.of(settings),
            examples=("library:book:Das Kapital",),
        )

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim books as they are: a title has no other spelling."""
        return (address,) if self.accepts(address) else ()

    def accepts(self, address: Address) -> bool:
        """Accept every book."""
        return isinstance(address, NodeId) and (address.namespace, address.type) == (NAMESPACE, "book")

    def recognise(self, text: str) -> Sequence[Guess]:
        """Recognise the address of a book's page in the library's catalogue, and nothing else."""
        page = f"{self.settings.base_url}/books/"
        try:
            book = NodeId(NAMESPACE, None, "book", unquote(text[len(page) :], errors="strict"))
        except (InvalidNodeIdError, UnicodeDecodeError):
            return ()
        return (Guess(book, 1.0),) if text.startswith(page) else ()

    def unresolved(self, node: NodeId) -> bool:  # noqa: ARG002 - the protocol's signature
        """Know every book by its title."""
        return False

    def aliases(self, node: NodeId) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """Know no other addresses."""
        return ()

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:  # noqa: ARG002 - the protocol's signature
        """Leave every filter to the reader: the upstream takes none."""
        return Filter()

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask for the first page of each book."""
        if want.aspect is not Aspect.RELATIONS:
            return ()
        books = (address for address in addresses if isinstance(address, NodeId))
        return tuple(Call("GET", "/citations", (book,), query=(("book", book.key),)) for book in books)

    def judge(self, call: Call, reply: Reply) -> Verdict:  # noqa: ARG002 - the protocol's signature
        """Judge by the status: this upstream means by each what RFC 9110 says."""
        return classify(reply)

    def read(self, call: Call, reply: Reply) -> Page:
        """Read a page: one edge and the facts of one book for each citation."""
        (book,) = (node for node in call.nodes if isinstance(node, NodeId))
        document = self.load(reply)
        citations = tuple(self.citations(document))
        return Page(
            edges=tuple(self.edge(book, citation) for citation in citations),
            facts=tuple(self.facts(citation) for citation in citations),
            follow=self.follow(call, document),
        )

    def load(self, reply: Reply) -> dict[str, Any]:
        """Read the body as a JSON object, whatever it is."""
        try:
            document = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise SourceContractError("not JSON", path="$") from None
        body: dict[str, Any] = require(document, dict, path="$")
        return body

    def citations(self, document: dict[str, Any]) -> Iterator[Citation]:
        """Give every row, checked."""
        rows: list[Any] = require(document.get("citations"), list, path="citations")
        for number, row in enumerate(rows):
            yield self.citation(row, path=f"citations[{number}]")

    def citation(self, row: Any, *, path: str) -> Citation:
        """Check one row."""
        require(row, dict, path=path)
        title = require(row.get("title"), str, path=f"{path}.title")
        number = require(row.get("number"), str, path=f"{path}.number")
        shelf = row.get("shelf")
        try:
            book = NodeId(NAMESPACE, None, "book", title)
        except InvalidNodeIdError as error:
            raise SourceContractError(str(error), path=f"{path}.title") from None
        return Citation(book, number, None if shelf is None else require(shelf, str, path=f"{path}.shelf"))

    def edge(self, book: NodeId, citation: Citation) -> Edge:
        """Make the edge of one citation; its number is the upstream's record of it."""
        return Edge(book, citation.book, CITES.name, CITES.directed, record=citation.number)

    def facts(self, citation: Citation) -> NodeFacts:
        """Make the facts of the cited book."""
        return NodeFacts(citation.book, attributes=(("shelf", citation.shelf),))

    def follow(self, call: Call, document: dict[str, Any]) -> tuple[Call, ...]:
        """Go on as long as the page names a next one."""
        token = document.get("next")
        token = None if token is None else require(token, str, path="next")
        return by_cursor(call, parameter="from", token=token, path="next")


def require(value: Any, kind: type[Kind], *, path: str) -> Kind:
    """Give the value if it is of the kind, and text only if UTF-8 can carry it."""
    if not isinstance(value, kind):
        raise SourceContractError(f"no {kind.__name__}", path=path)
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise SourceContractError("a lone surrogate", path=path)
    return value


def sign(settings: LibrarySettings) -> Credential:
    """Say what calls are signed with; it is added when they are sent."""
    return StaticCredential(
        identity="library card", headers=(("authorization", f"Bearer {settings.token.get_secret_value()}"),)
    )


PLUGIN = Plugin(
    kind="library",
    settings=LibrarySettings,
    build=Library,
    credential=sign,
    caller_schemes=frozenset({Scheme.BEARER}),
)
