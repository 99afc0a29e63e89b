"""One request by somebody who is nobody yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.heartbeats.keep import HeartbeatDesk
    from tocsin.application.people.link_facts import LinkFactsDesk
    from tocsin.application.people.links import LinkDesk
    from tocsin.application.reports.form import PublicForm
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a public page is served from; `status` is the public status of billing, if any."""

    desk: LinkDesk
    facts: LinkFactsDesk
    watch: Watch
    request: Request
    status: Callable[[], Mapping[str, Any] | None]
    heartbeats: HeartbeatDesk
    form: PublicForm

    @property
    def token(self) -> str:
        return self.request.path_parameters.get("token", "")[:64]
