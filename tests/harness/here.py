"""Runs a command of the service in the test's own process, and leaves the process as it was."""

import logging

import structlog

from service.cli import main


def run_here(*words: str) -> int:
    """Give the exit code; a command sets up logging for a process of its own, which is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        return main(words)
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
