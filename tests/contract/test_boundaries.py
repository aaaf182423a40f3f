"""Who may import whom, and what a handler must not touch."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SERVICES = sorted(folder.name for folder in (ROOT / "services").iterdir() if (folder / "__init__.py").exists())
HANDLERS = sorted((ROOT / "services").glob("*/handler.py"))

OUTSIDE_WORLD = {
    *("aiofiles", "aiokafka", "asyncio", "asyncpg", "alembic", "concurrent", "faststream", "ftplib", "glob"),
    *(
        "http.client",
        "http.server",
        "httpx",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "prometheus_client",
        "psutil",
    ),
    *("random", "secrets", "select", "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "ssl"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "uvicorn"),
    *(f"shared.{name}" for name in ("backoff", "database", "failpoints", "metrics", "migrations", "publisher")),
    *(f"shared.{name}" for name in ("relay", "service", "settings", "stream", "topic_admin")),
}
CLOCKS_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "open", "print", "input"}


def modules() -> list[Path]:
    roots = ("shared", "services", "deploy", "clients", "docs")
    return sorted(path for root in roots for path in (ROOT / root).rglob("*.py"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, late imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def belongs(module: str, roots: set[str]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def core_of(handler: Path) -> set[Path]:
    """A handler and all that it imports from its own service."""
    core, unread = set(), {handler}
    while unread:
        path = unread.pop()
        core.add(path)
        files = {ROOT / f"{module.replace('.', '/')}.py" for module in imports(path) if module.startswith("services.")}
        unread |= {file for file in files if file.exists()} - core
    return core


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_and_what_it_stands_on_touch_no_outside_world(handler: Path) -> None:
    touched = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted(core_of(handler))
        for module in imports(path)
        if belongs(module, OUTSIDE_WORLD)
    ]
    assert touched == []


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


@pytest.mark.parametrize("service", SERVICES)
def test_services_share_nothing_but_topics(service: str) -> None:
    others = {f"services.{other}" for other in SERVICES if other != service} | {"deploy", "clients", "tests", "docs"}
    strangers = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / "services" / service).rglob("*.py"))
        for module in imports(path)
        if belongs(module, others)
    ]
    assert strangers == []


def test_shared_knows_no_service() -> None:
    above = {"services", "deploy", "clients", "tests", "docs"}
    strangers = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / "shared").rglob("*.py"))
        for module in imports(path)
        if belongs(module, above)
    ]
    assert strangers == []


def test_one_file_knows_faststream() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        for name in imports(path)
        if belongs(name, {"faststream"})
    }
    assert knowing == {"shared/stages/stream.py"}


def test_one_file_declares_metrics() -> None:
    kinds = {f"prometheus_client.{kind}" for kind in ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")}
    declaring = {path.relative_to(ROOT).as_posix() for path in modules() for name in imports(path) if name in kinds}
    assert declaring == {"shared/runtime/metrics.py"}


def test_every_service_has_the_same_shape() -> None:
    assert SERVICES
    for service in SERVICES:
        folder = ROOT / "services" / service
        assert (folder / "app.py").exists(), f"{service} declares nothing: no app.py"
        assert (folder / "handler.py").exists(), f"{service} decides nothing: no handler.py"
        assert (folder / "migrations").exists() == (folder / "tables.py").exists(), f"{service}: tables and migrations"
        assert (ROOT / "docs/services" / f"{service}.md").exists(), f"{service} has no page: docs/services/{service}.md"
