"""Any value of a trace as a figure, in one call: for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heatmap import figure_of, heatmap_spec, height_of
from attention_core.figures.labels import TwoSentences
from attention_core.figures.turn import turned
from attention_core.mechanism import Trace


def draw(
    trace: Trace,
    name: str,
    *,
    head: int | None = None,
    tokens: Sequence[str] = (),
    conventions: Conventions = USUAL,
) -> go.Figure:
    """Return any value of a trace as a Plotly figure, as the app draws it, in light colours.

    Args:
        trace: A run of any mechanism, or what ``watch`` or ``load_trace`` gave.
        name: A step or an input.
        head: Which head of a value with heads, from 0; the first, if not said. The colours are
            those of all heads.
        tokens: One label per token, if not the trace's own.
        conventions: Which way round it is drawn, and how tokens and dimensions are numbered.

    Raises:
        KeyError: If there is no such value.
        ValueError: If there is no such head.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)).with_tokens(["to", "be"])
        >>> draw(trace, "weights").layout.xaxis.ticktext
        ('to', 'be')

    Source:
        The same figure JSON as the app's heatmaps, ``heatmap_spec``.
    """
    if name not in trace.names:
        raise KeyError(f"there is no value {name!r} among {', '.join(trace.names)}")
    if head is None and trace[name].ndim == 3:
        head = 0
    labels: Sequence[str] = tokens or trace.tokens
    if trace.key_tokens and not tokens:
        labels = TwoSentences(trace.tokens, trace.key_tokens)
    spec = heatmap_spec(trace, name, labels, conventions=conventions, head=head)
    spec = turned(spec) if conventions.is_turned else spec
    figure = figure_of(spec)
    if head is not None:
        figure.layout.title.text += f", head {head} of {len(trace[name])}"
    figure.update_layout(height=height_of(len(spec["data"][0]["y"])), margin_t=90)
    return figure
