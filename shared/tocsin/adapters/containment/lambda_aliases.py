"""Lambda aliases: version and weights, written over the revision that was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tocsin.adapters.containment.refusals import GONE, code_of, refusals
from tocsin.containment.actions.lambda_alias import GONE as MISSING
from tocsin.containment.actions.lambda_alias import OWNER, VERSION, WEIGHT
from tocsin.containment.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda.client import LambdaClient

    from tocsin.ports.containment import Connect

_STACK = "aws:cloudformation:stack-name"


class LambdaAliases:
    """A `Target`."""

    def __init__(self, lambda_: LambdaClient) -> None:
        self._lambda = lambda_

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        """The versions that are named are asked for one by one: an alias may name what is gone."""
        function, alias = inputs["function"], inputs["alias"]
        with refusals(f"alias {function}:{alias}"):
            found = self._lambda.get_alias(FunctionName=function, Name=alias)
            weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            owned = {VERSION: found["FunctionVersion"]}
            owned |= {f"{WEIGHT}{version}": str(weight) for version, weight in weights.items()}
            named = {inputs["version"], *_versions(owned), *_versions(restoring or {})}
            missing = [version for version in sorted(named) if not self._runs(function, version)]
            arn = found["AliasArn"].removesuffix(f":{alias}")
            tags = self._lambda.list_tags(Resource=arn)["Tags"]
        stack = tags.get(_STACK, "")
        return State(
            owned=owned,
            around={
                MISSING: " ".join(missing),
                OWNER: f"CloudFormation stack {stack}" if stack else "",
            },
            tags=tags,
            touched=(f"function/{function}",),
            revision=found["RevisionId"],
        )

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        """No weights are sent as none: what is left out would stay as it is."""
        weights = {
            name.removeprefix(WEIGHT): float(text)
            for name, text in owned.items()
            if name.startswith(WEIGHT)
        }
        with refusals(f"alias {inputs['function']}:{inputs['alias']}"):
            self._lambda.update_alias(
                FunctionName=inputs["function"],
                Name=inputs["alias"],
                FunctionVersion=owned[VERSION],
                RoutingConfig={"AdditionalVersionWeights": weights},
                RevisionId=seen.revision,
            )

    def _runs(self, function: str, version: str) -> bool:
        """Whether a version is there and can run."""
        try:
            found = self._lambda.get_function_configuration(
                FunctionName=function, Qualifier=version
            )
        except ClientError as error:
            if code_of(error) in GONE:
                return False
            raise
        return found.get("State") != "Failed"


def _versions(owned: Mapping[str, str]) -> list[str]:
    weighted = [name.removeprefix(WEIGHT) for name in owned if name.startswith(WEIGHT)]
    return [*weighted, owned[VERSION]] if VERSION in owned else weighted


def open_target(connect: Connect) -> LambdaAliases:
    """In the Region of the deployment."""
    return LambdaAliases(connect("lambda", None))
