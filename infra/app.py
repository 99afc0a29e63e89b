"""The app: which stacks there are and in which order they learn of each other.

Run as `python -m infra.app` with the context in `CDK_CONTEXT_JSON` and the output folder in
`CDK_OUTDIR`, or by the CDK CLI through `infra/cdk.json`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.bundle.build import bundle
from infra.constructs import nag
from infra.context import KEYS, Context
from infra.references import References
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.functions import FunctionsStack
from infra.stacks.messaging import MessagingStack
from infra.stacks.monitoring import MonitoringStack

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".local" / "bundles"


def add_stacks(app: cdk.App, *, context: Context, bundle: Callable[[str], Path]) -> None:
    """Adds every stack of one stage; `bundle` answers a function's name with its zip."""
    references = References()
    data = DataStack(app, context=context, references=references)
    messaging = MessagingStack(app, context=context, references=references, key=data.key)
    functions = FunctionsStack(app, context=context, references=references, bundle=bundle)
    api = ApiStack(app, context=context, functions=functions.made)
    if context.edge:
        EdgeStack(app, context=context, api=api.api)
    MonitoringStack(
        app,
        context=context,
        tables=data.tables,
        messaging=messaging,
        functions=functions.made,
        api_id=api.api.ref,
    )
    cdk.Tags.of(app).add("app", "tocsin")
    cdk.Tags.of(app).add("stage", context.stage.name)
    nag.check(app)


def synthesise(context: Context, *, bundle: Callable[[str], Path], outdir: Path) -> None:
    """Writes the cloud assembly of one stage to `outdir`.

    Raises:
        RuntimeError: cdk-nag found something that nobody acknowledged.
    """
    app = cdk.App(outdir=str(outdir))
    add_stacks(app, context=context, bundle=bundle)
    app.synth()


def main() -> None:
    """Synthesises the stage that the CDK context names, where the CDK wants it."""
    app = cdk.App()
    context = Context.read({key: app.node.try_get_context(key) for key in KEYS})
    build = partial(bundle, arch=context.arch, stage=context.stage.name, root=ROOT, cache_dir=CACHE)
    add_stacks(app, context=context, bundle=build)
    app.synth()


if __name__ == "__main__":
    main()
