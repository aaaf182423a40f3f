"""Every generated file and its text."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docs.contracts.asyncapi import asyncapi
from docs.contracts.event_schemas import event_schema
from docs.contracts.operations import metrics_page, settings_page
from docs.contracts.parameters import parameters_page
from docs.contracts.refusals import rejections_page
from docs.contracts.system import declared_services
from docs.contracts.tables import services_page, topics_page
from shared.topics import TOPICS

ROOT = Path(__file__).parent.parent.parent
EVENTS = "schemas/events"


@cache
def generated() -> dict[str, str]:
    """The text of each file, by its path from the root."""
    services = declared_services()
    return {
        **{f"{EVENTS}/{topic.schema_file}": _json(event_schema(topic)) for topic in TOPICS},
        "schemas/asyncapi.json": _json(asyncapi(services)),
        "docs/topics.md": topics_page(services),
        "docs/services.md": services_page(services),
        "docs/metrics.md": metrics_page(),
        "docs/settings.md": settings_page(),
        "docs/parameters.md": parameters_page(),
        "docs/rejections.md": rejections_page(services),
    }


def orphans() -> Sequence[Path]:
    """Schemas of no topic."""
    wanted = {topic.schema_file for topic in TOPICS}
    return [path for path in sorted((ROOT / EVENTS).iterdir()) if path.name not in wanted]


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
