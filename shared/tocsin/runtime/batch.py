"""Partial failures of a batch: one bad record must not take its neighbours with it.

SQS redelivers exactly the records a handler names; all others are deleted. So a record is named
unless it was worked off for certain, and a record that can never be read is named too: only that
way does it reach the dead-letter queue, where an alarm and a person find it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def failures(identifiers: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The answer Lambda's event source mapping expects of `ReportBatchItemFailures`."""
    return {"batchItemFailures": [{"itemIdentifier": name} for name in identifiers]}


def together_or_alone[T](
    items: Iterable[tuple[str, T]],
    work: Callable[[list[T]], Any],
    *,
    on_failure: Callable[[str, Exception], None],
) -> list[str]:
    """Works a batch in one go, or item by item once that failed. `work` must be idempotent.

    Returns:
        The identifiers of the items that failed on their own. `on_failure` saw each error.
    """
    batch = list(items)
    if not batch:
        return []
    try:
        work([item for _, item in batch])
    except Exception as error:  # noqa: BLE001 - whatever it was, the items get their own chance
        if len(batch) == 1:
            on_failure(batch[0][0], error)
            return [batch[0][0]]
        return [
            identifier
            for pair in batch
            for identifier in together_or_alone([pair], work, on_failure=on_failure)
        ]
    return []
