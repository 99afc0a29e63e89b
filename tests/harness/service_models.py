"""Botocore's models of services, read once a process.

Each session of botocore has a loader of its own, and moto makes the next client begin a new
session: then the models, megabytes of JSON, are read again for nearly every test that talks to AWS.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


class _Paths(list[str]):
    """Where models lie; every session of boto3 adds the same place."""

    def append(self, path: str) -> None:
        if path not in self:
            super().append(path)


def read_once() -> None:
    """Lets all sessions share one loader, where botocore has been imported."""
    module: Any = sys.modules.get("botocore.session")
    if module is None or getattr(module, "shared", False):
        return
    module.shared = True
    make = module.create_loader

    @cache
    def shared(search_path_string: str | None = None) -> Any:
        loader = make(search_path_string)
        loader._search_paths = _Paths(loader.search_paths)
        return loader

    module.create_loader = shared
