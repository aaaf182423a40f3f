"""The pages of metrics and settings."""

from typing import Any

from prometheus_client.metrics import MetricWrapperBase

from shared.runtime import metrics
from shared.runtime.setting_types import MOST_BYTES, MOST_COUNT
from shared.runtime.settings import Settings
from tools.contracts.tables import codes, page, table


def metrics_page() -> str:
    """Every metric, in the order of its declaration."""
    declared = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    return page(
        "Metrics",
        "Every service exposes its metrics at `/metrics`, in Prometheus' format. They are declared in "
        "`shared/runtime/metrics.py`.",
        table(("metric", "type", "labels", "meaning"), (_metric_row(metric) for metric in declared)),
    )


def _metric_row(metric: MetricWrapperBase) -> tuple[str, ...]:
    [described] = metric.describe()
    name = f"{described.name}_total" if described.type == "counter" else described.name
    labels = metric._labelnames  # noqa: SLF001  # the library says nowhere else which labels a metric has
    return f"`{name}`", described.type, codes(labels), described.documentation


def settings_page() -> str:
    """Every setting, in the order of its declaration."""
    prefix = Settings.model_config["env_prefix"]
    properties = Settings.model_json_schema()["properties"]
    return page(
        "Settings",
        "Settings are environment variables, declared in `shared/runtime/settings.py`. None is required: without "
        "the addresses of Kafka and PostgreSQL, `beamcat up` starts both. An empty variable counts as not set. A wrong "
        "value ends a command or a service with exit code 1 and a message that says what to write instead. A variable "
        "whose name is nearly that of a setting causes a warning.",
        table(
            ("variable", "values", "default", "meaning"),
            (
                (
                    f"`{prefix}{name.upper()}`",
                    _values(schema),
                    _default(schema.get("default")),
                    schema.get("description", ""),
                )
                for name, schema in properties.items()
            ),
        ),
    )


def _values(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_values(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return codes(map(str, schema["enum"]))
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    said = [
        f"{sign} {schema[limit]:.0f}"
        for limit, sign in limits.items()
        if limit in schema and schema[limit] not in (MOST_COUNT, MOST_BYTES)
    ]
    name = {
        "string": schema.get("format", "text"),
        "array": "folder, folders separated by colons, or a JSON list of them",
        "object": "JSON object",
        "null": "nothing",
    }.get(schema["type"], schema["type"])
    return " ".join([name, *said])


def _default(value: object) -> str:
    if value is None:
        return ""
    text = str(value) if isinstance(value, str | int | float) else str(value).replace("'", '"')
    return f"`{text}`"
