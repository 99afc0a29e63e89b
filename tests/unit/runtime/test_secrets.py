"""How long a secret is kept, and how often rubbish can make us read it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import SecretUnavailable
from tocsin.runtime.aws.secrets import (
    REFRESH_INTERVAL_SECONDS,
    RETRY_SECONDS,
    TTL_SECONDS,
    CachedSecret,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Store:
    """Secrets Manager with a clock beside it."""

    def __init__(self, text: str | None = '{"n": 1}') -> None:
        self.text: str | None = text
        self.reads = 0
        self.now = 1000.0
        self.cached: CachedSecret[Mapping[str, Any]] = CachedSecret(
            self, "a-name", lambda document: document, monotonic=lambda: self.now
        )

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        assert (operation, payload) == ("GetSecretValue", {"SecretId": "a-name"})
        self.reads += 1
        if self.text is None:
            raise SecretUnavailable
        return {"SecretString": self.text}


def test_a_secret_is_read_once_within_its_time() -> None:
    store = Store()
    for passed in (0, 1, TTL_SECONDS - 2):
        store.now += passed
        assert store.cached.get() == {"n": 1}
    assert store.reads == 1


def test_a_rotation_is_seen_after_the_time_at_the_latest() -> None:
    store = Store()
    store.cached.get()
    store.text = '{"n": 2}'
    store.now += TTL_SECONDS
    assert store.cached.get() == {"n": 2}


def test_a_failed_signature_refreshes_at_once_but_only_once_a_minute() -> None:
    store = Store()
    store.cached.get()
    store.text = '{"n": 2}'
    assert store.cached.refreshed() == {"n": 2}
    for _ in range(1000):
        assert store.cached.refreshed() is None
    assert store.reads == 2
    store.now += REFRESH_INTERVAL_SECONDS
    assert store.cached.refreshed() == {"n": 2}
    assert store.reads == 3


def test_an_outage_of_the_store_keeps_the_last_document_in_use() -> None:
    store = Store()
    store.cached.get()
    store.text = None
    store.now += TTL_SECONDS
    assert store.cached.get() == {"n": 1}
    assert store.cached.get() == {"n": 1}
    assert store.reads == 2, "an outage is not asked about by every request"
    store.text = '{"n": 3}'
    store.now += RETRY_SECONDS
    assert store.cached.get() == {"n": 3}


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '"text"'])
def test_without_any_readable_document_there_is_no_answer(text: str | None) -> None:
    store = Store(text)
    with pytest.raises(SecretUnavailable):
        store.cached.get()


def test_a_document_that_turned_unreadable_does_not_replace_a_good_one() -> None:
    store = Store()
    store.cached.get()
    store.text = json.dumps(["broken"])
    assert store.cached.refreshed() == {"n": 1}
