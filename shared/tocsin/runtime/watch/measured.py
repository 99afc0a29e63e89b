"""Which counts are measures of CloudWatch: those that somebody reads.

A measure costs money in every hour in which it is written, and its envelope is most of its line. So
the deployment says which ones an alarm or a dashboard reads, in one variable; every other count is
a field of a plain line, where a query finds it all the same. Without the variable all are measures.
Standard library only, for the ingest path.
"""

from __future__ import annotations

import os

VARIABLE = "METRICS_READ"
NOBODYS = "none"


def read(text: str | None) -> frozenset[str] | None:
    """Names with commas between them, or `none`."""
    return None if text is None else frozenset(text.split(",")) - {NOBODYS}


def is_read(metric: str) -> bool:
    """Whether this count is to be a measure."""
    return _READ is None or metric in _READ


_READ = read(os.environ.get(VARIABLE))
