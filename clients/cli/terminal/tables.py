"""Tables for a terminal of any width. No word is broken, so that a path or an id can be pasted. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rich.cells import cell_len

GAP = "  "
"""The gap between columns, and the indent of lines below a row."""
ROWS_MEASURED = 500
"""The number of rows that decide the layout; any number of rows may follow."""
LEAST_FOLDED = 24
"""The least width of a folded column, in cells. In a narrower one, sentences are hard to read."""
MOST_PADDED = 100
"""The most width of a column that is not folded, in cells. A longer value shifts its neighbours."""
MOST_UNUSUAL = 5
"""One cell in this many may be too long for its column. It is printed below its row, and the others stay in place."""
LONGEST_CELL = 5000
"""In characters: longer than any path. A longer value is shortened in the middle."""
IN_ONE_LINE = str.maketrans({"\n": "\\n", "\t": "\\t"})


@dataclass(frozen=True)
class Layout:
    """The layout: the columns beside each other, each with its width, and the columns on lines of their own below."""

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
    """The layout in which these rows fit into a width, or their natural layout without one."""
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
    """The natural width of each column, except for the widest columns, which share the rest of the width."""
    for most in range(width, 0, -1):
        widths = [max(least, min(natural, most)) for least, natural in ranges]
        if _total(widths) <= width:
            return widths
    return [least for least, _ in ranges]


def text_of(cell: object) -> str:
    """The text of a cell on one line; empty for None."""
    return "" if cell is None else shortened(str(cell).translate(IN_ONE_LINE), LONGEST_CELL)


def shortened(text: str, most: int) -> str:
    """A text, shortened in the middle if it has more than this many characters."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def _usual(cells: Sequence[str], width: int) -> Sequence[str]:
    """The cells without those that have words of half the width, if these are few."""
    usual = [cell for cell in cells if _longest_word(cell) <= width // 2]
    return usual if (len(cells) - len(usual)) * MOST_UNUSUAL <= len(cells) else cells


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + len(GAP) * (len(each) - 1)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split(" ")))


def _folded(text: str, width: int) -> list[str]:
    """The lines of a cell, broken only at blanks."""
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
