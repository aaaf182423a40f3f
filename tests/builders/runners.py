"""What stands in for the runner of a stage."""

from collections.abc import Collection


class Forgetful:
    """Remembers no source."""

    def remembered(self) -> list[str]:
        return []

    def recall(self, sources: Collection[str]) -> None:
        """They are forgotten at once."""
