"""Why addresses are one node: for each of its other addresses the rule, who says so, how sure, and when."""

from connectors.errors import InvalidNodeIdError
from connectors.model import NodeId, parse_address
from service.graph.record import Record
from service.usecases.answer.run import Run
from service.usecases.crosswalk.kinship import Kinship
from service.usecases.request import Identity

OBSERVABLE, NATIVE_ID = "observable", "native_id"
"""Rules that are computed: one value identifies its thing everywhere; an id is the hash of its value."""


def same_as(node: NodeId, *, run: Run, kinship: Kinship | None) -> list[Record]:
    """Write the evidence for every other address of a node, ascending; what is computed is certain."""
    if run.request.identity is Identity.OFF:
        return []
    records: dict[tuple[str, str, str], Record] = {}
    for source, member in run.naming.askers(node):
        if not isinstance(member, NodeId):
            continue
        told = run.inquiry.fetcher.ledger.told_at(member, source=source.name)
        for alias in source.connector.aliases(member):
            form = _node(alias)
            if form is None or form == node:
                continue
            rule = NATIVE_ID if source.connector.unresolved(form) else OBSERVABLE
            records[alias, rule, source.name] = {
                "address": alias,
                "same_as": str(member),
                "rule": rule,
                "source": source.name,
                "confidence": 1.0,
                "at": None if told is None else told.isoformat().replace("+00:00", "Z"),
            }
    if kinship is not None:
        for member, evidence in kinship.group(node).evidence.items():
            for each in evidence:
                records[str(member), f"{each.rule} {each.same_as} {each.confidence}", each.source] = {
                    "address": str(member),
                    "same_as": str(each.same_as),
                    "rule": each.rule,
                    "source": each.source,
                    "confidence": each.confidence,
                    "at": each.at.isoformat().replace("+00:00", "Z"),
                }
    return [records[key] for key in sorted(records)]


def _node(alias: str) -> NodeId | None:
    try:
        form = parse_address(alias)
    except InvalidNodeIdError:
        return None
    return form if isinstance(form, NodeId) else None
