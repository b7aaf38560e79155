"""How attention is written down: which way round, counted from what, in which symbols.

Conventions are for showing. The tensors keep their queries as rows, whatever is chosen here.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

QUERIES_AS = ("rows", "columns")
COUNT_FROM = (0, 1)
SYMBOLS = ("notebook", "paper", "words")
_WORDS = ("row", "rows", "Row", "Rows"), ("column", "columns", "Column", "Columns")
_LINES = {  # what the template of a sentence calls a line: what it is called as it is drawn
    drawn: dict(zip(itertools.chain(*_WORDS), itertools.chain(*words), strict=True))
    for drawn, words in (("rows", _WORDS), ("columns", _WORDS[::-1]))
}
_TWO_INDICES = re.compile(r"_\{([a-z])([a-z])\}")


@dataclass(frozen=True, slots=True)
class Conventions:
    """How values are drawn, numbered and called.

    Args:
        queries_as: Whether the queries are the ``"rows"`` of a picture or its ``"columns"``.
        count_from: The number of the first token and of the first dimension, 0 or 1.
        symbols: ``"notebook"`` (x, ω, α, z), ``"paper"`` (Q, K, V) or ``"words"``.
    """

    queries_as: str = "rows"
    count_from: int = 1
    symbols: str = "notebook"

    @property
    def is_turned(self) -> bool:
        """Whether the rows of a tensor are the columns of its picture."""
        return self.queries_as == "columns"

    def number(self, position: int) -> str:
        """Return the number of a position, which is itself from 0.

        Example:
            >>> Conventions().number(0), Conventions(count_from=0).number(0)
            ('1', '0')
        """
        return str(position + self.count_from)

    def dimension(self, column: int) -> str:
        """Return what a dimension of a vector is called.

        Example:
            >>> Conventions().dimension(2)
            'd3'
        """
        return f"d{self.number(column)}"

    def say(self, template: str, /, **fields: object) -> str:
        """Return a sentence, written for queries as rows, with its lines and fields filled in.

        ``{row} {rows} {Row} {Rows}`` name the line of a query as it is drawn, and ``{column}
        {columns} {Column} {Columns}`` that of a key. A field's own text is never changed, whatever
        is in it.

        Args:
            template: The whole sentence, as for ``str.format``.
            fields: What else is filled in, such as a token.

        Raises:
            TypeError: If a field has the name of a line.
            KeyError: If a name in the template is neither a line nor a field.

        Example:
            >>> Conventions().say("Each {row} sums to 1, no {column} need.")
            'Each row sums to 1, no column need.'
            >>> Conventions("columns").say("The {row} of {token} sums to 1.", token="row")
            'The column of row sums to 1.'
        """
        return template.format(**_LINES[self.queries_as], **fields)

    def shape(self, rows: object, columns: object) -> str:
        """Return the shape of a matrix as it is drawn.

        Args:
            rows: How many rows it has with queries as rows, as a number or as a name.
            columns: How many columns.

        Example:
            >>> Conventions().shape("n_tokens", "d_in"), Conventions("columns").shape(6, 3)
            ('(n_tokens, d_in)', '(3, 6)')
        """
        return f"({columns}, {rows})" if self.is_turned else f"({rows}, {columns})"

    def formula(self, latex: str) -> str:
        r"""Return a formula, written for queries as rows, with its indices in their places.

        Example:
            >>> Conventions("columns").formula(r"z_i = \sum_j \alpha_{ij}\,x_j")
            'z_i = \\sum_j \\alpha_{ji}\\,x_j'
        """
        return _TWO_INDICES.sub(r"_{\2\1}", latex) if self.is_turned else latex


USUAL = Conventions()
"""What the notebook does."""
