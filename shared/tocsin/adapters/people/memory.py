"""Rotations, contacts, links, audiences and requests in memory: the twins of `rotas`, `stores`."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.people.forms import (
    BASE,
    OVERRIDE,
    WAS,
    bundle_of,
    bundle_text,
    in_order,
    link_of,
    link_text,
    override_of,
    override_sk,
    rotation_of,
    text_of,
    texts_of,
    texts_sk,
    texts_text,
    was_sk,
    way_of,
    way_text,
)
from tocsin.errors import ConditionFailed, VersionConflict
from tocsin.people.rotation import Rota
from tocsin.people.storm import Texts
from tocsin.ports.messages import Told

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.vocabulary import Role
    from tocsin.people.links import Bundle, Link
    from tocsin.people.rotation import Override, Rotation
    from tocsin.people.storm import Line
    from tocsin.people.ways import Way
    from tocsin.ports.requests import Done


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


class MemoryContacts:
    """A `ContactStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], tuple[str, int]] = {}

    def ways(self, person: str) -> tuple[Way, ...]:
        return in_order(
            way_of(text, rev) for (of, _), (text, rev) in self._texts.items() if of == person
        )

    def way(self, person: str, way_id: str) -> Way | None:
        found = self._texts.get((person, way_id))
        return None if found is None else way_of(*found)

    def put(self, way: Way) -> Way:
        with self._lock:
            self._check(way)
            self._texts[way.person, way.id] = (way_text(way), way.rev + 1)
        return replace(way, rev=way.rev + 1)

    def erase(self, way: Way) -> None:
        with self._lock:
            self._check(way)
            self._texts.pop((way.person, way.id), None)

    def _check(self, way: Way) -> None:
        _, stored = self._texts.get((way.person, way.id), ("", 0))
        if stored != way.rev:
            raise ConditionFailed


class MemoryLinks:
    """A `LinkStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._bundles: dict[str, str] = {}

    def keep(self, link: Link) -> Link:
        return link_of(self.texts.setdefault(link.handle, link_text(link)))

    def find(self, handle: str) -> Link | None:
        text = self.texts.get(handle)
        return None if text is None else link_of(text)

    def keep_bundle(self, bundle: Bundle) -> None:
        self._bundles[bundle.handle] = bundle_text(bundle)

    def find_bundle(self, handle: str) -> Bundle | None:
        text = self._bundles.get(handle)
        return None if text is None else bundle_of(text)


class MemoryTexts:
    """A `TextStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], tuple[str, int]] = {}
        self._waiting: dict[tuple[Line, int], dict[OutboxKey, None]] = {}

    def texts(self, line: Line) -> Texts:
        found = self._texts.get((line.person, texts_sk(line)))
        return Texts() if found is None else texts_of(*found)

    def put_texts(self, line: Line, texts: Texts) -> None:
        where = line.person, texts_sk(line)
        with self._lock:
            if self._texts.get(where, ("", 0))[1] != texts.rev:
                raise ConditionFailed
            self._texts[where] = (texts_text(texts), texts.rev + 1)

    def wait(self, line: Line, epoch: int, key: OutboxKey) -> None:
        self._waiting.setdefault((line, epoch), {})[key] = None

    def waiting(self, line: Line, epoch: int) -> tuple[OutboxKey, ...]:
        found = self._waiting.get((line, epoch), {})
        return tuple(sorted(found, key=lambda key: (key.incident, key.sk)))


class MemoryNews:
    """A `NewsStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], Told] = {}

    def last(self, item: OutboxItem) -> Told | None:
        return self._told.get((item.incident, item.kind, item.target))

    def keep(self, item: OutboxItem) -> None:
        told = Told(item.content_hash, item.seq)
        self._told[item.incident, item.kind, item.target] = told


class MemoryRequests:
    """A `RequestStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._done: dict[str, Done] = {}

    def done(self, digest: str) -> Done | None:
        return self._done.get(digest)

    def keep(self, digest: str, done: Done, *, until: int) -> None:  # noqa: ARG002 -- never forgets
        self._done.setdefault(digest, done)
