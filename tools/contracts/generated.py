"""Every generated file and its text."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from shared.events.topics import TOPICS
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary
from tools.contracts.asyncapi import asyncapi
from tools.contracts.builders import CLIENT, builders
from tools.contracts.event_schemas import event_schema
from tools.contracts.index import INDEX, index_page
from tools.contracts.kind_schemas import KINDS, kind_schemas
from tools.contracts.operations import metrics_page, settings_page
from tools.contracts.parameters import parameters_page
from tools.contracts.refusals import rejections_page
from tools.contracts.system import declared_services
from tools.contracts.tables import GENERATED, services_page, topics_page
from tools.contracts.techniques import PAGES, technique_pages

ROOT = Path(__file__).parent.parent.parent
EVENTS = "schemas/events"
APIS = "schemas/openapi"
FOLDERS = (EVENTS, APIS, KINDS, PAGES, CLIENT)
"""The folders with one generated file for each topic, service, kind or technique."""


@cache
def generated() -> dict[str, str]:
    """The text of each file, by its path from the root."""
    services = declared_services()
    techniques, vocabulary = TechniqueBook.load(), Vocabulary.load()
    return {
        **{f"{EVENTS}/{topic.schema_file}": _json(event_schema(topic)) for topic in TOPICS},
        **dict(kind_schemas(techniques, vocabulary)),
        **dict(builders(techniques, vocabulary)),
        **dict(technique_pages(techniques, vocabulary)),
        INDEX: index_page(techniques, ROOT),
        "schemas/asyncapi.json": _json(asyncapi(services)),
        **{f"{APIS}/{service.name}.json": _json(service.openapi) for service in services},
        "docs/topics.md": topics_page(services),
        "docs/services.md": services_page(services),
        "docs/metrics.md": metrics_page(),
        "docs/settings.md": settings_page(),
        "docs/parameters.md": parameters_page(),
        "docs/rejections.md": rejections_page(services),
    }


def orphans() -> Sequence[Path]:
    """Generated files whose source is no longer declared. Handwritten files are not among them."""
    files = (path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.*")))
    return [
        path
        for path in files
        if path.relative_to(ROOT).as_posix() not in generated()
        and (path.suffix == ".json" or GENERATED in path.read_text(encoding="utf-8"))
    ]


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
