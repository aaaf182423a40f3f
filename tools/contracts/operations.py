"""The pages of metrics and settings."""

from collections.abc import Sequence
from typing import Any

from prometheus_client.metrics import MetricWrapperBase

import services
from deploy.settings import settings_classes
from shared.runtime import metrics
from shared.runtime.setting_types import MOST_BYTES, MOST_COUNT
from shared.runtime.settings import fields_of, groups_of
from tools.contracts.tables import codes, page, table

OPERATOR = "operator's commands"


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
    schemas, readers = _declared_settings()
    return page(
        "Settings",
        "Settings are environment variables. Those that several services read are declared in groups, in the "
        "`settings.py` of a folder of `shared/`; each service declares what it reads in `services/<name>/settings.py`. "
        "None is required by `beamcat up`: without the addresses of Kafka and PostgreSQL, it starts both. An empty "
        "variable counts as not set. A wrong value ends a command, or a service that reads it, with exit code 1 and a "
        "message that says what to write instead. A variable whose name is nearly that of a setting causes a warning.",
        table(
            ("variable", "values", "default", "read by", "meaning"),
            (
                (
                    f"`{variable}`",
                    _values(schema),
                    _default(schema.get("default")),
                    _readers(readers[variable]),
                    schema["description"],
                )
                for variable, schema in schemas.items()
            ),
        ),
    )


def _declared_settings() -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The JSON schema of every setting, and who reads it."""
    schemas: dict[str, Any] = {}
    readers: dict[str, list[str]] = {}
    for name, kind in zip((OPERATOR, *services.NAMES), settings_classes(), strict=True):
        for group in (*groups_of(kind).values(), kind):
            own = group.model_json_schema()["properties"]
            schemas |= {variable: schema for variable, schema in own.items() if "$ref" not in schema}
        for variable in fields_of(kind):
            readers.setdefault(variable, []).append(name)
    return schemas, readers


def _readers(names: Sequence[str]) -> str:
    return "every service" if set(services.NAMES) <= set(names) else ", ".join(names)


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
