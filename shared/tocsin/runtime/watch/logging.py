"""One structured line per thing that happened, on the Powertools Logger.

The event's name is the message and everything else is a field, so one query on `correlation_id`
shows a signal, the incident it opened and the messages that left. The fields pass through the
filter of `json_lines`: bodies, secrets and people are not written, whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from tocsin.errors import TocsinError
from tocsin.runtime.watch.json_lines import clean

if TYPE_CHECKING:
    from typing import IO


class Journal:
    """The log of one function."""

    def __init__(
        self, service: str, *, stage: str, level: str = "INFO", stream: IO[str] | None = None
    ) -> None:
        self._logger = Logger(
            service=service,
            level=level,
            stream=stream,
            utc=True,
            use_rfc3339=True,
            location=None,
            stage=stage,
        )

    def begin(self, *, correlation_id: str, request_id: str) -> None:
        """Forgets the last invocation's fields and puts these on every line of this one."""
        self._logger.clear_state()
        self._logger.append_keys(correlation_id=correlation_id, function_request_id=request_id)

    def info(self, event: str, **fields: object) -> None:
        self._logger.info(event, **clean(fields))

    def warning(self, event: str, **fields: object) -> None:
        self._logger.warning(event, **clean(fields))

    def refused(self, event: str, error: TocsinError, **fields: object) -> None:
        """An error raised on purpose: its code says it all, a stack trace would be noise."""
        known = {**error.context, **fields}
        self._logger.warning(event, code=error.code, detail=error.detail[:512], **clean(known))

    def failed(self, event: str, error: BaseException, **fields: object) -> None:
        """An error nobody meant: with its stack."""
        code = error.code if isinstance(error, TocsinError) else "internal"
        self._logger.error(event, exc_info=error, code=code, **clean(fields))
