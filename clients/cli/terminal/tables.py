"""Tables for a terminal of any width. No word is broken, so that whoever reads a path or an id can paste it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rich.cells import cell_len

GAP = "  "
"""Between columns, and before what stands below a row."""
ROWS_MEASURED = 500
"""The first rows decide the layout; all others may be as many as there are."""
LEAST_FOLDED = 24
"""Cells of a column that is folded: narrower, its sentences are hard to read."""
MOST_PADDED = 100
"""Cells of a column where nothing is folded: what is longer moves its neighbours."""
MOST_UNUSUAL = 5
"""One cell in so many may be too long for its column: it stands below its row, and the others stay in their place."""
LONGEST_CELL = 5000
"""Characters: more than a path can have. What is longer is shortened in the middle."""
IN_ONE_LINE = str.maketrans({"\n": "\\n", "\t": "\\t"})


@dataclass(frozen=True)
class Layout:
    """Which columns stand beside each other, each with its width, and which on lines of their own below."""

    beside: Sequence[tuple[int, int]]
    below: Sequence[int] = ()
    folds: bool = True

    def lines(self, row: Sequence[str]) -> Iterator[str]:
        """The lines of one row."""
        unusual = {column for column, width in self.beside if self.folds and _longest_word(row[column]) > width}
        beside = [("" if column in unusual else row[column], width) for column, width in self.beside]
        folded = [_folded(cell, width) if self.folds else [cell] for cell, width in beside]
        for line in range(max(map(len, folded))):
            parts = [cell[line] if line < len(cell) else "" for cell in folded]
            padded = (
                part + " " * (width - cell_len(part)) for part, (_, width) in zip(parts, self.beside, strict=True)
            )
            yield GAP.join(padded).rstrip()
        for column in sorted({*self.below, *unusual}):
            if row[column]:
                yield GAP + row[column]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], width: int | None) -> Iterator[list[str]]:
    """The lines of the header, and then of each row.

    Where they do not fit into the width, cells are folded at words; where that is not enough, the columns of the
    longest words stand below, or only the few cells that are too long. Without a width each row is one line.
    """
    texts = ([text_of(cell) for cell in row] for row in rows)
    first = list(islice(texts, ROWS_MEASURED))
    layout = layout_of([list(columns), *first], width)
    for row in chain([list(columns)], first, texts):
        yield list(layout.lines(row))


def layout_of(rows: Sequence[Sequence[str]], width: int | None) -> Layout:
    """The layout in which these rows fit into a width; as they are, without one."""
    natural = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    if width is None:
        return Layout([(column, min(wanted, MOST_PADDED)) for column, wanted in enumerate(natural)], folds=False)
    usual = [_usual(cells, width) for cells in zip(*rows, strict=True)]
    natural = [max(map(cell_len, cells)) for cells in usual]
    words = [max(map(_longest_word, cells)) for cells in usual]
    least = [max(word, min(wanted, LEAST_FOLDED)) for word, wanted in zip(words, natural, strict=True)]
    beside, below = list(range(len(natural))), []
    while len(beside) > 1 and _total(least[column] for column in beside) > width:
        longest = max(beside, key=lambda column: (least[column], column))
        beside.remove(longest)
        below.append(longest)
    widths = _widths([(least[column], natural[column]) for column in beside], width)
    return Layout(list(zip(beside, widths, strict=True)), sorted(below))


def _widths(ranges: Sequence[tuple[int, int]], width: int) -> list[int]:
    """As wide as each column is by nature, but for the widest: they share what is left of the width."""
    for most in range(width, 0, -1):
        widths = [max(least, min(natural, most)) for least, natural in ranges]
        if _total(widths) <= width:
            return widths
    return [least for least, _ in ranges]


def text_of(cell: object) -> str:
    """A cell in one line; nothing for nothing."""
    return "" if cell is None else shortened(str(cell).translate(IN_ONE_LINE), LONGEST_CELL)


def shortened(text: str, most: int) -> str:
    """A text without its middle, if it is longer than so many characters."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def _usual(cells: Sequence[str], width: int) -> Sequence[str]:
    """Without the few cells, if they are few, with a word that would take half of the width."""
    usual = [cell for cell in cells if _longest_word(cell) <= width // 2]
    return usual if (len(cells) - len(usual)) * MOST_UNUSUAL <= len(cells) else cells


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + len(GAP) * (len(each) - 1)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split(" ")))


def _folded(text: str, width: int) -> list[str]:
    """The lines of a cell, broken at blanks alone."""
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    room = 0
    for word in text.split():
        size = cell_len(word)
        if lines and size < room:
            lines[-1] += f" {word}"
            room -= size + 1
        else:
            lines.append(word)
            room = width - size
    return lines or [""]
