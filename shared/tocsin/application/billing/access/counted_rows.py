"""A workspace's rows without those that open nothing here.

In one place, before anybody asks what they give: an answer, a report and a double are about the
same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.access.counting import Counting
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.ports.billing.projection import WorkspaceRows


@dataclass(frozen=True, slots=True)
class CountedRows:
    """Implements `ports.billing.projection.WorkspaceRows` over another."""

    rows: WorkspaceRows
    counting: Counting

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
        found = self.rows.of_workspace(workspace)
        return [(identity, row) for identity, row in found if identity in self.counting]
