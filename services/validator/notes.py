"""Collects the findings of the checks on one submission."""

from shared.events.sections import Finding
from shared.vocabulary.values import SHOWN_CHARACTERS


class Notes:
    """The findings of one submission."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(self, code: str, message: str, cure: str, value: str | None = None, expected: str | None = None) -> None:
        """Note a finding that refuses the dataset."""
        self.findings.append(Finding.error(code, message, cure, value=_shown(value), expected=expected))

    def warn(self, code: str, message: str, cure: str, value: str | None = None, expected: str | None = None) -> None:
        """Note a finding that stays with the dataset."""
        self.findings.append(Finding.warning(code, message, cure, value=_shown(value), expected=expected))


def _shown(value: str | None) -> str | None:
    return None if value is None else value[:SHOWN_CHARACTERS]
