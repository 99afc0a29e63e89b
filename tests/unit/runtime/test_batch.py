"""One bad record never takes its neighbours along, and is never lost in silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.runtime.batch import failures, together_or_alone


def test_a_good_batch_is_worked_in_one_go() -> None:
    calls: list[list[int]] = []
    failed = together_or_alone([("a", 1), ("b", 2)], calls.append, on_failure=_unexpected)
    assert (failed, calls) == ([], [[1, 2]])


def test_an_empty_batch_is_no_work() -> None:
    calls: list[list[int]] = []
    assert together_or_alone([], calls.append, on_failure=_unexpected) == []
    assert calls == []


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.booleans(), max_size=8))
def test_exactly_the_records_that_fail_on_their_own_are_named(records: dict[str, bool]) -> None:
    done: set[str] = set()
    seen: list[str] = []

    def work(batch: list[str]) -> None:
        if not all(records[name] for name in batch):
            raise ValueError
        done.update(batch)

    failed = together_or_alone(
        [(name, name) for name in records],
        work,
        on_failure=lambda name, _: seen.append(name),
    )
    bad = {name for name, good in records.items() if not good}
    assert set(failed) == set(seen) == bad
    assert done == records.keys() - bad


def test_the_answer_is_what_the_event_source_mapping_reads() -> None:
    assert failures(["m-1"]) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert failures([]) == {"batchItemFailures": []}


def _unexpected(name: str, error: Exception) -> None:
    raise AssertionError(f"{name}: {error}")
