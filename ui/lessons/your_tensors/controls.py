"""The controls and tables of the lesson "Your tensors", drawn by Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import streamlit as st

from attention_core import Trace
from attention_core.export.literals import MOST_LISTED
from attention_core.outside.guesses import possible_roles
from ui.cards.card import Group
from ui.cards.literal import literal
from ui.cards.step_cards import shape_of
from ui.lab import state
from ui.lab.lab import Lab
from ui.lessons.your_tensors import file_run
from ui.lessons.your_tensors.choices import TENSOR_MASKS, TensorChoices
from ui.lessons.your_tensors.figures import shown_of
from ui.lessons.your_tensors.file_run import (
    head_of,
    is_causal,
    layer_of,
    n_heads,
    n_layers,
    roles_of,
    token_counts,
    tokens_of,
    with_only,
    with_role,
)
from ui.lessons.your_tensors.opened import Held
from ui.lessons.your_tensors.words import NONE, file_said, told_of
from ui.parts import code_view, part_view, step_view
from ui.parts.number_table import number_table
from ui.parts.widgets import choice, chosen, set_widget, switch

ROLE_NAMES = {
    "queries": "Queries (Q)",
    "keys": "Keys (K)",
    "values": "Values (V)",
    "weights": "Attention weights",
    "inputs": "Embeddings (inputs)",
    "w_query": "Query weights (W_q)",
    "w_key": "Key weights (W_k)",
    "w_value": "Value weights (W_v)",
    "mask": "Mask",
}
ICONS: Mapping[bool | None, str] = MappingProxyType(
    {
        True: ":green[:material/check_circle:]",
        False: ":red[:material/cancel:]",
        None: ":gray[:material/info:]",
    }
)


# ---- What is in it -----------------------------------------------------------------------------


def understood(lab: Lab, held: Held) -> None:
    """Say what is in the file, and ask what its tensors are."""
    st.markdown(file_said(held))
    roles = {name: role for role, name in roles_of(lab, held).items()}
    rows = [
        [
            name or "(the array)",
            shape_of(tensor),
            str(tensor.dtype).removeprefix("torch."),
            _role_said(held, name, roles.get(name)),
        ]
        for name, tensor in held.tensors.items()
    ]
    rows += [[name or "(the array)", "", "", f"left out: {why}"] for name, why in _left_out(held)]
    title = f"What is in the file: {len(rows)} arrays"
    if len(rows) == 1:
        title = "What is in the file: 1 array"
    number_table(title, ["name", "shape", "dtype", "taken for"], rows, has_sum=False)


def _left_out(held: Held) -> list[tuple[str, str]]:
    return [(name[:60], why[:160]) for name, why in held.left_out.items()]


def _role_said(held: Held, name: str, role: str | None) -> str:
    if held.trace:
        return "step" if name in held.trace.steps else "input"
    return ROLE_NAMES[role] if role else "not used"


def choices(lab: Lab, held: Held) -> None:
    """Draw what can be chosen of a file: what its tensors are, and how they meet."""
    if held.trace is None:
        _roles(lab, held)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if held.trace is None and {"queries", "inputs"} & set(roles_of(lab, held)):
            _how_they_meet(lab, held)


def _roles(lab: Lab, held: Held) -> None:
    if len(held.tensors) == 1:
        _only_one(lab, held)
        return
    st.markdown("**What is what?** Guessed by names and shapes. Correct it where it is wrong:")
    now = roles_of(lab, held)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for role, title in ROLE_NAMES.items():
            fitting = [n for n, t in held.tensors.items() if role in possible_roles(t)]
            if not fitting or (
                role not in now and role in ("w_query", "w_key", "w_value") and "inputs" not in now
            ):
                continue
            options = [NONE, *(f"{name} ({shape_of(held.tensors[name])})" for name in fitting)]
            at = 1 + fitting.index(now[role]) if role in now else 0
            choice(
                title,
                options,
                at,
                widget_key=f"_tensor_role:{role}:{held.id}",
                on_choice=partial(_role_chosen, held, role, fitting),
                width=230,
            )


def _role_chosen(held: Held, role: str, fitting: Sequence[str], at: int) -> None:
    name = fitting[at - 1] if at else None
    state.commit(with_role(state.current(), held, role, name))


def _only_one(lab: Lab, held: Held) -> None:
    """Ask what the only tensor of a file is: attention and inputs can have the same shape."""
    (tensor,) = held.tensors.values()
    possible = possible_roles(tensor)
    roles: list[str] = [role for role in ("weights", "inputs", "values") if role in possible]
    now = next(iter(roles_of(lab, held)), roles[0])
    if now not in roles:
        roles.append(now)
    choice(
        f"These {shape_of(tensor)} numbers are",
        [ROLE_NAMES[role] for role in roles],
        roles.index(now),
        widget_key=f"_tensor_is:{held.id}",
        on_choice=lambda at: state.commit(with_only(state.current(), held, roles[at])),
        width=260,
    )
    if len(roles) > 1:
        st.caption(
            "Their shape alone does not say it. Guessed by their name or, failing that, as "
            "attention where no number is below 0 and each row sums to 1, or where square matrices "
            "are stacked, and as embeddings otherwise."
        )


def _how_they_meet(lab: Lab, held: Held) -> None:
    at = TENSOR_MASKS.index(lab.of(TensorChoices).tensor_mask)
    found = "causal" if is_causal(lab.choosing(tensor_mask=TENSOR_MASKS[0]), held) else "none"
    has_mask = "mask" in roles_of(lab, held)
    if not has_mask:
        choice(
            "Mask",
            [f"as the file suggests: {found}", *TENSOR_MASKS[1:]],
            at,
            widget_key=f"_tensor_mask:{found}",
            on_choice=lambda at: state.commit(
                state.current().choosing(tensor_mask=TENSOR_MASKS[at])
            ),
            width=260,
        )
    roles = set(roles_of(lab, held))
    if {"queries", "keys"} <= roles or {"inputs", "w_query", "w_key", "w_value"} <= roles:
        switch("Divide the scores by √d", "tensors_scaled")


def tokens_field(lab: Lab, held: Held, trace: Trace) -> None:
    """Draw the field of the tokens' names, and say what became of it."""
    sizes = sorted(token_counts(trace))
    if not sizes:
        return
    set_widget("_tensor_tokens", lab.of(TensorChoices).tensor_tokens)
    st.text_input(
        "Tokens, one word each",
        lab.of(TensorChoices).tensor_tokens,
        key="_tensor_tokens",
        on_change=chosen,
        args=("tensor_tokens",),
        placeholder=" ".join(held.words[:12]) or "numbers, until you name them",
        help="Leave it empty to use the names in the file: an array of words called `tokens` in "
        "an .npz, `tokens` in the metadata of a .safetensors, the first column of a .csv.",
    )
    count = len(lab.of(TensorChoices).tensor_tokens.split())
    if count and count not in sizes:
        wanted = " or ".join(map(str, sizes))
        st.warning(
            f"There are {wanted} tokens here, and {count} names. They are kept, and wait for "
            "tensors of that length.",
            icon=":material/label_off:",
        )


