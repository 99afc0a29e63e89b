"""A webhook function as it is usually written, for the cold start that it usually has.

Everything that the popular templates put into every handler: a logger, a tracer, metrics, an event
handler, a parsed model, and both providers' SDKs because one of them verifies the signature.
"""

from __future__ import annotations

import boto3
import razorpay
import stripe
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.parser import BaseModel

logger = Logger(service="ingest")
tracer = Tracer(service="ingest")
metrics = Metrics(namespace="ingest", service="ingest")
app = APIGatewayHttpResolver()
dynamodb = boto3.client("dynamodb", region_name="us-east-1")
payments = razorpay.Client(auth=("key", "secret"))
verify = stripe.Webhook.construct_event


class ProviderEvent(BaseModel):
    """What the body has to look like."""

    id: str
    type: str
    created: int
