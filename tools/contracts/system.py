"""What the services declare, read from their folders without connecting anything."""

import ast
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from pydantic_settings import PydanticBaseSettingsSource

from shared.events import topics
from shared.events.topics import PENDING, REJECTED, TOPICS, Topic
from shared.host.service import Components, Service
from shared.runtime.settings import Settings
from shared.stages.stage import Stage

SERVICES = Path(__file__).parent.parent.parent / "services"


class _Defaults(Settings):
    """The settings of a machine that sets none, wherever the contracts are generated."""

    @classmethod
    def settings_customise_sources(cls, *_sources: object, **_more: object) -> tuple[PydanticBaseSettingsSource, ...]:
        return ()


@dataclass(frozen=True)
class DeclaredService:
    """A service: its sentence, stages and routes, the topics it sends to and the rejection codes it names."""

    service: Service
    sentence: str
    stages: Sequence[Stage[Any, Any]]
    routes: Sequence[APIRoute]
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
    service: Service = importlib.import_module(f"services.{folder.name}.app").SERVICE
    parts = service.assemble(service.resources(_Defaults()))
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.rglob("*.py"))]
    return DeclaredService(
        service,
        (package.__doc__ or "").strip(),
        parts.stages,
        [route for route in parts.router.routes if isinstance(route, APIRoute)],
        _sends(parts, trees),
        codes_named(folder),
    )


def _sends(parts: Components, trees: Sequence[ast.Module]) -> list[Topic]:
    """A topic that a service imports and does not consume is one it sends to, and so is one whose messages it makes.

    Stages also reject, and some let wait.
    """
    named = {name for tree in trees for name in _imported(tree, "shared.events.topics")}
    imported = [topic for name in named if isinstance(topic := getattr(topics, name), Topic)]
    consumed = {stage.consumes.name for stage in parts.stages}
    sent = {stage.produces.name for stage in parts.stages if stage.produces}
    sent |= {topic.name for topic in imported} - consumed
    made = {
        name
        for tree in trees
        if {"Message", "headers_of"} <= _imported(tree, "shared.events.wire")
        for name in _imported(tree, "shared.events.topics")
    }
    sent |= {topic.name for topic in imported if topic in [getattr(topics, name) for name in made]}
    if parts.stages:
        sent.add(REJECTED.name)
    if any("Waiting" in _imported(tree, "shared.stages.stage") for tree in trees):
        sent.add(PENDING.name)
    return [topic for topic in TOPICS if topic.name in sent]


def _imported(tree: ast.Module, module: str) -> set[str]:
    return {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def codes_named(folder: Path) -> frozenset[str]:
    """The names of the rejection codes that the modules of a folder mention."""
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    return frozenset(name for text in texts for name in re.findall(r"\bCode\.([A-Z0-9_]+)", text))
