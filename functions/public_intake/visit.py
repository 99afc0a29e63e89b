"""One request by somebody who is nobody yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.application.following import LinkDesk
    from tocsin.runtime.http import Request
    from tocsin.runtime.invocation import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a public page is served from."""

    desk: LinkDesk
    watch: Watch
    request: Request

    @property
    def token(self) -> str:
        return self.request.path_parameters.get("token", "")[:64]
