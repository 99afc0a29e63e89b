"""Link records in memory: the twin of `dynamodb_links`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.link_forms import link_of, link_text

if TYPE_CHECKING:
    from tocsin.people.links import Link


class MemoryLinks:
    """A `LinkStore` that forgets everything with the process; it keeps the stored form."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def keep(self, link: Link) -> Link:
        return link_of(self.texts.setdefault(link.handle, link_text(link)))

    def find(self, handle: str) -> Link | None:
        text = self.texts.get(handle)
        return None if text is None else link_of(text)
