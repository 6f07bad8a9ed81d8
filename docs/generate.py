#!/usr/bin/env python3
"""Writes the pages of docs/ that are made of the code; with `--check` only says which are out of date."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors import errors
from connectors.contract import ConnectorSpec, Plugin
from connectors.model import Outcome
from connectors.observable import KINDS as OBSERVABLE_KINDS
from connectors.registry import installed, load_plugin
from connectors.settings import SourceSettings
from service.api.openapi.wording import EXPANSIONS, OUTCOMES
from service.api.parameters import GraphParameters
from service.api.problems import KINDS
from service.kind import BY_STATUS, INTERNAL, Kind
from service.settings import CallerSettings, Ceilings, Settings
from service.settings.shape import holds, inner_model, is_listed, is_secret, permitted

DOCS = Path(__file__).parent
REFRESH = ".venv/bin/python docs/generate.py"
# The least that makes each connector: a data sheet needs no credential, but some need to know whose data.
SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "autodesk": {"containers": ["f0f4f36a-ac64-687f-b132-8efe04b22454"]},
    "threatwinds": {},
}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def write_settings() -> Iterator[str]:
    """Give the lines of settings.md."""
    yield "One TOML file, named by `--config` or `RELGRAPH_CONFIG`. Any setting may come from the"
    yield "environment, which wins over the file: `RELGRAPH_STORE_TIMEOUT`, `RELGRAPH_SOURCES__ACC__REGION`."
    yield "A secret may come from a file: `<setting>_file` holds its path. A duration is a number and a unit"
    yield "(`250ms`, `90s`, `15m`, `1h`, `7d`). `relgraph check --config FILE` lists every mistake."
    yield from _settings_table("The service", Settings)
    yield from _settings_table("`[ceilings]`", Ceilings)
    yield from _settings_table("`[callers.<name>]`", CallerSettings)
    yield from _settings_table("`[sources.<name>]`, every source", SourceSettings)
    for kind, plugin in _plugins():
        common = SourceSettings.model_fields
        own = [
            name
            for name, field in plugin.settings.model_fields.items()
            if name != "connector" and (name not in common or _likeness(field) != _likeness(common[name]))
        ]
        title = f'`[sources.<name>]` with `connector = "{kind}"`'
        yield from _settings_table(title, plugin.settings, names=own)


def write_sources() -> Iterator[str]:
    """Give the lines of sources.md."""
    yield "What is installed, found by the entry points `relgraph.connectors`. What a running service has"
    yield "configured, `GET /sources` says. The settings of each are in [settings.md](settings.md)."
    for kind, plugin in _plugins():
        table = {"connector": kind, "credentials": "caller", **SAMPLES[kind]}
        spec = plugin.build(plugin.settings.model_validate(table)).spec
        yield from ("", f"## {kind}", "")
        yield f"How it maps: [connectors/sources/{kind}/README.md](../connectors/sources/{kind}/README.md)."
        yield ""
        yield from _table(("", ""), _data_sheet(spec, plugin))
        yield from ("", "Addresses to try:", "", *(f"- `{example}`" for example in spec.examples))
    yield from ("", "## Observables", "")
    yield "Kinds of value that identify their thing by themselves; their address names no source,"
    yield "`observable:<kind>:<normalised value>`, so that two sources meet on one node:"
    yield f"{_codes(OBSERVABLE_KINDS)}."


def write_errors() -> Iterator[str]:
    """Give the lines of errors.md."""
    yield "Every error is `application/problem+json` (RFC 9457) whose `type` is `/problems/<slug>`. What one"
    yield "source fails at is no error but an outcome within the answer."
    yield from ("", "## Problems", "")
    yield from _table(("status", "slug", "title", "when"), _problems())
    yield from ("", "## Outcomes of a source, from worst to best", "")
    yield "*whole*: nothing is missing because of this source. *answered*: it gave a successful reply."
    yield ""
    rows = (
        (_code(word), OUTCOMES[word], _yes(told=word.whole), _yes(told=word.answered)) for word in Outcome
    )
    yield from _table(("outcome", "meaning", "whole", "answered"), rows)
    yield from ("", "## Expansion of a node", "")
    yield from _table(("expansion", "meaning"), ((_code(word), what) for word, what in EXPANSIONS.items()))
    yield from (
        "",
        "## Inside",
        "",
        "The errors of `connectors/errors.py`, grouped by what to do about them:",
    )
    yield from ("", "```", (errors.__doc__ or "").partition("\n\n")[2].strip(), "```")


def write_parameters() -> Iterator[str]:
    """Give the lines of parameters.md."""
    yield "What `GET /graph` takes beside the node, whichever way its address is sent. An unknown, empty, or"
    yield "doubly given scalar parameter is a 400 that names it; lists are comma-separated or repeated."
    yield "`POST /graph` takes the same as members of a JSON object, lists as lists; what comes back is in"
    yield "[answers.md](answers.md)."
    yield ""
    caps = {name: field.default for name, field in Ceilings.model_fields.items()}
    rows = (
        (
            _code(name),
            _value(field),
            _default(field),
            f"{field.description}{_ceiling(caps.get(name))}",
        )
        for name, field in GraphParameters.model_fields.items()
    )
    yield from _table(("parameter", "value", "default", "meaning"), rows)


PAGES: Mapping[str, tuple[str, Callable[[], Iterable[str]]]] = {
    "errors.md": ("Problems, outcomes and errors", write_errors),
    "parameters.md": ("The parameters of /graph", write_parameters),
    "settings.md": ("Settings", write_settings),
    "sources.md": ("Sources", write_sources),
}


def render(name: str) -> str:
    """Give the whole text of a page."""
    title, write = PAGES[name]
    note = f"<!-- Made by `{REFRESH}` of the code; edits here are lost. -->"
    return "\n".join([f"# {title}", "", note, "", *write(), ""])


def main() -> int:
    """Write the pages, or check them; 1 when one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if a page is out of date"
    )
    check = parser.parse_args().check
    stale = [name for name in PAGES if _held(DOCS / name) != render(name)]
    for name in stale:
        if not check:
            (DOCS / name).write_text(render(name), "utf-8")
        sys.stdout.write(f"docs/{name} {'is out of date' if check else 'written'}\n")
    if stale and check:
        sys.stdout.write(f"refresh with: {REFRESH}\n")
    return int(bool(stale) and check)


