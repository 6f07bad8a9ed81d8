"""`relgraph check`: list every mistake in the settings, or what they serve."""

import argparse

from service.command import say
from service.settings import load_settings


def run(chosen: argparse.Namespace) -> None:
    """Print the sources and an address to try at each; ConfigurationError carries the mistakes."""
    settings = load_settings(chosen.config)
    for entry in settings.sources.values():
        source = entry.settings
        spec = entry.plugin.build(source).spec
        say(f"{entry.name}: {entry.kind} at {source.base_url}, {source.credentials} credentials")
        say(f"  serves {', '.join(spec.namespaces)}")
        for example in spec.examples:
            say(f"  try /graph/{example}")
    say(f"callers: {', '.join(settings.callers) or 'anybody on this machine, nobody beyond it'}")
