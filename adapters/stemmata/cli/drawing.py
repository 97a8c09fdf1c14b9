"""Draws a page, on a terminal or into a pipe.

- In a pipe, or wherever the width does not bind, a table is as wide as its longest names; on a
  terminal, cells are folded until the table fits. Nothing is ever cut off.
- Sentences and code are left to the terminal to break, so that copying them gives them whole; code
  stands at the margin, where Python wants it.
- Colours are rich's to decide: none in a pipe, none with NO_COLOR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Drawn

from stemmata.cli.page import Block, Code, Facts, Line, Lines, Span, Table, Text, faint, strong
from stemmata.cli.printable import printable

_GAP = 2
_NARROWEST = 8
_MARGIN = "  "


def drawn(page: Sequence[Block], file: TextIO) -> str:
    """Return *page* as it is to be written to *file*."""
    console = Console(file=file, markup=False, emoji=False, highlight=False, soft_wrap=True)
    # Not `is_terminal`, which is also true where colours were forced into a pipe.
    room = console.width if file.isatty() else None
    blocks = (list(_block(block, room)) for block in page)
    paragraphs = [Drawn("\n").join(lines) for lines in blocks if lines]
    # Not printed straight away: rich ends the process where a reader has gone.
    with console.capture() as written:
        console.print(Drawn("\n\n").join(paragraphs))
    return written.get()


def _block(block: Block, room: int | None) -> Iterator[Drawn]:
    match block:
        case Lines(lines=lines):
            yield from map(_line, lines)
        case Table(heads=heads, rows=rows, title=title):
            if rows:
                yield from _title(title)
                yield from _table(heads, rows, room)
        case Facts(facts=facts, title=title):
            yield from _title(title)
            yield from _facts(facts, room)
        case Code(text=text, title=title):
            yield from _title(title)
            for line in text.splitlines():
                yield Drawn(printable(line), "cyan")


def _title(title: Line) -> Iterator[Drawn]:
    if title:
        yield _line(title if isinstance(title, tuple | Span) else strong(title))


def _line(line: Line) -> Drawn:
    return Drawn().join(map(_text, line if isinstance(line, tuple) else (line,)))


def _text(text: Text) -> Drawn:
    return (
        Drawn(printable(text.text), text.style)
        if isinstance(text, Span)
        else Drawn(printable(text))
    )


def _facts(facts: Iterable[tuple[str, Text | Sequence[Text]]], room: int | None) -> Iterator[Drawn]:
    rows: list[tuple[Text, ...]] = []
    for label, fact in facts:
        lines = [fact] if isinstance(fact, str | Span) else list(fact)
        rows += [(faint(label if n == 0 else ""), line) for n, line in enumerate(lines)]
    yield from _rows([tuple(map(_text, row)) for row in rows], room)


def _table(
    heads: Sequence[str], rows: Iterable[tuple[Text, ...]], room: int | None
) -> Iterator[Drawn]:
    head = tuple(_text(faint(head)) for head in heads)
    yield from _rows([head, *(tuple(map(_text, row)) for row in rows)], room)


def _rows(rows: list[tuple[Drawn, ...]], room: int | None) -> Iterator[Drawn]:
    columns = list(zip(*rows, strict=True))
    widths = natural = [max(cell_len(cell.plain) for cell in column) for column in columns]
    if room is not None and sum(natural) + _GAP * (len(natural) - 1) > room - len(_MARGIN):
        words = [max(map(_longest_word, column)) for column in columns]
        widths = _fitted(natural, words, room - len(_MARGIN))
    for row in rows:
        yield from [_side_by_side(row, widths)] if widths == natural else _folded(row, widths)


def _folded(row: Sequence[Drawn], widths: Sequence[int]) -> Iterator[Drawn]:
    console = Console()
    folded = [
        cell.wrap(console, width, overflow="fold") if cell else [Drawn()]
        for cell, width in zip(row, widths, strict=True)
    ]
    for cells in zip_longest(*folded, fillvalue=Drawn()):
        for cell in cells:
            cell.rstrip()
        yield _side_by_side(cells, widths)


def _longest_word(cell: Drawn) -> int:
    return max(map(cell_len, cell.plain.split()), default=0)


def _side_by_side(cells: Sequence[Drawn], widths: Sequence[int]) -> Drawn:
    line = Drawn(_MARGIN)
    gap = 0
    for cell, width in zip(cells, widths, strict=True):
        if cell.plain:
            line.append(" " * gap)
            line.append_text(cell)
            gap = 0
        gap += width - cell_len(cell.plain) + _GAP
    return line


def _fitted(natural: Sequence[int], words: Sequence[int], room: int) -> list[int]:
    """Return widths that fit into *room* as far as they can.

    The widest columns give way first, and as long as possible only between words: a name that is broken
    is hard to read.
    """
    widths = list(natural)
    over = sum(widths) + _GAP * (len(widths) - 1) - room
    for least in (words, [_NARROWEST] * len(widths)):
        while over > 0:
            wide = [n for n, width in enumerate(widths) if width > least[n]]
            if not wide:
                break
            widths[max(wide, key=lambda n: widths[n])] -= 1
            over -= 1
    return widths
