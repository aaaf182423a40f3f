from pathlib import PurePosixPath

import pytest

from tools.contracts.generated import FOLDERS, ROOT, generated, orphans

FILES = (
    "schemas/asyncapi.json",
    "docs/README.md",
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


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_generated_files_says_what_is_declared(folder: str) -> None:
    files = {name: text for name, text in generated().items() if str(PurePosixPath(name).parent) == folder}
    stale = [name for name, text in files.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    assert len(files) > 0
    assert not stale, f"{', '.join(stale)}: not as declared; mend it with: make contracts"


def test_no_generated_file_is_an_orphan() -> None:
    assert not orphans(), f"nothing declares {', '.join(map(str, orphans()))}; mend it with: make contracts"


def test_no_generated_file_escapes_its_test() -> None:
    assert {name for name in generated() if str(PurePosixPath(name).parent) not in FOLDERS} == set(FILES)
