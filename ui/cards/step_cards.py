"""The cards of a mechanism's steps: picture, shape, formula, finding, self-check; its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from attention_core import USUAL, Check, Conventions, Step, Trace
from attention_core.export.literals import MOST_LISTED, dtype_code, tensor_code
from attention_core.figures import finding, heatmap_spec, pointing, with_lit_row
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import Part, height_of
from attention_core.glossary import symbol, term
from attention_core.operations import DivideByRoot, DotProducts
from ui.cards.card import MIN_WIDTH, Card, Group, Spec, Verdict
from ui.cards.explained import SCOPE, Explained

WIDE_FROM, MIN_WIDTH_WIDE = 7, 400  # columns: a wider matrix gets a wider card
MOST_PRINTED = MOST_LISTED  # numbers; code with more reads the file of the embeddings instead
FROM_FILE = "inputs"  # the value that the file holds
READ_FILE = """\
# Download embeddings.csv on this page, under "Take it with you", and put it beside this code.
with open("embeddings.csv", encoding="utf-8-sig", newline="") as file:
    rows = [[float(number) for number in row[1:]] for row in list(csv.reader(file))[1:]]"""
INDICES = "$i$ — the query token ({row}); $j$ — the key token ({column})"
TOO_MANY = "There are too many cells to write their numbers. Point at one, or see them below."
IN_TORCH = (
    "In PyTorch the queries are always rows, as in the table: what the pictures above show is the "
    "transpose (`.mT`) of these tensors."
)


def steps(
    trace: Trace,
    names: Sequence[str],
    tokens: Sequence[str],
    *,
    conventions: Conventions = USUAL,
    head: int | None = None,
) -> Group:
    """Return values of a trace side by side, each with its picture and its self-check.

    Args:
        trace: A run of any mechanism.
        names: Its steps or inputs, in the order of drawing.
        tokens: One label per token.
        conventions: How values are drawn and numbered.
        head: Which head is shown of those that have heads.
    """
    own = [name for name in names if name in trace.steps]
    checks = trace.check(*own) if own else ()
    cards = [
        step_card(
            trace,
            name,
            tokens,
            checks,
            conventions=conventions,
            head=head if trace[name].ndim == 3 else None,
        )
        for name in names
    ]
    return Group(cards, Explained(trace, tokens), card_width(len(tokens)))


def with_lit_rows(group: Group, row: int, label: str) -> Group:
    """Return figures with a frame around one row of each, in the query's colour.

    Args:
        group: The figures.
        row: The row's position.
        label: Its token.
    """
    cards = [replace(card, spec=with_lit_row(card.spec, row, label)) for card in group.cards]
    return replace(group, cards=cards)


def card_width(n_columns: int) -> int:
    """Return how wide a card of so many columns is at least, in pixels."""
    return MIN_WIDTH if n_columns < WIDE_FROM else MIN_WIDTH_WIDE


def step_card(
    trace: Trace,
    name: str,
    tokens: Sequence[str],
    checks: Sequence[Check],
    *,
    query: str = "",
    query_row: int | None = None,
    part: Part | None = None,
    conventions: Conventions = USUAL,
    head: int | None = None,
) -> Card:
    """Return the card of one value: title, shape, formula, picture, finding and self-check.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes, or three with ``head``.
        tokens: One label per token.
        checks: Of the whole trace; none where its own card stands elsewhere.
        query: The label of the row, when there is only one query.
        query_row: Which row of ``inputs`` the value ``query`` is, when it is one of them.
        part: The rows and the columns to show, if not all.
        conventions: How values are drawn and numbered.
        head: Which head is shown of a value with heads; it is part of the id and of the title.
    """
    spec = heatmap_spec(
        trace, name, tokens, query=query, part=part, conventions=conventions, head=head
    )
    alt = ""
    if not part:
        called = query or "the query"
        alt = finding(trace, name, tokens, query=called, conventions=conventions, head=head)
    card_id, title, shown = name, term(name).title, name
    if head is not None:
        card_id, shown = f"{name}_{head}", f"{name}[{head}]"
        title = f"{title}, {head_of(head, conventions)}"
    card = value_card(
        card_id,
        title,
        spec,
        alt,
        shown_of(trace, name, head).matrix,
        turns=shown if conventions.is_turned else "",
    )
    cells = pointing(
        trace,
        name,
        tokens,
        query=query,
        query_row=query_row,
        part=part,
        conventions=conventions,
        head=head,
    )
    card = replace(
        card,
        height=height_of(len(part[0])) if part else card.height,
        note="" if part else _unlabelled(card.heatmap),
        cells={**cells, "scope": SCOPE, "turned": False},
    )
    if name not in trace.steps:
        return card
    step = trace.mechanism.step(name)
    own = [check for check in checks if check.step == name]
    return replace(
        card,
        formula=step.operation.pytorch(name, *step.of),
        check=verdict(own, conventions) if own else None,
    )


def head_of(head: int, conventions: Conventions) -> str:
    """Return what a head is called.

    Example:
        >>> head_of(0, USUAL)
        'head 1'
    """
    return f"head {conventions.number(head)}"


def _unlabelled(heatmap: Spec) -> str:
    """Return why a heatmap shows no numbers, and which cells it shows; nothing if it has labels."""
    if "texttemplate" in heatmap:
        return ""
    down, across = heatmap["meta"].get("block", (1, 1))
    if down * across == 1:
        return TOO_MANY
    return (
        f"An overview: of each {down} × {across} cells, the one furthest from 0 is shown. "
        "Drag a box to zoom in, double-click to zoom out; see the exact numbers below."
    )


def value_card(
    card_id: str, title: str, spec: Spec, alt: str, tensor: torch.Tensor, *, turns: str
) -> Card:
    """Return the card of a matrix; ``turns`` marks that its picture is to be turned.

    Args:
        card_id: Its id.
        title: Its heading.
        spec: Its figure, rows as rows.
        alt: What it shows, in a sentence.
        tensor: Its numbers.
        turns: The name of the tensor in code when ``as_drawn`` is to turn its picture, else empty.
    """
    return Card(
        id=card_id,
        title=title,
        spec=spec,
        height=height_of(tensor.shape[0]),
        alt=alt,
        shape=shape_of(tensor),
        turns=turns,
    )


def shape_of(tensor: torch.Tensor) -> str:
    """Return a shape as people write it.

    Example:
        >>> shape_of(torch.zeros(6, 3))
        '6 × 3'
    """
    return " × ".join(str(size) for size in tensor.shape)


def verdict(checks: Sequence[Check], conventions: Conventions = USUAL) -> Verdict:
    """Return what the checks of a step say, in a line and in detail."""
    checks = [check._replace(route=check.route_in(conventions)) for check in checks]
    broken = [check for check in checks if not check.ok]
    if broken:
        worst = broken[0]
        text = (
            f"Something is wrong with these numbers: {worst.step} · {worst.route} · "
            f"{worst.numbers}. Do not trust this picture."
        )
    else:
        text = _praise(checks)
    detail = (
        f"{check.route}: {check.numbers} ({'ok' if check.ok else 'BROKEN'})" for check in checks
    )
    return Verdict(not broken, text, tuple(detail))


def _praise(checks: Sequence[Check]) -> str:
    """Return which routes agree and which laws hold."""
    routes = [check for check in checks if check.route.startswith(("loops", "float64"))]
    laws = [check.route for check in checks if check not in routes]
    furthest = max(routes, key=lambda check: check.share)
    if len(routes) > 1:
        said = "Plain Python loops on 64 seeded cells, and a float64 route on all of them, agree"
    else:
        said = "Plain Python loops give the same numbers"
    holds = "".join(f" {law[0].upper()}{law[1:]}." for law in laws)
    return f"{said} ({furthest.numbers}).{holds}"


def latex_of(step: Step, conventions: Conventions) -> list[str]:
    """Return a step's formulas: of its matrix, where the paper would write one, and of a cell."""
    result, operands = symbol(step.name, conventions), _operand_symbols(step, conventions)
    cell = conventions.formula(step.operation.latex(result, *operands))
    if conventions.symbols != "paper":
        return [cell]
    whole = step.operation.matrix_latex(result, *operands, is_turned=conventions.is_turned)
    return [whole, cell] if whole else [cell]


