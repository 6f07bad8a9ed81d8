"""`relgraph crosswalk`: load which addresses are the same thing, show what is loaded, or clear it."""

import argparse
import json
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from connectors.errors import ConfigurationError, StoreUnavailableError
from connectors.runtime.clock import SystemClock
from service.cache.crosswalk import Manifest, WrittenRow
from service.command import say
from service.command.remote import open_store, run_to_end
from service.settings import Settings, load_settings, parse_settings
from service.usecases.crosswalk.check import check_rows
from service.usecases.crosswalk.file import COLUMNS, PlacedRow, parse_file
from service.usecases.crosswalk.store import load_blob, load_chunks, read_manifest, read_rows, store_rows


def run(chosen: argparse.Namespace) -> None:
    """Do what `chosen.action` says; ConfigurationError lists mistakes, StartError is the store's trouble."""
    actions = {"load": _load, "show": _show, "clear": _clear}
    run_to_end(actions[chosen.action](chosen))


async def _load(chosen: argparse.Namespace) -> None:
    settings = _settings(chosen)
    rows, mistakes = _read(chosen.files)
    connectors = None
    if settings is not None:
        connectors = {entry.name: entry.plugin.build(entry.settings) for entry in settings.sources.values()}
    checked = check_rows(rows, connectors=connectors)
    mistakes += checked.mistakes
    if not rows and not mistakes:
        mistakes.append("there is no row in what was given; `relgraph crosswalk clear` removes a crosswalk")
    if mistakes:
        raise ConfigurationError(mistakes)
    async with open_store(chosen, settings) as store:
        manifest = await store_rows(store, [each.row for each in rows], now=SystemClock().now())
    for doubt in checked.doubts:
        say(f"note: {doubt}")
    say(_words(manifest))


async def _show(chosen: argparse.Namespace) -> None:
    async with open_store(chosen, _settings(chosen)) as store:
        blob = await load_blob(store)
        if blob is None:
            say("no crosswalk is loaded")
            return
        manifest = read_manifest(blob)
        if not chosen.rows:
            say(_words(manifest))
            return
        chunks = await load_chunks(store, manifest)
        if chunks is None:
            raise StoreUnavailableError("the rows are gone from the store: load the crosswalk again")
        for row in read_rows(chunks, manifest):
            say(_line(row))


async def _clear(chosen: argparse.Namespace) -> None:
    async with open_store(chosen, _settings(chosen)) as store:
        say(_words(await store_rows(store, (), now=SystemClock().now())))


def _read(files: Sequence[Path]) -> tuple[list[PlacedRow], list[str]]:
    rows: list[PlacedRow] = []
    mistakes: list[str] = []
    for path in files:
        try:
            data = path.read_bytes()
        except OSError as error:
            mistakes.append(f"{path}: {error.strerror}")
            continue
        found, wrong = parse_file(data, name=str(path))
        rows += found
        mistakes += wrong
    return rows, mistakes


def _settings(chosen: argparse.Namespace) -> Settings | None:
    """Give the service's settings; None when nobody has said any and the store is named all the same."""
    try:
        return load_settings(chosen.config)
    except ConfigurationError as error:
        if chosen.redis_url is not None and chosen.config is None and error.mistakes == _said_nothing():
            return None
        raise


def _said_nothing() -> tuple[str, ...]:
    """Give the mistakes of an empty file in an empty environment."""
    try:
        parse_settings({}, environ={})
    except ConfigurationError as error:
        return error.mistakes
    return ()


def _words(manifest: Manifest) -> str:
    moment = manifest.loaded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not manifest.rows:
        return f"no crosswalk is loaded since {moment}"
    return f"crosswalk of {manifest.rows} rows, loaded {moment}, digest {manifest.digest}"


def _line(row: WrittenRow) -> str:
    """Write a row as the JSON Lines that `load` reads; escaped, so that a terminal can show any of it."""
    values = (row.address, row.same_as, row.source, row.confidence, list(row.visibility))
    return json.dumps(dict(zip(COLUMNS, values, strict=True)))
