"""What a handler must not do, and the shape of a service. Who may import whom is import-linter's: `make lint`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SERVICES = sorted(folder.name for folder in (ROOT / "services").iterdir() if (folder / "__init__.py").exists())
HANDLERS = sorted((ROOT / "services").glob("*/handler.py"))

CLIENTS = {"aiokafka", "asyncio", "asyncpg", "fastapi", "faststream", "httpx", "prometheus_client"}
CLIENTS |= {"sqlalchemy", "ssl", "starlette", "uvicorn"}
CLOCKS_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "open", "print", "input"}


def module_of(handler: Path) -> str:
    return ".".join(handler.relative_to(ROOT).with_suffix("").parts)


def core_of(handler: Path) -> set[Path]:
    """A handler and all that it imports from its own service."""
    core, unread = set(), {handler}
    while unread:
        path = unread.pop()
        core.add(path)
        unread |= {file for file in map(file_of, imports(path)) if file.exists()} - core
    return core


def file_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def imports(path: Path) -> set[str]:
    """The modules of services that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services."):
            found |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_process_that_imports_a_handler_has_loaded_no_client_library(handler: Path) -> None:
    program = f"import sys, {module_of(handler)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(loaded.stdout.split())
    assert module_of(handler) in modules
    assert modules & CLIENTS == set()


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_and_what_it_stands_on_know_no_clock_and_no_chance(handler: Path) -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {name}"
        for path in sorted(core_of(handler))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "attr", getattr(node.func, "id", ""))) in CLOCKS_AND_CHANCE
    ]
    assert calls == []


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_waits_for_nothing(handler: Path) -> None:
    tree = ast.parse(handler.read_text(encoding="utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)] == []


def test_every_service_has_the_same_shape() -> None:
    assert SERVICES
    for service in SERVICES:
        folder = ROOT / "services" / service
        assert (folder / "app.py").exists(), f"{service} declares nothing: no app.py"
        assert (folder / "handler.py").exists(), f"{service} decides nothing: no handler.py"
        tables = [*folder.glob("tables.py"), *folder.glob("storage/tables.py")]
        assert len(tables) == (folder / "migrations").exists(), f"{service}: tables and migrations"
        assert (ROOT / "docs/services" / f"{service}.md").exists(), f"{service} has no page: docs/services/{service}.md"
