"""The figures of every page, each group a pure function of the lab: in a page run, and ahead of it.

A page run costs Streamlit several times what the figures cost. So at an edit the browser asks here
first: which groups it shows, the lab as its address has it, and the edits since. The answer is what
the page run will send as well, made by the same functions. Nothing is remembered between questions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ui.cards import comparing, excerpt, lens, parameters
from ui.cards.card import Group
from ui.cards.editors import operations
from ui.cards.embeddings import EMBEDDINGS
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.all_tokens import figures as all_tokens
from ui.lessons.bahdanau_attention import figures as bahdanau
from ui.lessons.causal_attention import figures as causal
from ui.lessons.dropout import figures as dropping
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.normalisation_lab import figures as normalisation
from ui.lessons.one_query import figures as one_query
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.start_here import figures as start
from ui.lessons.to_self_attention import figures as to_self
from ui.lessons.why_attention import figures as why_attention

MAX_QUESTION = 256_000  # bytes
MAX_GROUPS = 16
GROUPS: Mapping[str, Callable[[Lab], Group]] = MappingProxyType(
    {
        "figures:start": start.steps,
        "figures:why_reading": why_attention.reading,
        "figures:why_gates": why_attention.gates,
        "figures:why_vector": why_attention.vector,
        "figures:why_accuracy": why_attention.accuracy,
        "figures:why_training": why_attention.training,
        "figures:why_recall": why_attention.recall,
        "figures:why_memory": why_attention.memory,
        bahdanau.NOW: bahdanau.step_figures,
        bahdanau.SO_FAR: bahdanau.so_far,
        bahdanau.ALL: bahdanau.all_steps,
        "figures:dots": one_query.dots,
        "figures:normalisations": one_query.normalisations,
        "figures:context": one_query.context,
        "figures:whole": one_query.whole,
        "figures:loops": all_tokens.loops_and_product,
        "figures:all": all_tokens.lit_steps,
        "figures:orders": all_tokens.both_orders,
        "figures:scaled": normalisation.scaled,
        "figures:ways": normalisation.ways,
        "figures:jacobian": normalisation.gradients,
        "figures:projected": trainable.projected,
        "figures:attending": trainable.attending,
        "figures:scale": trainable.scale_study,
        "figures:heads": multi_head.all_heads,
        "figures:head": multi_head.one_head,
        "figures:head_steps": multi_head.head_steps,
        "figures:joined": multi_head.joined,
        "figures:contributions": multi_head.contributed,
        "figures:stacked": multi_head.stacked_and_split,
        **{
            f"{side_by_side.PLACE}{which}": partial(side_by_side.figures_of, which=which)
            for which in side_by_side.SHOWN
        },
        **{
            f"{to_self.PLACE}{which}": partial(to_self.figures_of, which=which)
            for which in to_self.SHOWN
        },
        causal.MASK: causal.mask_figure,
        "figures:masked": causal.masked_steps,
        "figures:renormalised": causal.renormalised_steps,
        "figures:causal_context": causal.context,
        "figures:leaks": causal.leak_figures,
        "figures:dropping": dropping.dropping,
        "figures:mean_draws": dropping.mean_draws,
        **{
            f"{lens.NAME}{page.OWN}": lens.figures(page.trace_of, page.PLACES)
            for page in (start, trainable, causal, multi_head)
        },
        f"{lens.NAME}{to_self.OWN}": lens.figures(
            to_self.trace_of, to_self.PLACES, to_self.tokens_of
        ),
    }
)
EDITORS = MappingProxyType(
    {
        editor.name: editor
        for editor in (
            EMBEDDINGS,
            normalisation.ROW,
            bahdanau.ENCODER,
            *parameters.EDITORS.values(),
            *why_attention.EDITORS.values(),
        )
    }
)


def groups_of(names: Sequence[str], lab: Lab) -> dict[str, Group]:
    """Return groups of figures by their names, or the parts of them shown with numbers."""
    of = {name: name.removesuffix(excerpt.SUFFIX) for name in names}
    wholes = {name: comparing.compared(GROUPS[name], lab) for name in set(of.values())}
    return {
        name: wholes[whole] if name == whole else excerpt.part(wholes[whole], lab)
        for name, whole in of.items()
    }


def answer(question: object) -> dict[str, Any]:
    """Return the figures of a lab with some edits, and its address, if it is not too large for one.

    Args:
        question: ``{"lab": text, "table": name, "ops": [...], "groups": [names]}``; the operations
            are those that the table sends, edits of cells only.

    Raises:
        ValueError: If it is not such a question, or its edits cannot be made.
    """
    if not isinstance(question, Mapping):
        raise ValueError("a question is a mapping")
    lab, editor = link.decode(str(question.get("lab"))), EDITORS.get(str(question.get("table")))
    groups = question.get("groups")
    if editor is None or not isinstance(groups, list) or len(groups) > MAX_GROUPS:
        raise ValueError("a question names a table and groups of figures")
    unknown = {str(name).removesuffix(excerpt.SUFFIX) for name in groups} - set(GROUPS)
    if unknown:
        raise ValueError(f"there are no figures {min(unknown)}")
    for operation in operations(question, lab.applied.get(editor.name, 0)):
        if operation["op"] != "set":
            raise ValueError("only the session knows what there is to undo")
        lab = editor.set_entries(lab, operation["cells"]).with_seen(editor.name, operation["id"])
    text = link.encode(lab)
    return {
        "groups": {name: group.data for name, group in groups_of(groups, lab).items()},
        "address": text if len(text) <= link.ADDRESS_LIMIT else None,
    }


async def endpoint(request: Request) -> Response:
    """Answer a browser's question; one that cannot be answered waits for the page run."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_QUESTION:
            return Response(status_code=413)
    try:
        return JSONResponse(await run_in_threadpool(lambda: answer(json.loads(body))))
    except (ValueError, OverflowError, RecursionError) as error:
        return Response(str(error), status_code=422, media_type="text/plain")
