"""One table of the answer as CSV (RFC 4180): the nodes or the edges, one row each, UTF-8.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, and so does one that
begins with an apostrophe: whoever takes one leading apostrophe away has what was there.
"""

import csv
import re
from io import StringIO

from service.api.format.field import flatten, spell
from service.api.format.media import Table
from service.api.format.text import encode_text, show_unseen
from service.api.format.written import Written

# Always there, in this order, also when no row has a value; whatever else the rows hold follows.
_COLUMNS = {
    Table.NODES: (
        *("id", "ref", "namespace", "tenant", "type", "key", "label", "url", "hop", "expansion"),
        *("known_degree", "attributes", "aliases", "sources"),
    ),
    Table.EDGES: (
        *("id", "subject", "object", "relation", "directed"),
        *("created_at", "deleted_at", "deleted", "provenance"),
    ),
}
# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width forms that some locales
# read as the same, behind whatever a spreadsheet may trim.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200d\u2060]*[=+\-@'\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def write_csv(written: Written, *, table: Table) -> bytes:
    """Write one table; a list or an object is its JSON text, null an empty cell."""
    rows = [flatten(record) for record in (written.nodes if table is Table.NODES else written.edges)]
    names = dict.fromkeys(_COLUMNS[table])
    for row in rows:
        names.update(dict.fromkeys(row))
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(_cell(name) for name in names)
    for row in rows:
        writer.writerow(_cell(row[name]) if name in row else "" for name in names)
    return encode_text(sheet.getvalue())


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return spell(value) if isinstance(value, bool) else value
    text = show_unseen(value)
    return f"'{text}" if _FORMULA.match(text) else text
