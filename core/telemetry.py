"""Logging: lines for people or JSON for programs, without secrets."""

import json
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from core.config import LogConfig
from core.errors import OperatorError
from core.redaction import Redactor

current_turn: ContextVar[int] = ContextVar("current_turn", default=0)
"""The turn that is being worked on, for the log lines of what does not know of turns; 0 outside of any."""

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\t"): "\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}

_LENT: Final = ("steward.slack.api", "steward.slack.bolt", "steward.slack.socket")
"""Loggers of ours that libraries write to."""

_redactor = Redactor()


def redact(text: str) -> str:
    """Take secrets out of a text: the configured ones, and whatever looks like one."""
    return _redactor(text)


def configure(config: LogConfig, secrets: Iterable[str], *, file: Path | None = None) -> None:
    """Begin to log, in place of what was configured before.

    Steward's own records from the configured level on, those of libraries from WARNING on; at DEBUG from INFO on, for
    their details are whole messages, SQL with its values, and interaction tokens.

    Args:
        config: level and format.
        secrets: values that must never be logged.
        file: where to log; by default to standard error.

    Raises:
        OperatorError: the file cannot be written.
    """
    _redactor.learn(secrets)
    handler = _Handler(_open(file) if file else sys.stderr)
    handler.setFormatter(_JsonLines() if config.format == "json" else _TextLines())
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[config.level]
    root.setLevel(logging.INFO if level == logging.DEBUG else max(level, logging.WARNING))
    logging.getLogger("steward").setLevel(level)
    for name in _LENT:
        logging.getLogger(name).setLevel(max(level, logging.INFO))
    # Font lookups: thousands of lines that help nobody.
    logging.getLogger("matplotlib").setLevel(max(level, logging.WARNING))


@contextmanager
def errors_aloud() -> Iterator[None]:
    """Say errors on standard error too, in one sentence each, while somebody waits in front of it."""
    handler = _Handler(sys.stderr)
    handler.setLevel(logging.ERROR)
    handler.setFormatter(_Sentences())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _open(file: Path) -> TextIO:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        return file.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OperatorError(f"The log {file} cannot be written: {reason}.") from error


class _Handler(logging.StreamHandler[TextIO]):
    """Writes records; says of one that cannot be written only whose it was, for its arguments may hold secrets."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        with suppress(Exception):
            self.stream.write(f"a record of {record.name} in line {record.lineno} could not be logged\n")

    def close(self) -> None:
        if self.stream is not sys.stderr:
            self.stream.close()
        super().close()


class _TextLines(logging.Formatter):
    """`2026-11-22 18:45:01 INFO steward.turns turn 12 answered`; one record is one line, tracebacks are indented."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        # A line break in what somebody said must not begin a line that looks like another record.
        message = redact(record.getMessage()).translate(_CONTROLS)
        lines = [f"{when} {record.levelname} {record.name} {message}"]
        lines += [f"  {line.translate(_CONTROLS)}" for line in redact(self._traceback(record)).splitlines()]
        return "\n".join(lines)

    def _traceback(self, record: logging.LogRecord) -> str:
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(parts)


class _Sentences(logging.Formatter):
    """`steward: The skill module …`."""

    def format(self, record: logging.LogRecord) -> str:
        return f"steward: {redact(record.getMessage()).translate(_CONTROLS)}"


class _JsonLines(_TextLines):
    """One JSON object a record: time, level, logger, message, what was given as `extra`, exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _PLAIN and name not in line}
        if traceback := self._traceback(record):
            line["exception"] = traceback
        return json.dumps(_redactor.inside(line), ensure_ascii=False)
