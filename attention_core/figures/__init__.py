"""Plotly figures of traces: a trace in, a figure out.

Each builder returns plain figure JSON, ``{"data": [...], "layout": {...}}``, which
``plotly.graph_objects.Figure`` takes as it is and the page's own component draws. ``draw`` does
that for a notebook, with any value of a trace.
"""

from attention_core.figures.drawing import draw
from attention_core.figures.findings import finding
from attention_core.figures.heatmap import heatmap, heatmap_spec, matrix_spec
from attention_core.figures.marks import with_lit_row, with_marks
from attention_core.figures.pictures import flow_spec, space_spec
from attention_core.figures.pointing import pointing
from attention_core.figures.turn import turned

__all__ = [
    "draw",
    "finding",
    "flow_spec",
    "heatmap",
    "heatmap_spec",
    "matrix_spec",
    "pointing",
    "space_spec",
    "turned",
    "with_lit_row",
    "with_marks",
]
