"""What every test may rely on, wherever it lives.

A unit test that opens a socket, reads this machine's AWS account or depends on the order of its
neighbours proves nothing to the next person who runs it. So: no sockets outside the folders that
need loopback, fake AWS credentials everywhere, one fixed order that is printed when it matters, and
properties that draw the same examples on every machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.harness import log_watch, moto_transactions, service_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.cloud.local_cloud import Deployed

TESTS = Path(__file__).parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_FOLDERS = frozenset({"integration", "contract", "cloud", "e2e", "bench", "infra"})

# Enough for botocore to sign with; `AWS_EC2_METADATA_DISABLED` keeps it from asking for more.
FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "AKIAFAKEFORTESTS0000",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

hypothesis.settings.register_profile(
    "default",
    derandomize=True,
    max_examples=100,
    deadline=None,
    database=None,
    # Slow is what a shared two-core machine is; only wrong answers should fail.
    suppress_health_check=(hypothesis.HealthCheck.too_slow,),
)
hypothesis.settings.register_profile(
    "full",
    hypothesis.settings.get_profile("default"),
    derandomize=False,
    max_examples=5_000,
    print_blob=True,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without anything that leads to a real account, and with fake credentials."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return kept | FAKE_AWS


def may_use_loopback(path: Path) -> bool:
    """Whether the test file lies in a folder whose tests talk to servers on this machine."""
    parts = path.relative_to(TESTS).parts if path.is_relative_to(TESTS) else ()
    return bool(parts) and parts[0] in LOOPBACK_FOLDERS


def pytest_configure() -> None:
    """Scrub once for session fixtures and child processes, before any of them starts."""
    clean = scrubbed(os.environ)
    os.environ.clear()
    os.environ.update(clean)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """What is made once a session is made by one worker, which gets every test that uses it."""
    from tests.harness.workers import ByPlace  # noqa: PLC0415 - only where xdist runs

    return ByPlace(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything is cut off from the network; some folders may speak to this machine."""
    for item in items:
        if may_use_loopback(item.path):
            item.add_marker(pytest.mark.allow_hosts(list(LOOPBACK)))
        else:
            item.add_marker(pytest.mark.disable_socket)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """AWS as strict as it is stands before whatever plays it, for fixtures too."""
    service_models.read_once()
    moto_transactions.copy_once()
    if "moto" in sys.modules:
        from tests.harness.strict_aws import in_moto  # noqa: PLC0415 - only beside moto

        in_moto.before_the_stubber()
    if "tocsin.runtime.watch.json_lines" in sys.modules:
        log_watch.install()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What AWS would refuse, and a log line with a secret, fail the test they were made in."""
    found = sys.modules.get("tests.harness.strict_aws.findings")
    refused = [*(found.taken() if found is not None else []), *log_watch.taken()]
    if refused and call.excinfo is None:
        call.excinfo = _failed("\n".join(refused))
    elif refused:
        item.add_report_section(call.when, "found beside it", "\n".join(refused))
    return (yield)


def _failed(text: str) -> pytest.ExceptionInfo[BaseException]:
    """What a test leaves that failed with this text."""
    try:
        pytest.fail(text, pytrace=False)
    except pytest.fail.Exception as failure:
        return pytest.ExceptionInfo.from_exception(failure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The order is fixed in pyproject.toml; say how to repeat it when something failed."""
    seed = terminalreporter.config.getoption("randomly_seed", default=None)
    if seed is not None and terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"same order again: --randomly-seed={seed}")


@pytest.fixture(autouse=True)
def fake_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test the same clean AWS environment, whatever its neighbour left behind."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in FAKE_AWS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Deployed]:
    """Deploy the template once per session, for tests/cloud and tests/e2e together."""
    from tests.harness.called_rights import keep  # noqa: PLC0415 - loads the AWS client
    from tests.harness.cloud.local_cloud import session_cloud  # noqa: PLC0415 - the same

    with session_cloud() as deployed:
        yield deployed
        keep(deployed)
        leaks = log_watch.of_stage(deployed.cloud.places.log("ministack"))
        assert leaks == [], "deployed functions wrote what no log may hold"
