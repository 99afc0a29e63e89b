"""Which tests keep to one worker of xdist: those of a file, or of several that share something.

A file's tests stay together, so that what a file makes once is made once. A scheduler of our own,
and not `--dist loadgroup`: pytest-xdist 3.8 writes the group into a private attribute that pytest 9
no longer reads, so that groups are silently spread over all workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bundles, templates, a deployed cloud. The first place that a test lies in counts.
ONE_WORKER = {
    "tests/infra/test_bundles.py": "bundles",
    "tests/infra/test_building.py": "bundles",
    "tests/infra": "infra",
    "tests/cloud/stage/test_lifecycle.py": "lifecycle",
    "tests/cloud": "cloud",
    "tests/e2e": "cloud",
}

# About how many seconds; what is long begins first, or the others wait for it at the end.
SECONDS: Mapping[str, float] = {
    "cloud": 300,
    "lifecycle": 40,
    "bundles": 90,
    "infra": 60,
    "tests/unit/production/test_doctor.py": 12,
    "tests/property/test_incident_machine.py": 18,
    "tests/property/test_checkout_machine.py": 10,
    "tests/unit/functions/notifier/test_ways_of_a_page.py": 13,
    "tests/unit/functions/notifier/test_delivery_promise.py": 11,
    "tests/unit/functions/test_imports.py": 11,
    "tests/contract/incidents/test_two_incidents.py": 13,
    "tests/integration/incidents/test_incident_chain.py": 13,
    "tests/unit/simulation/test_life.py": 11,
    "tests/unit/semantics/test_storms_by_cli.py": 10,
}
_OF_A_TEST = 0.06


def group_of(nodeid: str) -> str:
    """The group of a test, whose tests run in one worker: its file, where no other is named."""
    file = nodeid.partition("::")[0]
    fitting = (group for place, group in ONE_WORKER.items() if f"{file}/".startswith(f"{place}/"))
    return next(fitting, file)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # published without types
    """The longest groups first, then whatever is left to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        longest = max(self.workqueue, key=self._seconds)
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)

    def _seconds(self, group: str) -> float:
        return SECONDS.get(group, len(self.workqueue[group]) * _OF_A_TEST)