def _operand_symbols(step: Step, conventions: Conventions) -> list[str]:
    roles = step.operation.roles or ("",) * len(step.of)
    return [symbol(name, conventions, role) for name, role in zip(step.of, roles, strict=True)]


def legend(shown: Sequence[Step], conventions: Conventions, indices: str = INDICES) -> list[str]:
    """Return what each symbol of the steps stands for, a line of Markdown each."""
    used: dict[str, dict[str, None]] = {}
    for step in shown:
        operands = zip(step.of, _operand_symbols(step, conventions), strict=True)
        for name, own in (*operands, (step.name, symbol(step.name, conventions))):
            used.setdefault(name, {})[own] = None
    lines = []
    for name, symbols in used.items():
        known = term(name)
        written = ", ".join(f"${own}$" for own in symbols)
        others = [
            other for other in known.other_names.split(", ") if other and other not in symbols
        ]
        if conventions.symbols != "notebook" and known.word:
            others.insert(0, f"${known.symbol}$ (notebook)")
        elsewhere = f" Elsewhere: {', '.join(others)}." if others else ""
        meaning = known.meaning_in(conventions)
        lines.append(f"- {written} — `{name}`: {meaning}.{elsewhere}")
    lines.append(conventions.say(f"- {indices}"))
    operations = tuple(type(step.operation) for step in shown)
    is_bare = DotProducts in operations and DivideByRoot not in operations
    if conventions.symbols == "paper" and is_bare:
        lines.append(
            r"- The paper also divides the scores by $\sqrt{d_k}$ before the softmax, and makes "
            "queries, keys and values by trained weights. Here nothing is divided or trained."
        )
    return lines


def pytorch_of(trace: Trace, tokens: Sequence[str] = ()) -> str:
    """Return PyTorch that rebuilds every step of a trace from its inputs, to the last bit.

    Large embeddings are read from the file that the page offers.
    """
    parts = ["import csv\n\nimport torch\n" if reads_file(trace) else "import torch\n"]
    for name, tensor in trace.inputs.items():
        if name == FROM_FILE and reads_file(trace):
            parts.append(f"{READ_FILE}\n{name} = torch.tensor(rows{dtype_code(tensor)})")
        else:
            parts.append(tensor_code(name, tensor, tokens))
    return "\n".join([*parts, "", trace.mechanism.pytorch()])


def reads_file(trace: Trace) -> bool:
    """Return whether the code of a trace reads the embeddings instead of printing them."""
    return FROM_FILE in trace.inputs and trace[FROM_FILE].numel() > MOST_PRINTED
