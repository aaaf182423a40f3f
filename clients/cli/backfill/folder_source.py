"""A folder with the files that pipelines left behind, read by the importers of `beamcat submit --from`."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from clients.cli.backfill.item import Item, Position
from clients.cli.backfill.journal import STATE_FOLDER
from clients.cli.connection.api import Api, Unreachable
from clients.cli.submissions.sources import Source, read_results, with_times
from clients.cli.terminal.output import Failed
from clients.importers.assembly import Given

PATTERNS = ("*.xml", "*.json", "*.cif", "*.mmcif")


@dataclass(frozen=True)
class FolderSource:
    """The folder. A position is the path of the last file that was read, relative to the folder."""

    folder: Path
    api: Api
    given: Given
    patterns: Sequence[str] = PATTERNS

    @property
    def identity(self) -> str:
        """The path of the folder: the submissions say it too."""
        return str(self.folder.resolve())

    def read(self, position: Position | None) -> Iterator[Item]:
        """Each file after a position, in the order of its path."""
        after = tuple(position.split("/")) if position else ()
        for file, done in self._files(self.folder, after, (0.0, 1.0)):
            yield self._item(file, done)

    def _files(self, folder: Path, after: Sequence[str], span: tuple[float, float]) -> Iterator[tuple[Path, float]]:
        """The files below a folder after a path, and the part of the source before each, which lies in a span."""
        try:
            with os.scandir(folder) as found:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
        except OSError:
            yield folder, span[1]  # it cannot be read as a file either, and the reason is reported
            return
        begin, width = span[0], (span[1] - span[0]) / max(len(entries), 1)
        for number, (name, is_folder) in enumerate(entries):
            if after and (name < after[0] or [name] == list(after)):
                continue
            here = begin + number * width
            if is_folder and not name.endswith(STATE_FOLDER):
                below = after[1:] if after and name == after[0] else ()
                yield from self._files(folder / name, below, (here, here + width))
            elif not is_folder and self._is_meant(name):
                yield folder / name, here + width

    def _is_meant(self, name: str) -> bool:
        return any(fnmatch(name.lower(), pattern.lower()) for pattern in self.patterns)

    def _item(self, file: Path, done: float) -> Item:
        place = file.relative_to(self.folder).as_posix()
        try:
            sources = with_times(self.api, read_results(file, self.given, None))
        except Unreachable:
            raise
        except (Failed, OSError) as error:
            return Item(place, place, done, fault=str(error))
        submissions = [source.submission for source in sources]
        return Item(place, place, done, submissions, notes=_notes(sources))


def _notes(sources: Sequence[Source]) -> dict[str, object]:
    unplaced = [asdict(one) for source in sources for one in source.unplaced or ()]
    findings = [one.model_dump(mode="json", exclude_none=True) for source in sources for one in source.findings]
    return {name: said for name, said in (("not_submitted", unplaced), ("findings", findings)) if said}
