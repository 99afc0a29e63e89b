"""A sign of life to a monitor outside this account, which rings when it stops.

Whatever could silence every alarm of an account at once (its suspension, a region, a bad policy)
cannot silence a monitor elsewhere. That the monitor cannot be reached is no reason to stop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import urllib3

NOBODY = "none"
_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ping:
    """Calls `url` once a run; `none` is nobody to call."""

    url: str
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=_SECONDS)
    )

    def __call__(self) -> bool:
        """Whether the monitor heard, or there is none."""
        if self.url == NOBODY:
            return True
        try:
            return self.pool.request("GET", self.url).status < 400  # noqa: PLR2004 - the first code of refusal
        except urllib3.exceptions.HTTPError:
            return False
