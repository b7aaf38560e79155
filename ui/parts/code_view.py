"""Code on the page, coloured, with a button that copies it.

Not ``st.code``: its highlighter is a script that costs each visitor's browser 0.3 s before the
first figure. Here Pygments finds the words of the language, on the server.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

from ui.components import component

_KINDS = {
    Comment: "comment",
    Keyword: "keyword",
    Operator.Word: "keyword",
    Name.Builtin.Pseudo: "keyword",
    String: "string",
    Number: "number",
}
_code = component("code")


def code(name: str, text: str) -> None:
    """Show Python code.

    Args:
        name: Which code of the page it is, for Streamlit to tell them apart.
        text: The code.
    """
    _code(data={"parts": parts(text)}, key=f"code:{name}")


@lru_cache(maxsize=16)
def parts(text: str) -> list[tuple[str, str]]:
    """Return code in parts, each with its kind; joined they are the code again.

    Example:
        >>> parts("x = 1  # one")
        [('', 'x = '), ('number', '1'), ('', '  '), ('comment', '# one')]
    """
    lexer = PythonLexer(ensurenl=False, stripnl=False)
    told = ((_kind(token), word) for token, word in lexer.get_tokens(text))
    return [
        (kind, "".join(word for _, word in together))
        for kind, together in groupby(told, key=lambda part: part[0])
    ]


def _kind(token: _TokenType) -> str:
    return next((kind for of, kind in _KINDS.items() if token in of), "")
