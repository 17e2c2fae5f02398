"""Write JSON lines out of columns of whole numbers, by compiled code: forms say what a line holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from podium.backtest.forms import ABSENT, Form, Given, Grid, Named, Scaled, Time, Whole
from podium.backtest.lines_kernel import LineTables, PieceKind, write_lines

__all__ = ["LineWriter", "json_text"]

#: Compact, since the standard library indents in Python and not in C; jq shows it as one likes.
json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BUFFER_BYTES = 1 << 20
#: A sign, the digits of a product of two numbers of 64 bits, a point; a fine grid has more digits.
_NUMBER_BYTES = 41
#: A step is one; the grids with names come after it.
_WHOLE_GRID = 0
#: The number of the first text that comes with the rows, until it is known.
_BEHIND = -(1 << 62)


class LineWriter:
    """Write lines of some forms.

    Args:
        forms: what lines hold.
        grids: by name, all of the same cells; at least one.
    """

    def __init__(self, forms: Sequence[Form], grids: Mapping[str, Grid]) -> None:
        self._pieces = _Pieces(grids)
        self._starts = [0, *(self._pieces.add(form) for form in forms)]
        ones = np.ones_like(next(iter(grids.values())).steps)
        self._grids = (Grid(ones, 0 * ones), *grids.values())
        self._plain = self._tables(())
        self._buffer = np.zeros(max(_BUFFER_BYTES, self._pieces.longest), np.uint8)

    def write(
        self, forms: NDArray[np.int64], columns: Mapping[str, NDArray[np.integer]], texts: Sequence[bytes] = ()
    ) -> Iterator[bytes]:
        """Write rows.

        Args:
            forms: for each row the number of its form; negative leaves it out.
            columns: by name, ``cell`` among them; shape ``(rows,)`` each.
            texts: JSON, for fields named by what comes with the rows.

        Returns:
            Whole lines, about a megabyte at a time.
        """
        tables = self._tables(texts) if texts else self._plain
        longest = self._pieces.longest + self._pieces.given * max(map(len, texts), default=0)
        if len(self._buffer) < longest:
            self._buffer = np.zeros(longest, np.uint8)
        values = np.empty((len(forms), len(self._pieces.columns)), np.int64)
        for place, name in enumerate(self._pieces.columns):
            values[:, place] = columns[name]
        row = 0
        while row < len(forms):
            row, length = write_lines(tables, values, forms, row, self._buffer, longest)
            yield self._buffer[:length].tobytes()

    def _tables(self, given: Sequence[bytes]) -> LineTables:
        own = self._pieces.texts
        pieces = np.array(self._pieces.rows, np.int64).reshape(-1, 3).T.copy()
        pieces[2][pieces[2] == _BEHIND] = len(own)
        texts = [*own, *given]
        return LineTables(
            first_pieces=np.array(self._starts, np.int64),
            kinds=pieces[0],
            columns=pieces[1],
            arguments=pieces[2],
            text_starts=np.cumsum([0, *map(len, texts)], dtype=np.int64),
            text_bytes=np.array(bytearray().join(texts), np.uint8),
            grid_steps=np.array([grid.steps for grid in self._grids], np.int64),
            grid_digits=np.array([grid.digits for grid in self._grids], np.int64),
        )


class _Pieces:
    """Take forms apart into what the kernel appends."""

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.texts: list[bytes] = []
        self.columns = {"cell": 0}
        self.longest, self.given = 0, 0
        self._grids = tuple(grids)
        self._number_bytes = _NUMBER_BYTES + max((int(grid.digits.max()) for grid in grids.values()), default=0)
        # Of the form that is being added: constant text that is not yet a piece, the most bytes, given texts.
        self._text, self._bytes, self._count = "", 0, 0

    def add(self, form: Form) -> int:
        """Add a form; give the number of pieces so far."""
        self._bytes, self._count = 0, 0
        self._members(form)
        self._end_text()
        self.longest = max(self.longest, self._bytes + len("\n"))
        self.given = max(self.given, self._count)
        return len(self.rows)

    def _members(self, form: Form) -> None:
        self._text += "{"
        for place, (name, content) in enumerate(form.items()):
            head = f"{',' if place else ''}{json_text(name)}:"
            if isinstance(content, Named):
                # What is left out is left out with its name.
                self._named(content.column, {key: _member(head, value) for key, value in content.values.items()})
            else:
                self._text += head
                self._content(content)
        self._text += "}"

    def _content(self, content: object) -> None:
        match content:
            case Whole(column):
                self._number(PieceKind.DECIMAL, column, _WHOLE_GRID)
            case Scaled(column, grid):
                self._text += '"'
                self._number(PieceKind.DECIMAL, column, _WHOLE_GRID + 1 + self._grids.index(grid))
                self._text += '"'
            case Time(column, is_fine):
                self._text += '"'
                self._number(PieceKind.TIME, column, int(is_fine))
                self._text += '"'
            case Given(column):
                self._count += 1
                self._piece(PieceKind.NAMED, column, _BEHIND)
            case Mapping():
                self._members(content)
            case _:
                self._text += json_text(content)

    def _named(self, column: str, texts: Mapping[int, str]) -> None:
        lowest, highest = min(texts), max(texts)
        encoded = [texts.get(key, "").encode() for key in range(lowest, highest + 1)]
        self._bytes += max(map(len, encoded))
        self._piece(PieceKind.NAMED, column, self._keep(encoded) - lowest)

    def _number(self, kind: PieceKind, column: str, argument: int) -> None:
        self._bytes += self._number_bytes
        self._piece(kind, column, argument)

    def _piece(self, kind: PieceKind, column: str, argument: int) -> None:
        self._end_text()
        self.rows.append((kind, self.columns.setdefault(column, len(self.columns)), argument))

    def _end_text(self) -> None:
        if self._text:
            encoded, self._text = self._text.encode(), ""
            self._bytes += len(encoded)
            self.rows.append((PieceKind.TEXT, 0, self._keep([encoded])))

    def _keep(self, texts: Sequence[bytes]) -> int:
        """Keep texts; give the number of the first."""
        self.texts += texts
        return len(self.texts) - len(texts)


def _member(head: str, value: object) -> str:
    return "" if value is ABSENT else head + json_text(value)
