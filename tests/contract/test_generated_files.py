import pytest

from docs.contracts.generated import EVENTS, ROOT, generated, orphans

FILES = (
    "schemas/asyncapi.json",
    "docs/topics.md",
    "docs/services.md",
    "docs/metrics.md",
    "docs/settings.md",
    "docs/parameters.md",
    "docs/rejections.md",
)


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_says_what_the_code_declares(name: str) -> None:
    path = ROOT / name
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    assert written == generated()[name], f"{name} differs from what the code declares; mend it with: make contracts"


def test_every_topic_has_the_schema_of_its_event() -> None:
    schemas = {name: text for name, text in generated().items() if name.startswith(EVENTS)}
    stale = [name for name, text in schemas.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    assert len(schemas) > 0
    assert not stale, f"{', '.join(stale)}: not as shared/events.py has it; mend it with: make contracts"


def test_no_schema_is_an_orphan() -> None:
    assert not orphans(), f"no topic has {', '.join(map(str, orphans()))}; mend it with: make contracts"


def test_no_generated_file_escapes_its_test() -> None:
    assert {name for name in generated() if not name.startswith(EVENTS)} == set(FILES)
