"""What runs elsewhere, checked as files: workflows, forms, hooks, owners and the dev container.

The schemas are those of SchemaStore, which check-jsonschema carries: nothing is downloaded.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-issue-forms": sorted(
        set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
    ),
    "github-issue-config": [GITHUB / "ISSUE_TEMPLATE/config.yml"],
    "dependabot": [GITHUB / "dependabot.yml"],
}


def read(workflow: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(workflow.read_text(encoding="utf-8")))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job.get("steps", ())]


def commands() -> list[str]:
    """Everything that a workflow, a hook or the dev container starts."""
    started = [step["run"] for workflow in WORKFLOWS for step in steps(workflow) if "run" in step]
    started += [hook["entry"] for repository in HOOKS for hook in repository["hooks"]]
    return [part for line in [*started, CONTAINER["postCreateCommand"]] for part in re.split(r" && |\n", line)]


def checked(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_github_would_take_each_file(schema: str) -> None:
    assert SCHEMAS[schema]
    said = checked(schema, *SCHEMAS[schema])
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_workflow_that_github_would_not_take_is_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "test.yml"
    wrong.write_text(WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on:", "run-on:"), encoding="utf-8")
    said = checked("github-workflows", wrong)
    assert said.returncode == 1
    assert "run-on" in said.stdout


@pytest.mark.parametrize("command", commands())
def test_what_is_started_exists(command: str) -> None:
    program, *words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
    if program == "make":
        for target in (word for word in words if "=" not in word):
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"make has no target {target}"
    elif program.startswith(".venv/bin/"):
        assert Path(sys.prefix, "bin", Path(program).name).exists(), f"{program} is not installed by make setup"
    else:
        assert program in {"sudo", "apt-get", "python", "gh"}, f"{program}: who installs it?"
    named = {word for word in words if re.fullmatch(r"(tools|tests|docs)/[\w/.-]+", word)}
    assert not {name for name in named if not (ROOT / name).exists()}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_an_action_is_pinned_by_its_commit_and_may_only_read_unless_a_job_says_more(workflow: Path) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8"))
    for action in used:
        local = re.fullmatch(r"\./(\S+)", action)
        assert (ROOT / local[1]).exists() if local else re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), (
            action
        )
    assert read(workflow)["permissions"] == {"contents": "read"}


def test_every_python_that_is_supported_is_tested() -> None:
    jobs = read(GITHUB / "workflows/test.yml")["jobs"]
    assert jobs["beamcat"]["strategy"]["matrix"]["python"] == supported(ROOT / "pyproject.toml")
    [installed] = [
        step["with"]["python-version"] for step in jobs["client"]["steps"] if "python-version" in step.get("with", {})
    ]
    assert installed.split() == supported(ROOT / "clients/python/pyproject.toml")


def supported(pyproject: Path) -> list[str]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    versions = [found[1] for each in project["classifiers"] if (found := re.search(r"Python :: (3\.\d+)$", each))]
    assert project["requires-python"] == f">={versions[0]}"
    return versions


def test_every_path_that_has_owners_exists() -> None:
    lines = (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owned = [line.split() for line in lines if line and not line.startswith("#")]
    assert owned[0][0] == "*"
    for path, *owners in owned:
        assert path == "*" or (ROOT / path.removeprefix("/")).exists(), path
        assert owners, path
        assert all(owner.startswith("@") for owner in owners), path


def test_the_versions_of_hooks_are_those_of_the_lock() -> None:
    assert [repository["repo"] for repository in HOOKS] == ["local"], "a hook from elsewhere has a version of its own"
