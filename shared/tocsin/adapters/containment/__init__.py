"""Runs of containment, and what they act on, in AWS and in memory."""
