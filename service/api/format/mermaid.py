"""A mermaid flowchart: a picture of the answer for pages that draw one, not a way to carry data.

What is not a letter or a digit is written as mermaid's own `#NN;`, so no text can end a label, open a
tag or be taken for Markdown, an icon or a formula: mermaid hands these on as HTML's character
references. https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
"""

import re
from collections.abc import Iterator

from service.api.format.text import encode_text, show_unseen_mermaid
from service.api.format.written import Written
from service.graph.record import Record

# Also the space: mermaid takes a line with `direction TB` anywhere in it for that statement.
_CODED = re.compile(r"[^\w]|_")
LONGEST_TEXT = 200  # characters: a label is to be looked at
# What mermaid draws unless its page says otherwise (its settings `maxEdges` and `maxTextSize`).
_MOST_EDGES = 500
_MOST_CHARACTERS = 50_000
_STYLES = """classDef seed stroke-width:4px
classDef cut stroke-dasharray:6 4
classDef failed stroke:red
classDef elsewhere opacity:0.5
"""


def write_mermaid(written: Written) -> bytes:
    """Write the flowchart; nodes are `n0`, `n1`, … in the answer's order, then those of other pages."""
    elsewhere = written.elsewhere()
    addresses = [*(node["id"] for node in written.nodes), *elsewhere]
    names = {address: f"n{number}" for number, address in enumerate(addresses)}
    title = _code(f"Relations of {_cut(', '.join(_seeds(written.about)))}")
    parts = [f"accTitle: {title}\naccDescr: {_code(_completeness(written.about))}\n", _STYLES]
    parts += [f'{names[node["id"]]}["{_node_text(node)}"]\n' for node in written.nodes]
    parts += [f'{names[address]}["{_code(_cut(address))}"]\n' for address in elsewhere]
    parts += [_edge(edge, names) for edge in written.edges]
    parts += [f"class {names[address]} {word}\n" for address, word in _classes(written, elsewhere)]
    text = "".join(parts)
    return encode_text(f"flowchart LR\n{_advice(len(written.edges), len(text))}{text}")


def _seeds(about: Record) -> list[str]:
    return [each["seed"] for each in about.get("seeds", (about,))]


def _advice(edges: int, characters: int) -> str:
    if edges <= _MOST_EDGES and characters <= _MOST_CHARACTERS:
        return ""
    return (
        f"%% {edges} edges, {characters} characters: more than {_MOST_EDGES} or {_MOST_CHARACTERS} mermaid "
        "draws only where maxEdges and maxTextSize are raised\n"
    )


def _completeness(about: Record) -> str:
    if about["complete"]:
        return "The answer is complete."
    outcomes = ", ".join(f"{source['name']} {source['outcome']}" for source in about["sources"])
    cut = ", ".join(about["truncated"])
    return f"The answer is not complete. Sources: {outcomes or 'none'}. Cut by: {cut or 'nothing'}."


def _node_text(node: Record) -> str:
    # Labels are not unique; the address beside one is. Not below it: in a text with a `<br/>` mermaid
    # resolves references too early, and takes what they stand for as icons and formulas after all.
    label, address = node["label"], _cut(node["id"])
    return _code(address if label in {"", node["key"]} else f"{_cut(label)} [{address}]")


def _edge(edge: Record, names: dict[str, str]) -> str:
    line = "-.-" if edge["deleted"] else "---"
    if edge["directed"]:
        line = "-.->" if edge["deleted"] else "-->"
    sources = sorted({word["source"] for word in edge["provenance"]})
    label = _code(f"{_cut(edge['relation'])} ({', '.join(sources)})")
    return f'{names[edge["subject"]]} {line}|"{label}"| {names[edge["object"]]}\n'


def _classes(written: Written, elsewhere: list[str]) -> Iterator[tuple[str, str]]:
    seeds = set(_seeds(written.about))
    for node in written.nodes:
        if node["id"] in seeds:
            yield node["id"], "seed"
        if node["expansion"] in {"cut", "failed"}:
            yield node["id"], node["expansion"]
    for address in elsewhere:
        yield address, "elsewhere"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _code(text: str) -> str:
    shown = show_unseen_mermaid(encode_text(text).decode("utf-8"))
    return _CODED.sub(lambda found: f"#{ord(found[0])};", shown)
