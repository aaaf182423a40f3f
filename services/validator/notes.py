"""What the checks note about one submission, as they find it."""

from shared.events import Finding, Severity
from shared.values import SHOWN_CHARACTERS


class Notes:
    """The findings of one submission."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(self, code: str, message: str, value: str | None = None, expected: str | None = None) -> None:
        """Note what refuses the dataset."""
        self._note(Severity.ERROR, code, message, value, expected)

    def warn(self, code: str, message: str, value: str | None = None, expected: str | None = None) -> None:
        """Note what stays with the dataset."""
        self._note(Severity.WARNING, code, message, value, expected)

    def _note(self, severity: Severity, code: str, message: str, value: str | None, expected: str | None) -> None:
        shown = None if value is None else value[:SHOWN_CHARACTERS]
        self.findings.append(Finding(code=code, severity=severity, message=message, value=shown, expected=expected))
