"""Prints what every dataclass under a folder is and does, as one JSON document.

    python -I dataclass_probe.py FOLDER SITE_PACKAGES

By module and name: fields, signature, slots, and what instances answer to being made, compared,
hashed, shown, changed, replaced, copied and pickled. Two folders are the same where this is.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import json
import pickle
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def classes(folder: Path) -> Iterator[tuple[str, type]]:
    """Every dataclass declared at the top of a module, with the module's name before its own."""
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        module = importlib.import_module(name)
        for found in vars(module).values():
            here = inspect.isclass(found) and found.__module__ == name
            if here and "__dataclass_fields__" in vars(found):
                yield f"{name}.{found.__name__}", found


def told(cls: Any) -> dict[str, Any]:
    """What `dataclasses` and `inspect` say of a class, and what its instances do."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    given = {each.name: f"<{each.name}>" for each in parameters}
    needed = {e.name: f"<{e.name}>" for e in parameters if e.default is inspect.Parameter.empty}
    return {
        "written": "__dataclass_written__" in vars(cls),
        "fields": [_field(each) for each in dataclasses.fields(cls)],
        "parameters": [(each.name, str(each.kind)) for each in parameters],
        "slots": vars(cls).get("__slots__"),
        "match": cls.__match_args__,
        "frozen": cls.__dataclass_params__.frozen,
        "kw_only": cls.__dataclass_params__.kw_only,
        "bases": [each.__name__ for each in cls.__mro__],
        "whole": _acts(cls, given),
        "bare": _acts(cls, needed),
    }


def _field(each: dataclasses.Field[Any]) -> list[str]:
    missing = dataclasses.MISSING
    default = "" if each.default is missing else repr(each.default)
    factory = (
        ""
        if each.default_factory is missing
        else getattr(each.default_factory, "__qualname__", "?")
    )
    kinds = (each.init, each.repr, each.compare, each.hash, each.kw_only)
    return [each.name, str(each.type), default, factory, str(kinds)]


def _acts(cls: Any, given: dict[str, str]) -> dict[str, Any]:
    one, other = _tried(lambda: cls(**given)), _tried(lambda: cls(**given))
    if isinstance(one, str):
        return {"refused": one}
    return {
        "shown": _tried(lambda: repr(one)),
        "equal": one == other,
        "unlike": one == object(),
        "hash": _tried(lambda: hash(one) == hash(other)),
        "changes": [_tried(partial(_changed, one, each.name)) for each in dataclasses.fields(cls)],
        "replaced": _tried(lambda: repr(copy.replace(one))),
        "set": [_tried(partial(setattr, one, n, "x")) for n in given],
        "deleted": [_tried(partial(delattr, one, n)) for n in given],
        "copied": _tried(lambda: copy.copy(other) == other),
        "copied deep": _tried(lambda: copy.deepcopy(other) == other),
        "pickled": _tried(lambda: pickle.loads(pickle.dumps(other)) == other),
    }


def _changed(one: Any, name: str) -> bool:
    """Whether another value of a field makes another instance."""
    changed: bool = dataclasses.replace(one, **{name: "other"}) != one
    return changed


def _tried(act: Callable[[], Any]) -> Any:
    """What it answers, or the error in words."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - whichever error: the other folder must give the same
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    folder, *sites = sys.argv[1:]
    sys.path[:0] = [folder, *sites]
    sys.dont_write_bytecode = True
    found = {name: told(cls) for name, cls in classes(Path(folder))}
    text = json.dumps(found, default=repr, sort_keys=True)
    sys.stdout.write(re.sub(r" at 0x[0-9a-f]+", "", text).replace(folder, ""))
