"""What a stage costs a month, itemised, from its templates and one file of prices.

The templates say how many alarms, keys, secrets, polled queues and schedules there are; the file
says what each costs and what is assumed of a call (`infra/prices.toml`).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.runtime.watch import measured
from tools.stages import OPS, assembly
from tools.written import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
PRICES, DOCUMENT = ROOT / "infra" / "prices.toml", ROOT / "docs" / "cost.md"
MILLION = 1_000_000
GB = 1_000_000_000
USED = {
    "stage": "production",
    "ops_mail": OPS,
    "providers": "stripe,razorpay",
    "concurrency": "sized",
}
LIMITS = {"nothing_configured_usd_month": 4.5, "idle_usd_month": 5.0, "usd_1e6_webhooks": 10.0}
"""What a month may cost; idle is with two providers."""
NOTHING = {"stage": "production", "ops_mail": OPS}
_RATES = {"1 minute": 1.0, "15 minutes": 1 / 15, "1 day": 1 / 1440}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill."""

    what: str
    how_many: str
    usd: float


@dataclass(frozen=True, slots=True)
class Template:
    """All resources of a stage."""

    resources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Template:
        found = {
            f"{path.stem}.{name}": one
            for path in sorted(folder.glob("*.template.json"))
            for name, one in json.loads(path.read_text(encoding="utf-8"))["Resources"].items()
        }
        return cls(found)

    def of(self, type_: str) -> list[Mapping[str, Any]]:
        return [one["Properties"] for one in self.resources.values() if one["Type"] == type_]


@dataclass(slots=True)
class Use:
    """What calls add up to."""

    requests: float = 0
    gb_seconds: float = 0
    log_bytes: float = 0
    reads: float = 0
    writes: float = 0
    secret_calls: float = 0
    queue_calls: float = 0
    http: float = 0
    stored: float = 0
    traces: float = 0
    metrics: set[str] = field(default_factory=set)

    def add(self, call: Mapping[str, float], *, times: float, memory: int, traced: bool) -> None:
        self.requests += times
        self.gb_seconds += times * call["milliseconds"] / 1000 * memory / 1024
        self.log_bytes += times * call["log_bytes"]
        self.reads += times * call.get("reads", 0)
        self.writes += times * call.get("writes", 0)
        self.secret_calls += times * call.get("secret_calls", 0)
        self.queue_calls += times * call.get("queue_calls", 0)
        self.traces += times * traced


def items(template: Template, prices: Mapping[str, Any], *, webhooks: int = 0) -> list[Item]:
    """The bill of a month with so many webhooks."""
    price = prices["prices"]
    use = _use(template, prices, webhooks)
    return [
        *_standing(template, prices),
        _count("custom metrics", len(use.metrics), price["custom_metric_month"]),
        _millions("Lambda requests", use.requests, price["lambda_million_requests"]),
        Item(
            "Lambda time",
            f"{use.gb_seconds:,.0f} GB-s",
            use.gb_seconds * price["lambda_arm_gb_second"],
        ),
        _millions("DynamoDB reads", use.reads, price["dynamodb_million_reads"]),
        _millions("DynamoDB writes", use.writes, price["dynamodb_million_writes"]),
        Item(
            "DynamoDB storage, with recovery to a moment",
            f"{use.stored / GB:.2f} GB",
            use.stored / GB * (price["dynamodb_gb_month"] + price["pitr_gb_month"]),
        ),
        Item(
            "logs",
            f"{use.log_bytes / GB:.2f} GB",
            use.log_bytes / GB * (price["logs_gb"] + price["logs_gb_month"]),
        ),
        _millions("queues asked", use.queue_calls, price["sqs_million_requests"]),
        _millions("secrets read", use.secret_calls, price["secret_million_calls"]),
        _millions("HTTP API requests", use.http, price["http_api_million"]),
        _millions("traces", use.traces, price["xray_million_traces"]),
    ]


