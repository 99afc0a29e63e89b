"""The names of `tocsin.notes`, where functions look for them."""

from tocsin.notes import DIMENSIONS, NAMESPACE, Event, Gauge, Metric

__all__ = ["DIMENSIONS", "NAMESPACE", "Event", "Gauge", "Metric"]