def _held(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _plugins() -> list[tuple[str, Plugin]]:
    # The built-in ones: a page must not depend on what else is installed where it is made.
    points = installed().items()
    return [(kind, load_plugin(kind)) for kind, point in points if point.value.startswith("connectors.")]


def _settings_table(
    title: str, model: type[BaseModel], *, names: Sequence[str] | None = None
) -> Iterator[str]:
    fields = model.model_fields
    chosen = names if names is not None else [n for n, f in fields.items() if inner_model(f) == (None, False)]
    rows = (
        (_code(name), _value(fields[name]), _default(fields[name]), _meaning(name, fields[name]))
        for name in chosen
        if name != "sources"
    )
    yield from ("", f"## {title}", "")
    yield from _table(("setting", "value", "default", "meaning"), rows)


def _meaning(name: str, field: FieldInfo) -> str:
    common = SourceSettings.model_fields.get(name)
    return field.description or (common and common.description) or ""


def _likeness(field: FieldInfo) -> tuple[Any, Any]:
    return field.default, field.annotation


def _data_sheet(spec: ConnectorSpec, plugin: Plugin) -> Iterator[tuple[str, str]]:
    yield "namespaces", _codes(spec.namespaces)
    yield (
        "relations",
        ", ".join(f"`{word.name}` ({'' if word.directed else 'un'}directed)" for word in spec.relations),
    )
    yield "selections", _yes(told=spec.selects)
    yield "describes nodes by themselves", _yes(told=spec.describes)
    yield "nodes in one call", str(spec.batch_size)
    yield (
        "relations are listed by both ends",
        "presumed" if spec.both_ends_list is None else _yes(told=spec.both_ends_list),
    )
    yield "attributes that depend on who asks", _codes(sorted(spec.caller_relative)) or "none"
    yield "calls a minute", str(plugin.settings.model_fields["requests_per_minute"].default or "no limit")
    yield "schemes of `Upstream-Credentials`", _codes(sorted(plugin.caller_schemes))
    yield "mapping version", str(spec.mapping_version)


def _problems() -> Iterator[tuple[str, str, str, str]]:
    causes: dict[Kind, list[str]] = {}
    for cls, kind in KINDS.items():
        if kind is not INTERNAL:
            causes.setdefault(kind, []).append((cls.__doc__ or "").partition("\n")[0].rstrip("."))
    for status, kind in BY_STATUS.items():
        causes.setdefault(kind, []).append(f"Anything else that is answered with {status}")
    causes[INTERNAL] = ["Anything that nobody has foreseen; the log has it under the `request_id`"]
    for kind in sorted(causes, key=lambda kind: (kind.status, kind.slug)):
        yield str(kind.status), _code(kind.slug), kind.title, "; ".join(dict.fromkeys(causes[kind]))


def _value(field: FieldInfo) -> str:
    """Say what may be written."""
    choices = permitted(field)
    if choices:
        return ", ".join(_code(choice) for choice in choices) + (", or a list" if is_listed(field) else "")
    words = (
        (timedelta, "duration"),
        (datetime, "time"),
        (bool, "`true`, `false`"),
        (int, "whole number"),
        (float, "number"),
        (Path, "path"),
    )
    kind = next((word for type_, word in words if holds(field, type_)), "text")
    kind = "secret" if is_secret(field) else kind
    return f"list of {kind}s" if is_listed(field) else kind


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value in (None, ()) else _code(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        if not seconds:
            return "0s"
        unit, size = next(((u, s) for u, s in _UNITS if seconds >= s and not seconds % s), ("ms", 0.001))
        return f"{seconds / size:g}{unit}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


def _ceiling(cap: Any) -> str:
    if cap is None:
        return ""
    return f" Ceiling, unless configured: {cap.total_seconds() if isinstance(cap, timedelta) else cap:g}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: object) -> str:
    return f"`{text}`"


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _yes(*, told: bool) -> str:
    return "yes" if told else "no"


if __name__ == "__main__":
    sys.exit(main())
