"""What deploy/Dockerfile builds: everything a service needs, and nothing of the embedded stack."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from deploy.settings import all_variables

ROOT = Path(__file__).parent.parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
EMBEDDED = {re.split(r"[<>=]", entry)[0] for entry in PYPROJECT["project"]["optional-dependencies"]["embedded"]}


def instructions(stage: int) -> list[tuple[str, str]]:
    """The instructions of one stage of the Dockerfile, continued lines joined."""
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    pairs = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines.splitlines() if line)]
    starts = [number for number, (word, _) in enumerate(pairs) if word == "FROM"]
    return pairs[starts[stage] : [*starts, len(pairs)][starts.index(starts[stage]) + 1]]


BUILD, IMAGE = instructions(0), instructions(1)
ENVIRONMENT = dict(re.findall(r"(\w+)=(\S+)", next(rest for word, rest in IMAGE if word == "ENV")))
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
COPIED = [source for word, rest in BUILD if word == "COPY" for source in rest.split()[:-1]]


def said(word: str) -> str:
    return next(rest for name, rest in IMAGE if name == word)


def locked(file: str) -> dict[str, str]:
    """Each package of a lock, and its version."""
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def is_copied(file: Path) -> bool:
    return any(file.is_relative_to(source) for source in COPIED)


def imported_by(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Every module that a statement may import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]


def reached_by_services() -> set[Path]:
    """Every file of the repository that `beamcat serve` imports, whichever service it is told."""
    reached: set[Path] = set()
    unread = {ROOT / "deploy/program.py", *(ROOT / "services").glob("*/app.py")}
    while unread:
        file = unread.pop()
        reached.add(file)
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                files = {ROOT / f"{module.replace('.', '/')}.py" for module in imported_by(node)}
                unread |= {found for found in files if found.exists()} - reached
    return reached


@pytest.mark.parametrize("source", COPIED)
def test_what_the_image_copies_exists_and_is_not_ignored(source: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignore if line.startswith("!")}
    assert "*" in ignore
    assert (ROOT / source).exists()
    assert {source, *map(str, Path(source).parents)} & kept, f".dockerignore leaves {source} out"


def test_the_build_copies_every_package_that_a_service_imports() -> None:
    missing = {file.relative_to(ROOT) for file in reached_by_services() if not is_copied(file.relative_to(ROOT))}
    assert not missing
    assert is_copied(Path("schemas/vocabulary"))  # data that services read, not import
    assert is_copied(Path("clients/python/pyproject.toml"))
    [build] = [rest for word, rest in BUILD if word == "RUN" and "pip wheel" in rest]
    assert "--wheel-dir dist . ./clients/python " in build  # the command line finds a beamcat as the client does


def test_both_stages_stand_on_the_same_pinned_python() -> None:
    bases = {stage[0][1].removesuffix(" AS build") for stage in (BUILD, IMAGE)}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases.pop())


def test_no_embedded_stack_is_in_the_image() -> None:
    assert len(EMBEDDED) == 6
    assert locked("image.txt").keys().isdisjoint(EMBEDDED)
    assert locked("run.txt").keys() >= EMBEDDED
    embedded = [file.relative_to(ROOT) for file in (ROOT / "deploy/embedded").rglob("*.py")]
    assert len(embedded) > 5
    assert not [file for file in embedded if is_copied(file)]


def test_the_image_has_what_was_tested() -> None:
    image, run, dev = locked("image.txt"), locked("run.txt"), locked("dev.txt")
    assert len(image) > 20
    assert image.items() <= run.items() <= dev.items()


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_a_lock_has_hashes_and_names_no_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "://" not in text
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z])", text) if "==" in entry.split("\n")[0])


@pytest.mark.parametrize("source", [source for source in COPIED if source.split("/")[0] in PACKAGES])
def test_what_is_in_the_image_starts_without_the_embedded_stack(source: str) -> None:
    modules = {"deploy.embedded", *(name.replace("-", "_") for name in EMBEDDED)}
    if not source.startswith("deploy"):
        modules.add("deploy")
    reached = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted([ROOT / source, *(ROOT / source).rglob("*.py")])
        if file.suffix == ".py"
        for node in ast.parse(file.read_text(encoding="utf-8")).body  # not what functions import when they are called
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported_by(node)
        if any(f"{name}.".startswith(f"{module}.") for module in modules)
    ]
    assert reached == []


def test_nobody_is_root() -> None:
    user, _, group = said("USER").partition(":")
    assert f"--uid {user} " in said("RUN")
    assert user == group != "0"


def test_services_listen_where_the_image_says() -> None:
    assert {name for name in ENVIRONMENT if name.startswith("BEAMCAT_")} <= set(all_variables())
    assert ENVIRONMENT["BEAMCAT_HTTP_HOST"] == "0.0.0.0"  # noqa: S104  a container's own interface
    assert said("EXPOSE") == ENVIRONMENT["BEAMCAT_HTTP_PORT"]


def test_health_is_being_alive_not_being_ready() -> None:
    check = said("HEALTHCHECK")
    assert "/live" in check
    assert "BEAMCAT_HTTP_PORT" in check
    compile(json.loads(check[check.index("[") :])[2], "HEALTHCHECK", "exec")


def test_the_command_is_beamcat() -> None:
    assert json.loads(said("CMD"))[0] in PYPROJECT["project"]["scripts"]
