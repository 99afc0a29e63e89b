"""How many examples a property draws: few on every run, more where the promised sizes are run."""

from __future__ import annotations

from hypothesis import settings


def quick_or_full(quick: int, full: int) -> int:
    """`full` under the profile of that name (`HYPOTHESIS_PROFILE=full`), else `quick`."""
    return full if settings.get_current_profile_name() == "full" else quick
