"""Reads the settings from file and environment, or lists every mistake in them at once.

This package is the only reader of the environment; nothing else in the service may look there.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr

from connectors.credential import RefreshCredential, ServiceAccountCredential
from connectors.errors import ConfigurationError
from connectors.registry import load_plugin
from connectors.runtime.rsa import read_signing_key
from service.settings.mistake import Mistake, read_model
from service.settings.model import EMBEDDED, Settings, SourceEntry
from service.settings.overlay import CONFIG_VARIABLE, VariableText, lay_variables, read_texts
from service.settings.shape import is_secret

M = TypeVar("M", bound=BaseModel)

_SUCCESSOR_LOST = (
    'needed when redis_url is "embedded": a refresh token works once, and its successor would be lost at exit'
)
# Shorter texts are words of the messages themselves.
_SHORTEST_HIDDEN = 5
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9]*")


def load_settings(path: Path | None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; ConfigurationError carries every mistake, none of which shows a secret.

    Without `path` the file that `RELGRAPH_CONFIG` names is read, if it names one. `environ` is the
    process's own environment unless another is given.
    """
    variables = os.environ if environ is None else environ
    if path is None and variables.get(CONFIG_VARIABLE):
        path = Path(variables[CONFIG_VARIABLE])
    return parse_settings({} if path is None else _load_table(path), environ=variables)


def parse_settings(table: Mapping[str, Any], *, environ: Mapping[str, str]) -> Settings:
    """Read the settings from the table of a file already read; errors as `load_settings`."""
    merged, mistakes = lay_variables(table, environ)
    tables = merged.pop("sources", {})
    settings, found = _read_table(Settings, merged)
    mistakes += found
    sources: dict[str, SourceEntry] = {}
    for name, each in tables.items() if isinstance(tables, dict) else ():
        entry, told = _read_source(name, each)
        mistakes += told
        if entry is not None:
            sources[name] = entry
    if not isinstance(tables, dict) or not tables:
        mistakes.append(("sources", "none is configured; each is a table such as [sources.acc]"))
    mistakes += _across(merged, settings, sources)
    if mistakes or settings is None:
        raise ConfigurationError([f"{where}: {what}" for where, what in dict.fromkeys(mistakes)])
    keys = settings.secret_keys or (SecretStr(secrets.token_urlsafe(32)),)
    return settings.model_copy(update={"sources": sources, "secret_keys": keys})


def _load_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}"]) from None
    except ValueError as error:
        # TOML's and UTF-8's errors tell the place and never a value.
        raise ConfigurationError([f"{path}: {error}"]) from None


def _read_source(name: str, table: Any) -> tuple[SourceEntry | None, Iterator[Mistake]]:
    mistakes: list[Mistake] = []
    if not _SOURCE_NAME.fullmatch(name):
        mistakes.append(("", "a source's name is lower-case letters and digits, a letter first"))
    settings = None
    if not isinstance(table, Mapping):
        mistakes.append(("", "has to be a table"))
    elif not isinstance(kind := table.get("connector"), str):
        mistakes.append(("connector", "has to name a connector" if "connector" in table else "missing"))
    else:
        try:
            model = load_plugin(str(kind)).settings
        except ConfigurationError as error:
            mistakes += [("connector", mistake) for mistake in error.mistakes]
        else:
            settings, found = _read_table(model, table)
            mistakes += found
    place = f"sources.{name}"
    told = ((f"{place}.{where}" if where else place, what) for where, what in mistakes)
    return (None if settings is None else SourceEntry(name, settings)), told


def _read_table(model: type[M], table: Mapping[str, Any]) -> tuple[M | None, list[Mistake]]:
    values, mistakes = read_texts(model, table)
    unknown = {where.removesuffix("_file") for where, _ in mistakes} - values.keys()
    settings, found = read_model(model, values, unknown=frozenset(model.model_fields.keys() & unknown))
    for where, what in found:
        given = table.get(where.partition(".")[0])
        mistakes.append((where, f"{what} ({given.variable})" if isinstance(given, VariableText) else what))
    hidden = [
        text
        for name, field in model.model_fields.items()
        if is_secret(field)
        for text in _texts(values.get(name))
    ]
    return settings, [(where, _hide(what, hidden)) for where, what in mistakes]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _hide(text: str, hidden: list[str]) -> str:
    """Blot out secrets: a connector's own rule might quote what it refuses."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "…") if len(secret) > _SHORTEST_HIDDEN else text
    return text


def _across(
    table: Mapping[str, Any], settings: Settings | None, sources: Mapping[str, SourceEntry]
) -> Iterator[Mistake]:
    """Give the mistakes that only several tables together can make."""
    embedded = (table.get("redis_url", EMBEDDED) if settings is None else settings.redis_url) == EMBEDDED
    keyed = bool(table.get("secret_keys") or table.get("secret_keys_file"))
    if not embedded and not keyed:
        yield "secret_keys", "missing; without them no instance can read what another one stored"
    for name, entry in sources.items():
        credential = entry.plugin.credential(entry.settings)
        if isinstance(credential, ServiceAccountCredential):
            yield from _unsigning(f"sources.{name}.private_key", credential)
        if not embedded or not isinstance(credential, RefreshCredential):
            continue
        if credential.token_file is None:
            yield f"sources.{name}.token_file", _SUCCESSOR_LOST
        elif not keyed:
            yield (
                "secret_keys",
                f"needed for sources.{name}.token_file: keys made up at a start open no older file",
            )


def _unsigning(where: str, credential: ServiceAccountCredential) -> Iterator[Mistake]:
    try:
        read_signing_key(credential.private_key)
    except ConfigurationError as error:
        yield from ((where, mistake) for mistake in error.mistakes)
