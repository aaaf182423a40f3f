"""The members of a runner besides `run`, for runners in tests."""

from collections.abc import Collection


class NeverHalted:
    """A runner that never halts and remembers no source."""

    halted: str | None = None

    def remembered(self) -> list[str]:
        return []

    def recall(self, sources: Collection[str]) -> None:
        del sources
