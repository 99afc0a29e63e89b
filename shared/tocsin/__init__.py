"""Tocsin: an incident-response runbook that runs itself, on AWS Lambda.

The rooms and who may import whom are described in `docs/architecture.md` and enforced by
`make check`. This file stays empty of code so that importing one room never pays for another.
"""
