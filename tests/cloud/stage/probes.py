"""One try per action and resource, with the very credentials a function runs under.

The emulator gives a function a session of its role. A probe function with the same role hands
that session out, so what is tried here is what the function itself could do. Each try is shaped to
be refused for its content where it is not refused for want of a right, so that little happens when
a right exists.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.harness.strict_aws import findings
from tocsin.containment.registry import ACTIONS
from tocsin.local.look.clients import Clients, Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSRequest

    from tests.harness.cloud.local_cloud import Deployed

type Call = Callable[[], Any]

_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
}
_HANDLER = """
import os

def handler(event, context):
    return [os.environ[name] for name in
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
"""
_ASSETS = "cdk-hnb659fds-assets-000000000000-us-east-1"
_OUT_OF_REACH = 9_999  # seconds of delay: a message that is let in is never delivered in a session


@dataclass(frozen=True, slots=True)
class Try:
    """`right` is `<action> on <resource>`, in the words of the permission table."""

    right: str
    call: Call

    def allowed(self) -> bool:
        """Whether the call got past the check of rights, whatever became of it then.

        A denial must name the action that was tried, or the try proves something else.
        """
        try:
            self.call()
        except ClientError as error:
            said = error.response["Error"]
            if said["Code"] not in _DENIED:
                return True
            action = self.right.partition(" on ")[0]
            assert f"not authorized to perform: {action}" in said["Message"], (self.right, said)
            return False
        return True


def keys_of(stage: Deployed, function: str) -> Keys:
    """The credentials the emulator gives `function`, by way of a probe with its role."""
    functions, name = stage.clients.functions, f"probe-{function}"
    role = functions.get_function_configuration(FunctionName=stage.outputs["functions"][function])
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role["Role"],
        Handler="probe.handler",
        Code={"ZipFile": _zipped()},
    )
    try:
        answer = functions.invoke(FunctionName=name)["Payload"].read()
    finally:
        functions.delete_function(FunctionName=name)
    return Keys(*json.loads(answer))


def role_name(stage: Deployed, function: str) -> str:
    found = stage.clients.functions.get_function_configuration(
        FunctionName=stage.outputs["functions"][function]
    )
    return found["Role"].rsplit("/", 1)[-1]


def rights(stage: Deployed, function: str) -> set[str]:
    """Every right of `function` among all that are tried."""
    return rights_with(stage, keys_of(stage, function))


def rights_with(stage: Deployed, keys: Keys) -> set[str]:
    """Every right that these keys have among all that are tried."""
    clients = Clients(stage.outputs["endpoint"], keys)
    # Or they would be refused for their content before anybody looked at the right.
    clients._session.events.register("request-created", _ill_formed_on_purpose)
    return {one.right for one in tries(clients, stage) if one.allowed()}


def _ill_formed_on_purpose(request: AWSRequest, **_: Any) -> None:
    request.headers[findings.ON_PURPOSE] = "yes"


def tries(clients: Clients, stage: Deployed) -> Iterator[Try]:
    """Every action on every resource of the stage, and a few on the account."""
    outputs = stage.outputs
    for table, name in outputs["tables"].items():
        yield from _table(clients, table, name)
    for topic in ("alarm", "ops", "pages", "stakeholders", "chat"):
        yield from _topic(clients, topic, outputs[f"{topic}_topic_arn"])
    for queue, url in outputs["queues"].items():
        yield from _queue(clients, queue, url)
    for secret in (
        *("webhook-registrations", "provider-keys", "delivery-keys"),
        *("github-webhooks", "github-app"),
    ):
        yield from _secret(clients, secret, f"tocsin/local/{secret}")
    for function, arn in outputs["functions"].items():
        yield from _function(clients, function, arn)
    for bucket, name in (("assets", _ASSETS), ("evidence", outputs["evidence_bucket"])):
        yield from _bucket(clients, bucket, name)
    yield Try(
        "sns:Publish on a telephone",
        partial(clients.sns.publish, PhoneNumber="+12025550199", Message="probe"),
    )
    yield Try("ses:SendEmail on mail", partial(_mail, clients))
    yield from _parameter(clients, outputs["clock_parameter"])
    yield from _account(clients, outputs)


def _named(service: str, resource: str, calls: Mapping[str, Call]) -> Iterator[Try]:
    for action, call in calls.items():
        yield Try(f"{service}:{action} on {resource}", call)


def _table(clients: Clients, table: str, name: str) -> Iterator[Try]:
    db = clients.dynamodb
    key = {"PK": {"S": "probe"}, "SK": {"S": "probe"}}
    calls: dict[str, Call] = {
        "GetItem": partial(db.get_item, TableName=name, Key=key),
        "BatchGetItem": partial(db.batch_get_item, RequestItems={name: {"Keys": [key]}}),
        "Query": partial(db.query, TableName=name, KeyConditionExpression="nonsense"),
        "Scan": partial(db.scan, TableName=name, FilterExpression="nonsense"),
        "PutItem": partial(db.put_item, TableName=name, Item={}),
        "UpdateItem": partial(db.update_item, TableName=name, Key={}),
        "DeleteItem": partial(db.delete_item, TableName=name, Key={}),
        "BatchWriteItem": partial(
            db.batch_write_item, RequestItems={name: [{"DeleteRequest": {"Key": key}}]}
        ),
        "ConditionCheckItem": partial(
            db.transact_write_items,
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": name,
                        "Key": key,
                        "ConditionExpression": "attribute_exists(PK)",
                    }
                }
            ],
        ),
        "ExecuteStatement": partial(
            db.execute_statement, Statement=f"SELECT * FROM \"{name}\" WHERE PK='probe'"
        ),
        "UpdateTimeToLive": partial(
            db.update_time_to_live,
            TableName=name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
        ),
    }
    yield from _named("dynamodb", table, calls)
    for index in ("due", "list", "workspace"):
        query = partial(
            db.query, TableName=name, IndexName=index, KeyConditionExpression="nonsense"
        )
        yield from _named("dynamodb", f"{table}/{index}", {"Query": query})


def _mail(clients: Clients) -> Any:
    return clients.sesv2.send_email(
        FromEmailAddress="tocsin@mail-from.invalid",
        Destination={"ToAddresses": ["probe@tocsin.example"]},
        Content={"Simple": {"Subject": {"Data": "probe"}, "Body": {"Text": {"Data": "probe"}}}},
    )


def _topic(clients: Clients, topic: str, arn: str) -> Iterator[Try]:
    sns = clients.sns
    calls: dict[str, Call] = {
        "Publish": partial(sns.publish, TopicArn=arn, Message="probe"),
        "Subscribe": partial(sns.subscribe, TopicArn=arn, Protocol="nonsense", Endpoint="probe"),
        "SetTopicAttributes": partial(
            sns.set_topic_attributes, TopicArn=arn, AttributeName="DisplayName", AttributeValue="x"
        ),
    }
    yield from _named("sns", topic, calls)


def _queue(clients: Clients, queue: str, url: str) -> Iterator[Try]:
    sqs = clients.sqs
    calls: dict[str, Call] = {
        "SendMessage": partial(
            sqs.send_message, QueueUrl=url, MessageBody="probe", DelaySeconds=_OUT_OF_REACH
        ),
        "ReceiveMessage": partial(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=99),
        "DeleteMessage": partial(sqs.delete_message, QueueUrl=url, ReceiptHandle="probe"),
        "ChangeMessageVisibility": partial(
            sqs.change_message_visibility,
            QueueUrl=url,
            ReceiptHandle="probe",
            VisibilityTimeout=_OUT_OF_REACH,
        ),
        "GetQueueAttributes": partial(
            sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"]
        ),
        "SetQueueAttributes": partial(sqs.set_queue_attributes, QueueUrl=url, Attributes={}),
        "PurgeQueue": partial(sqs.purge_queue, QueueUrl=url),
    }
    yield from _named("sqs", queue, calls)


def _secret(clients: Clients, secret: str, name: str) -> Iterator[Try]:
    manager = clients.secrets
    calls: dict[str, Call] = {
        "GetSecretValue": partial(manager.get_secret_value, SecretId=name, VersionStage="NONE"),
        "DescribeSecret": partial(manager.describe_secret, SecretId=name),
        "PutSecretValue": partial(
            manager.put_secret_value, SecretId=name, SecretString="{}", VersionStages=["PROBE"]
        ),
        "UpdateSecretVersionStage": partial(
            manager.update_secret_version_stage, SecretId=name, VersionStage="PROBE"
        ),
    }
    yield from _named("secretsmanager", secret, calls)


def _function(clients: Clients, function: str, arn: str) -> Iterator[Try]:
    functions = clients.functions
    calls: dict[str, Call] = {
        "InvokeFunction": partial(
            functions.invoke, FunctionName=arn, InvocationType="DryRun", Payload=b"{}"
        ),
        "GetFunction": partial(functions.get_function, FunctionName=arn),
        "UpdateFunctionCode": partial(
            functions.update_function_code, FunctionName=arn, ZipFile=b"nonsense"
        ),
        "UpdateFunctionConfiguration": partial(
            functions.update_function_configuration, FunctionName=arn, Timeout=_OUT_OF_REACH
        ),
    }
    yield from _named("lambda", function, calls)


def _bucket(clients: Clients, bucket: str, name: str) -> Iterator[Try]:
    s3 = clients.s3
    calls: dict[str, Call] = {
        "ListBucket": partial(s3.list_objects_v2, Bucket=name),
        "GetObject": partial(s3.get_object, Bucket=name, Key="probe"),
        # A body that is not the one it says: refused for that wherever it is not denied.
        "PutObject": partial(
            s3.put_object,
            Bucket=name,
            Key="probe",
            Body=b"x",
            ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        "DeleteObject": partial(s3.delete_object, Bucket=name, Key="probe"),
        "PutBucketPolicy": partial(s3.put_bucket_policy, Bucket=name, Policy="nonsense"),
    }
    yield from _named("s3", bucket, calls)


def _parameter(clients: Clients, name: str) -> Iterator[Try]:
    ssm = clients.ssm
    calls: dict[str, Call] = {
        "GetParameter": partial(ssm.get_parameter, Name=name),
        "PutParameter": partial(ssm.put_parameter, Name=name, Value="1", Type="String"),
        "DeleteParameter": partial(ssm.delete_parameter, Name=name),
    }
    yield from _named("ssm", "clock", calls)


def _account(clients: Clients, outputs: Mapping[str, Any]) -> Iterator[Try]:
    responder = outputs["responder_role_arn"]
    yield from _named(
        "sts",
        "responder",
        {
            "AssumeRole": partial(
                clients.sts.assume_role, RoleArn=responder, RoleSessionName="probe"
            )
        },
    )
    for action in ACTIONS.names:
        role = containing_role(clients, action)
        assume = partial(clients.sts.assume_role, RoleArn=role, RoleSessionName="probe")
        yield from _named("sts", f"contain-{action}", {"AssumeRole": assume})
    yield from _named("iam", "roles", {"ListRoles": clients.iam.list_roles})
    yield from _named("scheduler", "schedules", {"ListSchedules": clients.scheduler.list_schedules})
    yield from _named(
        "cloudformation", "stacks", {"ListStacks": clients.cloudformation.list_stacks}
    )
    yield from _named(
        "cloudwatch",
        "alarms",
        {
            "SetAlarmState": partial(
                clients.cloudwatch.set_alarm_state,
                AlarmName="probe",
                StateValue="OK",
                StateReason="probe",
            )
        },
    )


def containing_role(clients: Clients, action: str) -> str:
    """The role that this stage acts in; its name is fixed, and an infra test holds it."""
    name = f"tocsin-local-contain-{action}-{clients.region}"
    return f"arn:aws:iam::{clients.account}:role/{name}"


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("probe.py", _HANDLER)
    return buffer.getvalue()