def pickers(lab: Lab, held: Held) -> None:
    """Draw the choice of the layer and of the head that is looked at."""
    layers, heads = n_layers(lab, held), n_heads(lab, held)
    if max(layers, heads) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for title, count, now, field in (
            ("Layer", layers, layer_of(lab, held), "tensor_layer"),
            ("Head", heads, head_of(lab, held), "tensor_head"),
        ):
            if count > 1:
                choice(
                    f"{title}, of {count}",
                    [f"{title} {lab.conventions.number(at)}" for at in range(count)],
                    now,
                    widget_key=f"_{field}",
                    on_choice=partial(_looked_at, field),
                    width=200,
                )


def _looked_at(field: str, at: int) -> None:
    lab = state.current()
    is_head = field == "tensor_head"
    state.commit(lab.choosing(tensor_head=at) if is_head else lab.choosing(tensor_layer=at))


def run_of(lab: Lab, held: Held) -> Trace | None:
    """Return the run of a file; None, which is then said, where its tensors do not fit."""
    if not held.trace and not roles_of(lab, held):
        st.warning("Nothing is chosen. Say above what one of the tensors is.")
        return None
    try:
        return file_run.run_of(lab, held)
    except ValueError as error:
        st.warning(
            f"These do not fit together: {literal(str(error))}. Choose above what is what.",
            icon=":material/error:",
        )
        return None


# ---- What holds --------------------------------------------------------------------------------


def checked(lab: Lab, held: Held, trace: Trace) -> None:
    """Say what holds of the attention in the file, and what cannot be checked."""
    lines = told_of(lab, held, trace)
    st.markdown("  \n".join(f"{ICONS[holds]} {said}" for holds, said in lines))


# ---- The figures -------------------------------------------------------------------------------


def draw(group: Group, widget_key: str, *, has_part: bool = True) -> None:
    """Draw figures, and of large ones a part with numbers unless it stands elsewhere."""
    step_view.draw(group, widget_key=widget_key, on_pick=lambda: part_view.look_at_pick(group))
    if has_part:
        part_view.show(group, widget_key)


def code(lab: Lab, held: Held, trace: Trace) -> None:
    """Show the PyTorch that makes the steps of a run."""
    if sum(tensor.numel() for tensor in trace.inputs.values()) <= MOST_LISTED:
        tokens = tokens_of(lab, held, trace)
        step_view.code(trace, tokens, conventions=lab.conventions)
        return
    st.caption(
        "The tensors are too many numbers to print here: load them from your own file, under these "
        "names."
    )
    begins = ", ".join(trace.mechanism.inputs)
    code_view.code("steps", f"import torch\n\n# yours: {begins}\n{trace.mechanism.pytorch()}")


# ---- A question, and what is taken along -------------------------------------------------------


def take_along(held: Held | None) -> None:
    """Tell the menu how to make the open file's run: it lies in the session, not in the lab."""
    state.take_along(state.TakenAlong(runs=lambda lab: shown_of(lab, held)))
