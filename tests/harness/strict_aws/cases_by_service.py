"""The cases of every service but DynamoDB: (rule, operation, parameters)."""

from __future__ import annotations

from typing import Any

QUEUE = "http://127.0.0.1/000000000000/strict"
TOPIC = "arn:aws:sns:us-east-1:000000000000:strict"
_ONE = {"StringValue": "v", "DataType": "String"}


def _entries(number: int, size: int = 1) -> list[dict[str, Any]]:
    return [{"Id": str(each), "MessageBody": "x" * size} for each in range(number)]


SQS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("empty message", "SendMessage", {"MessageBody": ""}),
    ("message size", "SendMessage", {"MessageBody": "x" * (1024 * 1024 + 1)}),
    ("characters", "SendMessage", {"MessageBody": "\x00"}),
    ("range", "SendMessage", {"MessageBody": "a", "DelaySeconds": 901}),
    ("range", "ReceiveMessage", {"MaxNumberOfMessages": 11}),
    ("range", "ReceiveMessage", {"WaitTimeSeconds": 21}),
    (
        "message attributes",
        "SendMessage",
        {"MessageBody": "a", "MessageAttributes": {f"a{n}": _ONE for n in range(11)}},
    ),
    (
        "message attribute name",
        "SendMessage",
        {"MessageBody": "a", "MessageAttributes": {"AWS.a": _ONE}},
    ),
    (
        "message attribute type",
        "SendMessage",
        {"MessageBody": "a", "MessageAttributes": {"a": _ONE | {"DataType": "Text"}}},
    ),
    (
        "empty message attribute",
        "SendMessage",
        {"MessageBody": "a", "MessageAttributes": {"a": _ONE | {"StringValue": ""}}},
    ),
    ("empty batch", "SendMessageBatch", {"Entries": []}),
    ("batch size", "SendMessageBatch", {"Entries": _entries(11)}),
    ("ids of a batch", "SendMessageBatch", {"Entries": _entries(1) * 2}),
    ("ids of a batch", "SendMessageBatch", {"Entries": [{"Id": "a b", "MessageBody": "a"}]}),
    ("batch bytes", "SendMessageBatch", {"Entries": _entries(3, 400_000)}),
)

SNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("required member", "Publish", {"TopicArn": TOPIC}),
    ("empty message", "Publish", {"TopicArn": TOPIC, "Message": ""}),
    ("message size", "Publish", {"TopicArn": TOPIC, "Message": "x" * (256 * 1024 + 1)}),
    ("subject", "Publish", {"TopicArn": TOPIC, "Message": "a", "Subject": "x" * 100}),
    ("subject", "Publish", {"TopicArn": TOPIC, "Message": "a", "Subject": "a\nb"}),
    (
        "message structure",
        "Publish",
        {"TopicArn": TOPIC, "Message": '{"sms":"a"}', "MessageStructure": "json"},
    ),
    (
        "empty message attribute",
        "Publish",
        {"TopicArn": TOPIC, "Message": "a", "MessageAttributes": {"a": _ONE | {"StringValue": ""}}},
    ),
    (
        "message attributes",
        "Publish",
        {
            "TopicArn": TOPIC,
            "Message": "a",
            "MessageAttributes": {f"a{n}": _ONE for n in range(11)},
        },
    ),
    ("target", "Publish", {"Message": "a"}),
    (
        "batch size",
        "PublishBatch",
        {
            "TopicArn": TOPIC,
            "PublishBatchRequestEntries": [{"Id": str(n), "Message": "a"} for n in range(11)],
        },
    ),
    (
        "ids of a batch",
        "PublishBatch",
        {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "a", "Message": "a"}] * 2},
    ),
)


def _mail(**changes: Any) -> dict[str, Any]:
    simple = {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "a"}}} | changes.pop("simple", {})
    return {
        "FromEmailAddress": "tocsin@tocsin.example",
        "Destination": {"ToAddresses": ["a@tocsin.example"]},
        "Content": {"Simple": simple},
    } | changes


SES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "recipients",
        "SendEmail",
        _mail(Destination={"ToAddresses": [f"a{n}@tocsin.example" for n in range(51)]}),
    ),
    ("address", "SendEmail", _mail(Destination={"ToAddresses": ["nobody"]})),
    ("subject", "SendEmail", _mail(simple={"Subject": {"Data": "a\nb"}})),
    ("empty message", "SendEmail", _mail(simple={"Body": {}})),
    ("tag", "SendEmail", _mail(EmailTags=[{"Name": "a b", "Value": "c"}])),
    ("content", "SendEmail", _mail(Content={})),
)

OTHERS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("pattern", "lambda", "Invoke", {"FunctionName": "no function!"}),
    ("enum", "lambda", "Invoke", {"FunctionName": "strict", "InvocationType": "Later"}),
    ("payload", "lambda", "Invoke", {"FunctionName": "strict", "Payload": b"{"}),
    (
        "payload size",
        "lambda",
        "Invoke",
        {
            "FunctionName": "strict",
            "InvocationType": "Event",
            "Payload": b'"' + b"x" * 1024 * 1024 + b'"',
        },
    ),
    (
        "variables size",
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": "strict", "Environment": {"Variables": {"LONG": "x" * 4_096}}},
    ),
    (
        "reserved variable",
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": "strict", "Environment": {"Variables": {"AWS_REGION": "x"}}},
    ),
    (
        "time limit",
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": "strict", "Timeout": 901},
    ),
    ("key size", "s3", "PutObject", {"Bucket": "strict", "Key": "x" * 1_025, "Body": b"a"}),
    (
        "metadata size",
        "s3",
        "PutObject",
        {"Bucket": "strict", "Key": "a", "Body": b"a", "Metadata": {"a": "x" * 2_048}},
    ),
    ("length", "kms", "Encrypt", {"KeyId": "alias/strict-cipher", "Plaintext": b"x" * 4_097}),
    (
        "length",
        "kms",
        "Sign",
        {"KeyId": "alias/strict", "Message": b"x" * 4_097, "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    (
        "digest length",
        "kms",
        "Sign",
        {
            "KeyId": "alias/strict",
            "Message": b"x",
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        },
    ),
    (
        "length",
        "secretsmanager",
        "CreateSecret",
        {"Name": "big", "ClientRequestToken": "0" * 32, "SecretString": "x" * 65_537},
    ),
    (
        "length",
        "secretsmanager",
        "CreateSecret",
        {"Name": "token", "ClientRequestToken": "short", "SecretString": "a"},
    ),
    (
        "one kind of secret",
        "secretsmanager",
        "CreateSecret",
        {"Name": "both", "ClientRequestToken": "0" * 32, "SecretString": "a", "SecretBinary": b"a"},
    ),
    (
        "parameter size",
        "ssm",
        "PutParameter",
        {"Name": "/strict", "Overwrite": True, "Type": "String", "Value": "x" * 4_097},
    ),
    (
        "empty parameter",
        "ssm",
        "PutParameter",
        {"Name": "/strict", "Overwrite": True, "Type": "String", "Value": ""},
    ),
    (
        "enum",
        "ssm",
        "PutParameter",
        {"Name": "/strict", "Overwrite": True, "Type": "Text", "Value": "a"},
    ),
    ("length", "ssm", "GetParameters", {"Names": [f"/strict/{n}" for n in range(11)]}),
)
