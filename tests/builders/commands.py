"""Commands in this process that use a beamcat of the test."""

import importlib
import pkgutil
from typing import Any

import pytest

from clients.cli import commands

MODULES = [
    importlib.import_module(f"{commands.__name__}.{found.name}") for found in pkgutil.iter_modules(commands.__path__)
]


def let_commands_ask(monkeypatch: pytest.MonkeyPatch, api: Any) -> None:
    """Let every command use this API, whichever beamcat the environment names."""
    for module in MODULES:
        if hasattr(module, "connect"):
            monkeypatch.setattr(module, "connect", lambda: api)
