"""The questions of CONTRIBUTING.md are answered by the tree and one file each, and what the page names is there."""

import re

import pytest

from tests.builders.pages import ROOT, text_of

PAGE = text_of("CONTRIBUTING.md")
SECTION = PAGE.split("## Find your way")[1].split("\n## ")[0]
QUESTIONS = re.findall(r"^### (.+?\?)\n\n(.+?)(?=\n\n|\Z)", SECTION, re.MULTILINE | re.DOTALL)
PATH = re.compile(r"(?!.*\.\.\.)(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|md)")
ANYWHERE = {path.name for path in ROOT.glob("services/*/*")}
"""Of what each service may have, such as `handler.py` and `migrations/`."""


def test_there_are_five_questions() -> None:
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize(("question", "answer"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_a_question_is_answered_by_one_file_that_has_what_the_answer_names(question: str, answer: str) -> None:
    files = [link for link in re.findall(r"\]\(([^)#]+)\)", answer) if link.endswith(".py")]
    assert len(files) == 1, f"{question} {files}"
    text = (ROOT / files[0]).read_text(encoding="utf-8")
    for name in re.findall(r"`(?:[A-Z]\w+\.)?(\w+)`", answer):
        assert re.search(rf"\b(def|class) {name}\b", text) or (ROOT / "services" / name).is_dir(), f"{question} {name}"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([^`\s]+)`", PAGE))))
def test_every_path_that_is_named_exists(name: str) -> None:
    if PATH.fullmatch(name):
        assert (ROOT / name).exists() or name.rstrip("/") in ANYWHERE, name
