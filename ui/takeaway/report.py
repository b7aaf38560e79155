"""The page on screen as a report: one HTML file with everything it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import torch

from attention_core import Conventions, Trace
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import position_labels
from attention_core.figures.report import Matrix, Picture, Report, Section, report_html
from attention_core.glossary import term
from ui.cards import lens, step_cards
from ui.cards.card import Card, Group, as_drawn
from ui.cards.excerpt import SUFFIX
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.causal_attention import figures as causal
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.start_here import figures as start
from ui.lessons.to_self_attention import figures as to_self

Drawn = tuple[tuple[str, Group], ...]
SMALL = 64  # tokens, up to which a report has less than MOST bytes
MOST = 6_000_000

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "figures:start": "Every step",
        "figures:dots": "Dot by dot",
        "figures:normalisations": "Three normalisations",
        "figures:context": "The weighted sum",
        "figures:whole": "In the plane or in space",
        "figures:loops": "Loops against one matrix product",
        "figures:all": "Every step",
        "figures:timings": "Measured times",
        "figures:orders": "Another order of the tokens",
        "figures:scaled": "At this temperature",
        "figures:ways": "Three ways to make weights",
        "figures:jacobian": "Gradients of softmax",
        "figures:projected": "Queries, keys, values",
        "figures:attending": "From scores to context vectors",
        "figures:scale": "Why divide by √d_k",
        "figures:heads": "All heads, in one colour scale",
        "figures:head": "One head",
        "figures:head_steps": "One head, step by step",
        "figures:joined": "Side by side, then mixed",
        "figures:contributions": "What each head contributes",
        "figures:stacked": "Separate heads, stacked",
        "figures:mask": "The mask: who may attend to whom",
        "figures:masked": "−∞ before the softmax",
        "figures:renormalised": "Or 0 after it, and divide again",
        "figures:causal_context": "The context vectors",
        "figures:leaks": "The leak detector",
        "figures:dropping": "What dropout does",
        "figures:mean_draws": "The mean of many draws",
        "figures:training": "The training",
        "figures:tensor_heads": "The heads, in one colour scale",
        "figures:tensor_steps": "Step by step",
        "figures:tensor_inputs": "What it begins with",
        "figures:why_vector": "The bottleneck: what the decoder begins with",
        "figures:why_reading": "The encoder reads",
        "figures:why_gates": "The gates",
        "figures:why_accuracy": "The longer the sentence, the less fits",
        "figures:why_training": "While they were trained",
        "figures:why_recall": "What can be read back of each word",
        "figures:why_memory": "How strongly the final state answers to each word",
        "figures:bahdanau_step": "One word at a time",
        "figures:bahdanau_so_far": "Where it looked so far",
        "figures:bahdanau_all": "All words at once",
        **{
            f"{of.PLACE}{which}": it.title
            for of in (side_by_side, to_self)
            for which, it in of.SHOWN.items()
        },
        **{
            f"{lens.NAME}{of.OWN}": "Gradient lens"
            for of in (start, trainable, causal, multi_head, to_self)
        },
    }
)
"""What stands above figures in a report."""
READ_NUMBERS = ("why_attention.py", "bahdanau_attention.py", "train_it_yourself.py")
"""The pages whose sentence is the one that is translated."""
_LESSONS = MappingProxyType({lesson.title: lesson for lesson in LESSONS})


def report_of(drawn: Drawn, lab: Lab, *, title: str, link: str, made: datetime) -> str:
    """Return a page as one HTML file.

    Args:
        drawn: The figures on it: where each group stands, and the group.
        lab: What its visitor chose.
        title: What it is called.
        link: Its address with the lab in it; empty if that would be too long.
        made: When, in UTC.
    """
    conventions, lesson = lab.conventions, _LESSONS.get(title)
    signs = {"notebook": "the notebook's symbols", "paper": "the paper's symbols Q, K, V"}
    facts = [
        (
            "Conventions",
            f"queries are {conventions.queries_as}, counted from {conventions.count_from}, "
            f"in {signs.get(conventions.symbols, 'plain words')}",
        )
    ]
    if not link:
        facts.append(("On the site", "this lab is too large for an address: ask for its file"))
    return report_html(
        Report(
            title=title,
            question=lesson.question if lesson else "",
            sentence=" ".join(words_of(lab))
            if lesson and lesson.file in READ_NUMBERS
            else lab.sentence,
            facts=facts,
            made=f"{made:%Y-%m-%d %H:%M} UTC",
            link=link,
            inputs=list(_inputs(drawn, conventions)),
            sections=[_section(place, group, conventions) for place, group in drawn],
        )
    )


def most_tokens(drawn: Drawn, lab: Lab) -> int:
    """Return how many tokens the longest of what a page shows has, whichever sentence it is of.

    Args:
        drawn: As for ``report_of``.
        lab: What its visitor chose.
    """
    runs = [group.explained for _, group in drawn if group.explained]
    sizes = [
        size
        for run in runs
        for name in run.trace.names
        for axis, size in zip(run.trace.axes(name), run.trace[name].shape, strict=True)
        if axis.endswith("token")
    ]
    return max(len(lab.tokens), *sizes, 0)


def _section(place: str, group: Group, conventions: Conventions) -> Section:
    heading = HEADINGS.get(place.removesuffix(SUFFIX), "")
    if heading and place.endswith(SUFFIX):
        heading = f"{heading}: with numbers"
    pictures = [_picture(card, group, conventions) for card in group.cards]
    return Section(heading, pictures, group.min_width)


def _picture(card: Card, group: Group, conventions: Conventions) -> Picture:
    """Return what a card shows."""
    shown, check = as_drawn(card), card.check
    return Picture(
        title=shown.title,
        spec=shown.spec,
        height=shown.height,
        alt=shown.alt,
        shape=shown.shape,
        code=shown.formula,
        latex=tuple(_latex(card, group, conventions)),
        check=check.text if check else "",
        is_sound=not check or check.ok,
        details=check.detail if check else (),
        note=shown.note,
    )


def _latex(card: Card, group: Group, conventions: Conventions) -> list[str]:
    """Return the formulas of the step that a card shows, if it is one."""
    if not group.explained or not card.cells:
        return []
    trace, name = group.explained.trace, card.cells["name"]
    if name not in trace.steps:
        return []
    return step_cards.latex_of(trace.mechanism.step(name), conventions)


def _inputs(drawn: Drawn, conventions: Conventions) -> Iterator[Matrix]:
    """Yield the inputs of every run that is shown, each once; another of its name says whose."""
    seen: dict[str, torch.Tensor] = {}
    for place, group in drawn:
        if not group.explained:
            continue
        trace, tokens = group.explained.trace, group.explained.tokens
        for name, tensor in trace.inputs.items():
            if name in seen and _same(seen[name], tensor):
                continue
            whose = "" if name not in seen else HEADINGS.get(place, "")
            seen[name] = tensor
            yield from _matrices(trace, name, tokens, conventions, whose)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def _matrices(
    trace: Trace, name: str, tokens: Sequence[str], conventions: Conventions, whose: str
) -> Iterator[Matrix]:
    """Yield an input as tables: its rows as rows, one for each head."""
    title = f"{term(name).title} ({whose})" if whose else term(name).title
    for head in range(len(trace[name])) if trace[name].ndim == 3 else [None]:
        shown = shown_of(trace, name, head)
        rows, columns = (
            position_labels(axis, size, tokens, conventions)
            for axis, size in zip(shown.axes, shown.matrix.shape, strict=True)
        )
        of_head = "" if head is None else f", {step_cards.head_of(head, conventions)}"
        yield Matrix(f"{title}{of_head}", rows, columns, shown.matrix)
