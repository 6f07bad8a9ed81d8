"""Write entities as the rows of a reply, each shape of each entity encoded only once."""

from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.sandbox.threatwinds.dialect import Dialect
from connectors.sandbox.threatwinds.entity import Entity
from connectors.sandbox.threatwinds.setting import TagsForm, ThreatWindsSwitches


@dataclass(frozen=True, slots=True)
class RowForm:
    """The switches that change how a row looks."""

    rich: bool = False
    tags_form: TagsForm = "mixed"
    numbers_as_strings: bool = False


def row_form(switches: ThreatWindsSwitches, *, dialect: Dialect) -> RowForm:
    """Return the form that these switches ask for."""
    return RowForm(
        rich=dialect.rich_rows,
        tags_form=switches.tags_form,
        numbers_as_strings=switches.numbers_as_strings,
    )


def write_row(entity: Entity, *, form: RowForm) -> dict[str, Any]:
    """Return the entity as a JSON object, its keys in the order of the 2023 example."""
    row: dict[str, Any] = {
        "@timestamp": str(entity.updated),
        "accuracy": str(entity.accuracy) if form.numbers_as_strings else entity.accuracy,
        "attributes": entity.attributes,
        "id": entity.id,
        "reputation": str(entity.reputation) if form.numbers_as_strings else entity.reputation,
    }
    tags_shape = entity.tags_shape if form.tags_form == "mixed" else form.tags_form
    if tags_shape != "absent":
        row["tags"] = None if tags_shape == "null" else list(entity.tags)
    row["type"] = entity.type
    if form.rich:
        row["lastSeen"] = str(entity.last_seen)
        row["bestReputation"] = entity.best_reputation
        row["worstReputation"] = entity.worst_reputation
        row["visibleBy"] = list(entity.groups)
        row["wellKnown"] = False
    return row


class RowPress:
    """Keeps encoded rows, so that a page is little more than joining bytes."""

    def __init__(self) -> None:
        self._encoded: dict[RowForm, dict[str, msgspec.Raw]] = {}

    def press(self, entity: Entity, *, form: RowForm) -> msgspec.Raw:
        """Return the row as JSON that the encoder copies verbatim."""
        rows = self._encoded.setdefault(form, {})
        row = rows.get(entity.id)
        if row is None:
            row = rows[entity.id] = msgspec.Raw(msgspec.json.encode(write_row(entity, form=form)))
        return row
