"""Run by an isolated interpreter, with nothing but an unpacked bundle on its path.

    python -I -S bundle_probe.py <folder> import <function>
    python -I -S bundle_probe.py <folder> call [signed:|assumed:]<service>...

`import` loads the handler as Lambda would and prints every module that is loaded after it.
`call` makes one read of each service against `AWS_ENDPOINT_URL`, with a client or with a signed
call of our own, whichever the function uses; `assumed` are clients in the rights of a role that it
assumes. Prints one JSON document; anything else that happens is a failure.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

# What each service is asked: it exists everywhere, changes nothing, needs no name.
BY_CLIENT = {"s3": "list_buckets", "sqs": "list_queues"}
ASSUMED: dict[str, tuple[str, dict[str, Any]]] = {
    "iam": ("list_account_aliases", {}),
    "lambda": ("list_functions", {}),
    "sts": ("get_caller_identity", {}),
    "wafv2": ("list_ip_sets", {"Scope": "REGIONAL"}),
}
NOBODY: dict[str, Any] = {"FunctionName": "tocsin-nobody", "Payload": {}}
SIGNED: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("ListTables", {}),
    "events": ("ListRules", {}),
    "lambda": ("Invoke", NOBODY),
    "lambda_event": ("Invoke", NOBODY),
    "monitoring": ("ListMetrics", {}),
    "secretsmanager": ("ListSecrets", {}),
    "sns": ("ListTopics", {}),
    "sqs": ("ListQueues", {}),
}
REFUSED = {"lambda", "lambda_event"}
"""Have nothing to be asked without a name: a refusal by the service itself shows as much."""


def imported(function: str) -> dict[str, str]:
    """Every loaded module and where it came from, once the handler is imported."""
    importlib.import_module(f"functions.{function}.handler")
    return {
        name: getattr(module, "__file__", None) or ""
        for name, module in sorted(sys.modules.items())
    }


def called(services: list[str]) -> dict[str, list[str]]:
    """The keys of each service's answer."""
    return {service: sorted(_read(service)) for service in services}


def _read(service: str) -> dict[str, Any]:
    """One answer, through a client or, for `signed:<service>`, through a call of our own."""
    kind, _, name = service.rpartition(":")
    if kind == "assumed":
        asked, given = ASSUMED[name]
        session = importlib.import_module("botocore.session").Session()
        found: dict[str, Any] = getattr(session.create_client(name), asked)(**given)
        return found
    if kind != "signed":
        aws = importlib.import_module("tocsin.runtime.aws.client")
        client = aws.client(name, connect_seconds=5, read_seconds=20, attempts=2)
        answer: dict[str, Any] = getattr(client, BY_CLIENT[name])()
        return answer
    aws_http = importlib.import_module("tocsin.runtime.aws.http")
    errors = importlib.import_module("tocsin.errors")
    operation, request = SIGNED[name]
    try:
        signed: dict[str, Any] = aws_http.from_environment(name).call(operation, request)
    except errors.Unavailable as refused:
        if name not in REFUSED or not str(refused.context["reason"])[:1].isupper():
            raise
        return {"Refused": refused.context["reason"]}
    return signed


def main(folder: str, verb: str, *names: str) -> None:
    sys.path.insert(0, folder)
    document = imported(names[0]) if verb == "import" else called(list(names))
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
