"""What could be changed in one line of a module, so that a test should notice."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

COMPARED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
COMPARED |= {"in": "not in", "not in": "in", "is": "is not", "is not": "is"}
COUNTED = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "**": "*"}
JOINED = {"and": "or", "or": "and"}
NAMED = {"min": "max", "any": "all", "amin": "amax", "argmin": "argmax", "tril": "triu"}
NAMED |= {"floor": "ceil", "exp": "expm1", "sorted": "list", "append": "extend"}
NAMED |= {new: old for old, new in NAMED.items() if old not in ("sorted", "append", "exp")}


class Change(NamedTuple):
    """Some bytes of a file, and what stands there instead."""

    kind: str
    line: int
    start: int
    end: int
    new: str


def changes(source: bytes) -> list[Change]:
    """Return every change that could be made, one at a time, in the text of a module."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for kind, first, last, new in _found(ast.parse(source)):
        start = starts[first[0] - 1] + first[1]
        end = starts[last[0] - 1] + last[1]
        old = source[start:end].decode()
        text = new if isinstance(new, str) else _exchanged(old, new)
        if first[0] == last[0] and text is not None and text != old:
            found.append(Change(kind, first[0], start, end, text))
    return found


Place = tuple[int, int]
New = str | dict[str, str]  # the new text, or by what each of some words in it is exchanged


def _exchanged(old: str, new: dict[str, str]) -> str | None:
    word = old.strip("() ")
    return old.replace(word, new[word]) if word in new else None


def _begin(node: ast.expr | ast.stmt) -> Place:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.stmt) -> Place:
    return node.end_lineno or 0, node.end_col_offset or 0


def _found(node: ast.AST) -> Iterator[tuple[str, Place, Place, New]]:
    """Yield the changes within a node, but for texts, types, decorators and messages."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield from _of_node(node)
    for name, field in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list"):
            for child in field if isinstance(field, list) else [field]:
                if isinstance(child, ast.AST):
                    yield from _found(child)


def _of_node(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Place, Place, New]]:
    match node:
        case ast.Compare(left=left, comparators=[right]):
            yield "comparison", _end(left), _begin(right), COMPARED
        case ast.BinOp(left=left, right=right) if not _is_text(left) and not _is_text(right):
            yield "arithmetic", _end(left), _begin(right), COUNTED
        case ast.BoolOp(values=values):
            for one, other in pairwise(values):
                yield "and, or", _end(one), _begin(other), JOINED
        case ast.UnaryOp(op=ast.Not()):
            yield "not", _begin(node), (node.lineno, node.col_offset + len("not")), ""
        case ast.Constant(value=bool(value)):
            yield "true, false", _begin(node), _end(node), repr(not value)
        case ast.Constant(value=int(value)):
            yield "number", _begin(node), _end(node), repr(value + 1)
            yield "number", _begin(node), _end(node), repr(value * 1000)
        case ast.Constant(value=float(value)):
            yield "number", _begin(node), _end(node), repr(value * 1000)
        case ast.IfExp(body=body, orelse=orelse):
            for kept in (body, orelse):
                yield "branch", _begin(node), _end(node), ast.unparse(kept)
        case ast.Return(value=ast.expr() as value):
            yield "return", _begin(value), _end(value), "None"
        case ast.If(test=test, orelse=[], body=[ast.Raise() | ast.Return() | ast.Continue()]):
            yield "guard", _begin(test), _end(test), "False"
        case ast.Expr(value=ast.Call()):
            yield "call", _begin(node), _end(node), "pass"
        case ast.Call(func=ast.Name() as name):
            yield "name", _begin(name), _end(name), NAMED
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in NAMED:
            last = _end(node.func)
            yield "name", (last[0], last[1] - len(attr)), last, NAMED
        case ast.Slice():
            for bound, by in ((node.lower, "+ 1"), (node.upper, "- 1")):
                if bound and not isinstance(bound, ast.Constant):
                    yield "slice", _end(bound), _end(bound), f" {by}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
