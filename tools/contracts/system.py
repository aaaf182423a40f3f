"""What the services declare, read from their folders without connecting anything."""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shared.events.topics import TOPICS, Topic
from shared.host.host import Host
from shared.host.service import Service
from shared.runtime.facility import FacilitySettings
from shared.stages.stage import Stage

SERVICES = Path(__file__).parent.parent.parent / "services"


@dataclass(frozen=True)
class DeclaredService:
    """A service: its sentence, stages and OpenAPI document, the topics it sends to and the rejection codes it names."""

    service: Service[Any]
    sentence: str
    stages: Sequence[Stage[Any, Any]]
    openapi: dict[str, Any]
    sends: Sequence[Topic]
    codes: frozenset[str]

    @property
    def name(self) -> str:
        """The folder under `services/`."""
        return self.service.name


@cache
def declared_services() -> Sequence[DeclaredService]:
    """Every service, in the order of the path: submitted, validated, linked, tracked, committed, found."""
    services = [_declared(folder) for folder in sorted(SERVICES.iterdir()) if (folder / "app.py").exists()]
    return sorted(services, key=lambda declared: min((TOPICS.index(topic) for topic in declared.sends), default=99))


def _declared(folder: Path) -> DeclaredService:
    package = importlib.import_module(f"services.{folder.name}")
    service: Service[Any] = importlib.import_module(f"services.{folder.name}.app").SERVICE
    host = Host(service, service.settings(facility=FacilitySettings(name="facility.example")))
    return DeclaredService(
        service,
        (package.__doc__ or "").strip(),
        host.components.stages,
        host.app().openapi(),
        [topic for topic in TOPICS if topic in service.produces],
        codes_named(folder),
    )


def codes_named(folder: Path) -> frozenset[str]:
    """The names of the rejection codes that the modules of a folder mention."""
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    return frozenset(name for text in texts for name in re.findall(r"\bCode\.([A-Z0-9_]+)", text))
