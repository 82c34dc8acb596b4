"""Log lines as JSON on stderr, one a line, the standard library's and uvicorn's among them."""

import logging
import sys
from typing import Any

import orjson
import structlog

LONGEST = 2000
SHARED: list[Any] = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


def set_up(level: str) -> None:
    """Call once, before the first line. Keys, cookies and bodies are never given to the log."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*SHARED, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, _shorten, _line],
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], number
    logging.getLogger("uvicorn").setLevel(max(number, logging.INFO))
    logging.getLogger("alembic").setLevel(logging.WARNING)  # tells at every look at the version what kind of database this is


def _shorten(_logger: Any, _name: str, event: Any) -> Any:
    """No line grows with what somebody sent; a traceback may be long."""
    event.pop("color_message", None)
    return {key: value[:LONGEST] if isinstance(value, str) and key != "exception" else value for key, value in event.items()}


def _line(_logger: Any, _name: str, event: Any) -> str:
    return orjson.dumps(event, default=str).decode()
