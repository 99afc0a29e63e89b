"""Each bundle that was deployed makes one call with every kind of client its function uses.

The bundle is fetched back from the cloud, unpacked as Lambda would, and run by an interpreter that
sees nothing else: a model, a certificate or a module that trimming took away shows up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from infra.catalogue import FUNCTIONS
from tests.infra.bundles import assumed_by, probe, services_called_by, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.cloud.local_cloud import Deployed

# A key of the emulator's own account: what is tried here is the bundle, not the rights.
# SES has nothing to be asked that names nobody; tests/cloud/people read the mails that it sends.
SHOWN_BY_WHAT_ARRIVES = {"sesv2"}
# The emulator has none; tests/integration/freeze holds what is asked of it to AWS's own model.
NOT_IN_THIS_CLOUD = {"codepipeline"}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def fetch(cloud: Deployed, function: str, folder: Path) -> Path:
    """The deployed bundle of `function`, unpacked."""
    name = cloud.outputs["functions"][function]
    code = cloud.clients.functions.get_function(FunctionName=name)["Code"]
    archive = folder / "bundle.zip"
    with urlopen(code["Location"], timeout=30) as answer:
        archive.write_bytes(answer.read())
    return unpack(archive, folder / "task")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_deployed_bundle_speaks_to_every_service_its_function_needs(
    cloud: Deployed, tmp_path: Path, function: str
) -> None:
    services = services_called_by(function, through="client")
    signed = services_called_by(function, through="from_environment")
    signed |= services_called_by(function, through="service")
    services |= {
        f"signed:{service}" for service in signed - SHOWN_BY_WHAT_ARRIVES - NOT_IN_THIS_CLOUD
    }
    if FUNCTIONS[function].contains:
        services |= {f"assumed:{service}" for service in assumed_by(function)}
    environ = {"AWS_ENDPOINT_URL": cloud.outputs["endpoint"], **KEYS}
    folder = fetch(cloud, function, tmp_path)

    answers = probe(folder, "call", *sorted(services), environ=environ)

    assert services
    assert set(answers) == services
    tables = [answer for service, answer in answers.items() if service.endswith("dynamodb")]
    assert all("TableNames" in answer for answer in tables)


def test_a_client_whose_model_was_trimmed_away_is_noticed(cloud: Deployed, tmp_path: Path) -> None:
    folder = fetch(cloud, "incident_api", tmp_path)
    environ = {"AWS_ENDPOINT_URL": cloud.outputs["endpoint"], **KEYS}
    with pytest.raises(AssertionError, match="UnknownServiceError"):
        probe(folder, "call", "sqs", environ=environ)
