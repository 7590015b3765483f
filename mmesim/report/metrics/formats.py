"""What a run can be exported to."""

from enum import StrEnum


class Format(StrEnum):
    """One of them."""

    put_metric_data = "put-metric-data"
    dashboard = "dashboard"
    csv = "csv"
    openmetrics = "openmetrics"
