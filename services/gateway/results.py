"""The answer to a batch: one result for each item, within the size of one answer."""

from collections.abc import Mapping

from pydantic_core import to_json

from shared.foundation.problem import shortened

MOST_RESULT_BYTES = 12 * 1024 * 1024
"""The most bytes of full results. Results beyond that are shortened."""
MOST_FINDINGS = 1_000
"""The most findings of one item. If there are more, the answer gives their number."""
IN_BRIEF = ("type", "title", "status", "receipt_id", "dataset_id", "accepted")
BEYOND = "the answer has no room for all findings; send this dataset alone to read them"


class Results:
    """Collects the answer to each item in turn."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self._bytes = 0

    def add(self, answer: Mapping[str, object]) -> None:
        """Add the answer to the next item."""
        full = _limited(answer)
        self._bytes += len(to_json(full))
        self.told.append(full if self._bytes <= MOST_RESULT_BYTES else _in_brief(answer))


def _limited(answer: Mapping[str, object]) -> dict[str, object]:
    findings = answer.get("findings")
    if not isinstance(findings, list) or len(findings) <= MOST_FINDINGS:
        return dict(answer)
    return {**answer, "findings": findings[:MOST_FINDINGS], "findings_count": len(findings)}


def _in_brief(answer: Mapping[str, object]) -> dict[str, object]:
    detail = answer.get("detail")
    why = f"{shortened(detail)}; {BEYOND}" if isinstance(detail, str) else BEYOND
    return {name: answer[name] for name in IN_BRIEF if name in answer} | {"detail": why}
