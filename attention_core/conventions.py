"""How attention is written down: which way round, counted from what, in which symbols.

Conventions are for showing. The tensors keep their queries as rows, whatever is chosen here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

QUERIES_AS = ("rows", "columns")
COUNT_FROM = (0, 1)
SYMBOLS = ("notebook", "paper", "words")
_SWAPPED = {"row": "column", "column": "row", "Row": "Column", "Column": "Row"}
_LINE = re.compile(rf"\b({'|'.join(_SWAPPED)})(?=s?\b)")
_SHAPE = re.compile(r"\((1|n_\w+|d_\w+), (1|n_\w+|d_\w+)\)")
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

    def said(self, text: str) -> str:
        """Return our own words, written for queries as rows, with rows and columns in their places.

        Not for a text with the user's words in it: a token may be "row".

        Example:
            >>> Conventions("columns").said("Each row sums to 1, no column need: (n_tokens, d_in)")
            'Each column sums to 1, no row need: (d_in, n_tokens)'
            >>> Conventions("rows").said("Each row sums to 1.")
            'Each row sums to 1.'
        """
        if not self.is_turned:
            return text
        return _SHAPE.sub(r"(\2, \1)", _LINE.sub(lambda line: _SWAPPED[line[1]], text))

    def formula(self, latex: str) -> str:
        r"""Return a formula, written for queries as rows, with its indices in their places.

        Example:
            >>> Conventions("columns").formula(r"z_i = \sum_j \alpha_{ij}\,x_j")
            'z_i = \\sum_j \\alpha_{ji}\\,x_j'
        """
        return _TWO_INDICES.sub(r"_{\2\1}", latex) if self.is_turned else latex


USUAL = Conventions()
"""What the notebook does."""
