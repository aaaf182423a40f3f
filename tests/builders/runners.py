"""What a runner has besides `run`, for those that tests write."""

from collections.abc import Collection


class NeverHalted:
    """A runner that never halts, and remembers nobody."""

    halted: str | None = None

    def remembered(self) -> list[str]:
        return []

    def recall(self, sources: Collection[str]) -> None:
        del sources
