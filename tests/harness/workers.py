"""Which tests keep to one worker of xdist: those that use what is made once a session.

A scheduler of our own, and not `--dist loadgroup`: pytest-xdist 3.8 writes the group into a private
attribute that pytest 9 no longer reads, so that groups are silently spread over all workers.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Bundles, templates, a deployed cloud. The first place that a test lies in counts.
ONE_WORKER = {
    "tests/infra/test_bundles.py": "bundles",
    "tests/infra": "infra",
    "tests/cloud/stage/test_lifecycle.py": "lifecycle",
    "tests/cloud": "cloud",
    "tests/e2e": "cloud",
    "tests/unit/functions/test_imports.py": "imports",
}


def group_of(nodeid: str) -> str:
    """The group of a test, whose tests run in one worker; any other test is a group of its own."""
    file = nodeid.partition("::")[0]
    fitting = (group for place, group in ONE_WORKER.items() if f"{file}/".startswith(f"{place}/"))
    return next(fitting, nodeid)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # published without types
    """The largest groups first, then whatever is left to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
