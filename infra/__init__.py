"""The CDK app. Importing any part of it first settles which node drives the CDK."""

from infra.node import use_pinned_node

use_pinned_node()
