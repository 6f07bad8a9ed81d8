"""Where log lines go and how they look: JSON on stderr, or words for somebody at a terminal.

Whatever writes a log line, structlog or the standard library, ends here. A traceback never shows
the values of variables, because a secret may be among them.
"""

import logging
import sys
from typing import TextIO

import structlog

# They tell every step and every call's whole URL; what is worth knowing the service says itself.
_TALKATIVE = ("asyncio", "httpcore", "httpx", "uvicorn")


def configure_log(level: str, *, stream: TextIO | None = None) -> None:
    """Send every log line of `level` ("debug" to "error") and above to `stream`, stderr by default."""
    target = sys.stderr if stream is None else stream
    first: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *first,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people() if target.isatty() else _for_machines()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def _for_people() -> list[structlog.typing.Processor]:
    # The default would show every variable's value where rich happens to be installed.
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _for_machines() -> list[structlog.typing.Processor]:
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
