"""A deployment that GitHub holds until this stage says whether it may go out.

It is written down before GitHub is told that its request arrived, with a time at which it is looked
at again, and leaves that list only when it was answered: so none is forgotten.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST = timedelta(days=29)
"""GitHub fails what has waited for thirty days; it gets an answer of ours before that."""
REPORTS = 9
"""GitHub takes ten status reports of one deployment; one is left for the last word."""


class DeploymentState(StrEnum):
    """How it stands. Only `waiting` is looked at again."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment to one environment, as GitHub asked for it.

    `id` is GitHub's, and one for each attempt of a run. `asked` is the answer that was last sent
    and is not known to have arrived; `said` what a status report last said, `reports` how many
    there were; `failures` how often in a row GitHub did not take what it was told, `refusals` how
    often it refused it.
    """

    id: str
    repository: str
    repository_id: int
    run: int
    environment: str
    sha: str
    pulls: tuple[int, ...]
    installation: int
    requested_at: datetime
    due_at: datetime
    state: DeploymentState = DeploymentState.WAITING
    asked: DeploymentState | None = None
    said: str = ""
    reports: int = 0
    failures: int = 0
    refusals: int = 0
    ver: int = 1

    @property
    def waits(self) -> bool:
        return self.state is DeploymentState.WAITING

    @property
    def names(self) -> tuple[str, ...]:
        """What a commander may have let it through as."""
        pulls = (name for n in self.pulls for name in (f"#{n}", f"{self.repository}#{n}"))
        return (self.sha, *pulls)

    def after(self, **changes: object) -> "Deployment":
        """The next version of it."""
        return replace(self, **changes, ver=self.ver + 1)  # type: ignore[arg-type] # by name
