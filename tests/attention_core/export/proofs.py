"""What the tests do with a proof: run it, spoil it, read what it would run."""

import ast
import contextlib
import io
import json
import tokenize
from collections.abc import Iterator
from typing import Any

SAME = "Every step agrees with what the page showed.\n"


def run(code: str | ast.Module) -> dict[str, Any]:
    """Run a proof in a namespace of its own; it must say at its end that all is the same."""
    names: dict[str, Any] = {"__name__": "__main__"}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "proof.py", "exec"), names)
    assert said.getvalue() == SAME
    return names


def code_of(notebook: str) -> str:
    """Return the code of a notebook's cells, in order."""
    cells = json.loads(notebook)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def imports(code: str) -> set[str]:
    """Return what a proof imports, wherever it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def comments(code: str) -> list[str]:
    """Return the comments of a proof."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def spoilt(code: str, by: float = 0.01) -> Iterator[tuple[str, ast.Module]]:
    """Yield a proof again and again, each time with one number of one tensor changed.

    It is the tensor's largest number, by a share of itself; of a mask, its first cell.
    """
    tree = ast.parse(code)
    for node in ast.walk(tree):
        numbers = _numbers(node)
        if not numbers:
            continue
        is_mask = "torch.bool" in ast.unparse(node) or isinstance(numbers[0].value, bool)
        most: Any = numbers[0] if is_mask else max(numbers, key=_size)
        before = most.value
        most.value = not before if is_mask else float(before) * (1 + by) or by
        assert isinstance(node, ast.Assign)
        yield f"{ast.unparse(node.targets[0])}, line {node.lineno}", tree
        most.value = before


def _size(number: Any) -> float:
    return abs(float(number.value))


def _numbers(node: ast.AST) -> list[ast.Constant]:
    """Return the numbers of the tensor that a line makes, if it makes one."""
    if not isinstance(node, ast.Assign) or not ast.unparse(node.value).startswith("torch.tensor(["):
        return []
    call = node.value
    while isinstance(call, ast.Call) and not ast.unparse(call.func).endswith("tensor"):
        call = call.func.value  # type: ignore[attr-defined]
    assert isinstance(call, ast.Call)
    return [
        each
        for each in ast.walk(call.args[0])
        if isinstance(each, ast.Constant) and isinstance(each.value, (int, float))
    ]
