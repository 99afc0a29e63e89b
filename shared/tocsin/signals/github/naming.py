"""Numbers of incidents in what people write at GitHub.

In prose a number is written as it is said, `INC-142`; in the name of a branch also `inc-142`. What
programs write is not read: a bot that updates a dependency quotes what strangers wrote of theirs,
and calls its branch by a name that they chose.
"""

from __future__ import annotations

import re

MOST = 5
"""One text may name so many; a list of all incidents is no work on each."""
_NAME = re.compile(r"(?<![A-Za-z0-9])(INC|DRILL)-([1-9][0-9]{0,8})(?![A-Za-z0-9])")
_BOTS = ("dependabot/", "renovate/")


def names_in(text: str) -> tuple[str, ...]:
    """The numbers a text names, each once, in their order."""
    found = (f"{prefix}-{number}" for prefix, number in _NAME.findall(text))
    return tuple(dict.fromkeys(found))[:MOST]


def names_in_branch(name: str) -> tuple[str, ...]:
    """The numbers in a branch's name; none in a bot's, or where it is a pull request's ref."""
    if name.startswith((*_BOTS, "refs/pull/")):
        return ()
    return names_in(name.upper())
