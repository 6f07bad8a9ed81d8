"""`relgraph source`: let nobody ask a source any more, let everybody again, or say which it is."""

import argparse
from datetime import UTC

from connectors.errors import ConfigurationError
from connectors.runtime.clock import SystemClock
from service.command import say
from service.command.remote import open_store, run_to_end
from service.settings import load_settings
from service.usecases.switch import Word, load_words, store_word


def run(chosen: argparse.Namespace) -> None:
    """Switch, or only show; ConfigurationError lists mistakes, StartError is the store's trouble."""
    run_to_end(_run(chosen))


async def _run(chosen: argparse.Namespace) -> None:
    settings = load_settings(chosen.config)
    name = chosen.name
    if name not in settings.sources:
        known = ", ".join(sorted(settings.sources))
        raise ConfigurationError([f"no source is called {name!r}; there are: {known}"])
    if not settings.sources[name].settings.enabled:
        if chosen.switch == "on":
            raise ConfigurationError(
                [f"sources.{name}.enabled: false, and only the settings can change that"]
            )
        say(f"{name} is off: sources.{name}.enabled = false")
        return
    async with open_store(chosen, settings) as store:
        if chosen.switch is not None:
            await store_word(store, name, word=Word(on=chosen.switch == "on", since=SystemClock().now()))
        word = (await load_words(store, [name]))[name]
    say(f"{name} is {_words(word)}")


def _words(word: Word | None) -> str:
    if word is None:
        return "on"
    return f"{'on' if word.on else 'off'} since {word.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
