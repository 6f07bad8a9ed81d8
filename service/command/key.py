"""`relgraph key new`: make a caller's API key and print it once, with the settings that accept it."""

import argparse

from connectors.errors import ConfigurationError
from service.caller import check_name, make_key
from service.command import say


def run(chosen: argparse.Namespace) -> None:
    """Print a new key and its hash; ConfigurationError when no caller can be named so."""
    try:
        check_name(chosen.name)
    except ValueError as error:
        raise ConfigurationError([f"{chosen.name!r}: {error}"]) from error
    key, key_hash = make_key()
    say("# For the caller, shown only now; to be sent as the header `Authorization: Bearer <key>`:")
    say(f"# {key}")
    say("# For the settings file:")
    say(f"[callers.{chosen.name}]")
    say(f'key_hash = "{key_hash}"')
