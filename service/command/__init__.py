"""What each `relgraph` command does, one module per command, imported only when it is asked for."""

import sys

from connectors.errors import GraphError


class StartError(GraphError):
    """Something outside the settings keeps a command from starting; the message says what."""


def say(text: str) -> None:
    """Tell the person who typed the command, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