def _standing(template: Template, prices: Mapping[str, Any]) -> Iterator[Item]:
    """What is paid for being there."""
    price, minutes = prices["prices"], prices["month"]["minutes"]
    alarms = [
        sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1
        for alarm in template.of("AWS::CloudWatch::Alarm")
    ]
    yield Item(
        "alarms",
        f"{len(alarms)}, over {sum(alarms)} metrics",
        sum(alarms) * price["alarm_metric_month"],
    )
    yield _count("keys", len(template.of("AWS::KMS::Key")), price["kms_key_month"])
    secrets = len(template.of("AWS::SecretsManager::Secret"))
    yield _count("secrets", secrets, price["secret_month"])
    polled = sum(
        "Queue" in json.dumps(one["EventSourceArn"]) and one.get("Enabled", True)
        for one in template.of("AWS::Lambda::EventSourceMapping")
    )
    polls = polled * prices["polling"]["polls_a_minute"] * minutes
    yield Item(
        "polling of queues",
        f"{polled} queues, {polls / MILLION:.2f} M",
        polls / MILLION * price["sqs_million_requests"],
    )
    turns = sum(
        _rate(one["ScheduleExpression"]) * minutes
        for one in template.of("AWS::Scheduler::Schedule")
    )
    yield _millions("schedules", turns, price["scheduler_million"])
    boards = len(template.of("AWS::CloudWatch::Dashboard"))
    yield _count("dashboards", boards, price["dashboard_month"])
    stages = template.of("AWS::ApiGatewayV2::Stage")
    measured = sum(
        route["DetailedMetricsEnabled"]
        for stage in stages
        for route in stage["RouteSettings"].values()
    )
    yield _count("metrics of routes", measured, price["custom_metric_month"])


def _use(template: Template, prices: Mapping[str, Any], webhooks: int) -> Use:
    functions = {one["Handler"].split(".")[1]: one for one in template.of("AWS::Lambda::Function")}
    use = Use(metrics=set(_measured(template)))

    def called(name: str, call: Mapping[str, float], times: float) -> None:
        one = functions[name]
        use.add(call, times=times, memory=one["MemorySize"], traced="TracingConfig" in one)

    for name, rate in _woken(template):
        called(name, prices["calls"][name], rate * prices["month"]["minutes"])
    each = prices["webhook"]
    if webhooks:
        for name, call in each["calls"].items():
            called(name, call, webhooks)
    use.http += webhooks * each["http_requests"]
    use.reads += webhooks * each["reads"]
    use.writes += webhooks * each["writes"]
    months = each["kept_days"] * 1440 / prices["month"]["minutes"]
    use.stored += webhooks * months * each["stored_bytes"]
    return use


def _woken(template: Template) -> Iterator[tuple[str, float]]:
    """Function and turns a minute, of every schedule and every rule at a rate."""
    names = {
        re.sub(r"\W", "", name.title().replace("_", "")): name
        for one in template.of("AWS::Lambda::Function")
        for name in [one["Handler"].split(".")[1]]
    }
    for one in template.of("AWS::Scheduler::Schedule"):
        yield _named(names, one["Target"]["Arn"]), _rate(one["ScheduleExpression"])
    for one in template.of("AWS::Events::Rule"):
        if "ScheduleExpression" in one:
            (target,) = one["Targets"]
            yield _named(names, target["Arn"]), _rate(one["ScheduleExpression"])


def _named(names: Mapping[str, str], arn: Mapping[str, Any]) -> str:
    logical = str(arn["Fn::GetAtt"][0])
    return next(name for pascal, name in names.items() if logical.startswith(pascal))


def _rate(expression: str) -> float:
    """Turns a minute. Raises `KeyError` for a rate that nobody has used yet."""
    return _RATES[expression.removeprefix("rate(").removesuffix(")")]


def _measured(template: Template) -> Iterator[str]:
    """Counts that functions write as measures, as though each came in every hour."""
    for one in template.of("AWS::Lambda::Function"):
        names = measured.read(one["Environment"]["Variables"][measured.VARIABLE]) or ()
        yield from (f"{one['Handler']} {name}" for name in names)


def _count(what: str, how_many: int, each: float) -> Item:
    return Item(what, str(how_many), how_many * each)


def _millions(what: str, how_many: float, each: float) -> Item:
    return Item(what, f"{how_many / MILLION:.2f} M", how_many / MILLION * each)


def total(found: Iterable[Item]) -> float:
    """USD a month, to the cent."""
    return round(sum(one.usd for one in found), 2)


