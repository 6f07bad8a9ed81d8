"""What log lines look like, and what they never show."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.log import configure_log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Put the process's logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says that a person is reading."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def fail_with_a_secret() -> None:
    """Raise an error from a frame that has a secret in it."""
    secret = "canary".upper()
    raise RuntimeError(f"{len(secret)} characters")


def test_both_kinds_of_logger_write_one_json_object_a_line() -> None:
    """Fields of structlog and the standard library's arguments end in the same form."""
    stream = io.StringIO()
    configure_log("info", stream=stream)
    structlog.get_logger("service.test").info("store slow", seconds=0.25)
    logging.getLogger("library").warning("gave up on %s", "it")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["seconds"], first["level"]) == ("store slow", 0.25, "info")
    assert (second["event"], second["logger"], second["level"]) == ("gave up on it", "library", "warning")
    assert first["timestamp"].endswith("Z")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["machine", "person"])
def test_a_traceback_shows_no_values(stream: io.StringIO) -> None:
    """Where it failed is told, the variables of that place are not."""
    configure_log("info", stream=stream)
    try:
        fail_with_a_secret()
    except RuntimeError:
        structlog.get_logger("service.test").exception("went wrong")
    text = stream.getvalue()
    assert "fail_with_a_secret" in text
    assert "CANARY" not in text


def test_what_is_below_the_level_is_not_written() -> None:
    """The level binds both kinds of logger, and a client library's account of every call is left out."""
    stream = io.StringIO()
    configure_log("info", stream=stream)
    structlog.get_logger("service.test").debug("detail")
    logging.getLogger("library").debug("detail")
    logging.getLogger("httpx").info("HTTP Request: GET http://localhost/")
    assert stream.getvalue() == ""
