"""Rotations in memory: the twin of `dynamodb_rotas`."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.rota_forms import (
    BASE,
    OVERRIDE,
    WAS,
    override_of,
    override_sk,
    rotation_of,
    text_of,
    was_sk,
)
from tocsin.errors import VersionConflict
from tocsin.people.rotation import Rota

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.vocabulary import Role
    from tocsin.people.rotation import Override, Rotation


class MemoryRotas:
    """A `RotaStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[Role, str], str] = {}

    def rota(self, role: Role, *, since: datetime) -> Rota:
        base = self._texts.get((role, BASE))
        found = [override_of(text) for text in self._of(role, OVERRIDE)]
        return Rota(
            rotation=None if base is None else rotation_of(base),
            overrides=tuple(each for each in found if each.ends_at > since),
        )

    def set_rotation(self, rotation: Rotation, *, before: Rotation | None) -> None:
        with self._lock:
            known = self._texts.get((rotation.role, BASE))
            if known != (None if before is None else text_of(before)):
                raise VersionConflict
            self._texts[rotation.role, BASE] = text_of(rotation)
            if before is not None:
                self._texts[rotation.role, was_sk(before)] = text_of(before)

    def past(self, role: Role) -> tuple[Rotation, ...]:
        return tuple(rotation_of(text) for text in self._of(role, WAS))

    def set_override(self, override: Override) -> None:
        self._texts[override.role, override_sk(override)] = text_of(override)

    def _of(self, role: Role, prefix: str) -> list[str]:
        return [
            text
            for (of, sk), text in sorted(self._texts.items())
            if of == role and sk.startswith(prefix)
        ]