def bills() -> dict[str, list[Item]]:
    """The three bills that are shown, by their headings."""
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    nothing, used = _template(**NOTHING), _template(**USED)
    return {
        "Nothing configured": items(nothing, prices),
        "Two providers, idle": items(used, prices),
        "Two providers, 10⁶ webhooks": items(used, prices, webhooks=MILLION),
    }


@cache
def _template(**told: str) -> Template:
    """Made once: what is on top is on top of the same."""
    with tempfile.TemporaryDirectory() as folder:
        return Template.read(assembly(told, Path(folder)))


def edge() -> list[Item]:
    """What the edge costs on top, with a million requests that come by it."""
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))["edge"]
    walls = _template(**NOTHING, edge="on").of("AWS::WAFv2::WebACL")
    rules = sum(len(wall["Rules"]) for wall in walls)
    return [
        _count("firewalls", len(walls), prices["web_acl_month"]),
        _count("their rules", rules, prices["rule_month"]),
        _millions("requests looked at", MILLION, prices["waf_million_requests"]),
        _millions("requests passed on", MILLION, prices["cloudfront_million_requests"]),
    ]


def findings() -> list[Item]:
    """What GitHub's webhooks and AWS's findings cost on top by being taken, before any comes."""
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    taken = {"github": "on", "security_findings": "guardduty,security_hub"}
    without, on = (_template(**told) for told in (NOTHING, NOTHING | taken))
    beside = zip(_standing(without, prices), _standing(on, prices), strict=True)
    return [Item(more.what, more.how_many, more.usd - one.usd) for one, more in beside]


def containment() -> list[Item]:
    """What it costs on top to be ready to contain, while nothing is contained."""
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name, told in (("without", NOTHING), ("with", NOTHING | {"containment": "on"})):
            (place := Path(folder) / name).mkdir()
            made.append(
                {one.what: one for one in items(Template.read(assembly(told, place)), prices)}
            )
    without, ready = made
    return [
        Item(what, one.how_many, one.usd - (without[what].usd if what in without else 0.0))
        for what, one in ready.items()
    ]


def figures(found: Mapping[str, list[Item]]) -> dict[str, float]:
    """What the bench keeps."""
    nothing, idle, million = (total(one) for one in found.values())
    return {
        "nothing_configured_usd_month": nothing,
        "idle_usd_month": idle,
        "usd_1e6_webhooks": million,
    }


def page(found: Mapping[str, list[Item]]) -> str:
    """The document."""
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    lines = [
        "# What a production stage costs a month",
        "",
        "From the templates and `infra/prices.toml` by `make cost`: list prices of",
        f"{prices['region']} of {prices['dated']} in USD, free tiers off, **not verified against",
        "an account's bill**. What is assumed of a call stands in that file.",
    ]
    besides = [
        ("GitHub and AWS's findings, on top, idle", findings()),
        ("Containment that is ready, on top, idle", containment()),
        ("The edge, on top, 10⁶ requests", edge()),
    ]
    for heading, bill in [*found.items(), *besides]:
        lines += ["", f"## {heading}: {total(bill):.2f}", "", "| item | how many | USD |"]
        lines += ["|--|--|--:|"]
        lines += [f"| {one.what} | {one.how_many} | {one.usd:.2f} |" for one in bill if one.usd]
    lines += [
        "",
        "Storage is that of the third month and all later ones: webhooks are kept for 90 days.",
        "",
        "A key costs one more after each of its first two years, by rotation. Three dashboards",
        "of an account are free; `dashboard=on` adds ours, `tracing=on` and `route_metrics=on`",
        "theirs. The edge is there with `edge=on` alone, what findings need with `github=on` and",
        "`security_findings`, and what is ready to contain with `containment=on`.",
    ]
    return "\n".join(lines) + "\n"


def over(found: Mapping[str, float]) -> list[str]:
    """What costs more than it may."""
    return [
        f"{name} is {value:.2f}, more than {LIMITS[name]:.2f}"
        for name, value in found.items()
        if value > LIMITS[name]
    ]


def main(arguments: list[str]) -> int:
    """The exit code: 1 when the committed page is stale, or a month costs too much."""
    found = bills()
    text = page(found)
    if "--check" not in arguments:
        sys.stdout.write(text)
    if excess := over(figures(found)):
        sys.stderr.write("".join(f"cost: {one}\n" for one in excess))
        return 1
    return written(DOCUMENT, text, check="--check" in arguments, again="make docs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
