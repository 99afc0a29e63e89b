"""Published policies in memory: the twin of `runbooks.store`."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.runbooks import forms
from tocsin.errors import VersionConflict

if TYPE_CHECKING:
    from tocsin.ports.runbooks import Asked, PolicyVersion


class MemoryPolicies:
    """A `PolicyVersions` that forgets everything with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._versions: dict[int, PolicyVersion] = {}
        self._numbers: dict[str, int] = {}
        self._asked: dict[str, Asked] = {}

    def page(self, *, before: int | None = None, limit: int) -> tuple[PolicyVersion, ...]:
        numbers = sorted(self._versions, reverse=True)
        found = [number for number in numbers if before is None or number < before]
        return tuple(self._read(number) for number in found[:limit])

    def number(self, number: int) -> PolicyVersion | None:
        return self._read(number) if number in self._versions else None

    def find(self, version: str) -> PolicyVersion | None:
        number = self._numbers.get(version)
        return None if number is None else self.number(number)

    def asked(self, digest: str) -> Asked | None:
        return self._asked.get(digest)

    def publish(self, version: PolicyVersion, asked: Asked | None) -> None:
        with self._lock:
            repeated = asked is not None and asked.digest in self._asked
            if version.number in self._versions or repeated:
                raise VersionConflict("another policy was published meanwhile")
            self._versions[version.number] = replace(
                version, document=forms.packed(version.document)
            )
            self._numbers.setdefault(version.version, version.number)
            if asked is not None:
                self._asked[asked.digest] = asked

    def _read(self, number: int) -> PolicyVersion:
        kept = self._versions[number]
        return replace(kept, document=forms.unpacked(kept.document))
