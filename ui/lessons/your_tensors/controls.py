"""What the page "Your tensors" shows: a file of somebody's own, and the attention in it.

Its numbers are too many for an address, so its figures are no function of the lab alone: the file
lies in the session, and the lab says which it is and what was chosen of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import streamlit as st

from attention_core import Trace
from attention_core.export.literals import MOST_LISTED
from attention_core.outside.guesses import possible_roles
from ui.cards.card import Group
from ui.cards.literal import literal
from ui.cards.step_cards import shape_of
from ui.components import component
from ui.lab import state
from ui.lab.lab import Lab
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.choices import TENSOR_MASKS, TensorChoices
from ui.lessons.your_tensors.figures import FILES, shown_of
from ui.lessons.your_tensors.opened import KEPT_BYTES, Held
from ui.lessons.your_tensors.words import NONE, told_of
from ui.parts import code_view, part_view, step_view
from ui.parts.number_table import number_table
from ui.parts.widgets import choice, chosen, set_widget, switch

MISSING = "tensor_file_missing"
MOST_KEPT = 65 * 2**20  # bytes of files that a session keeps, for undo
MAX_UPLOAD = 65  # MB: of 64 MB of tensors, and their names
ENDINGS = ("npz", "npy", "safetensors", "csv")
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
_shelf = component("shelf")


# ---- The file ----------------------------------------------------------------------------------


def uploader() -> None:
    """Draw the field that takes a file in, and the example."""
    turn = st.session_state.get("_opened_tensors", 0)
    widget_key = f"_tensor_file:{turn}"
    st.file_uploader(
        "Open a file (.npz, .npy, .safetensors or .csv), up to 512 tokens and 64 MB of tensors",
        type=list(ENDINGS),
        key=widget_key,
        on_change=_uploaded,
        args=(widget_key,),
        max_upload_size=MAX_UPLOAD,
    )
    if state.current().of(TensorChoices).tensors:  # a first visit has the example on screen
        st.button(
            "Try it with an example",
            key="_tensor_example",
            icon=":material/school:",
            on_click=_example_chosen,
        )


def _example_chosen() -> None:
    state.commit(state.current().choosing(tensors=""))


def _uploaded(widget_key: str) -> None:
    file = st.session_state.get(widget_key)
    if file is None:
        return
    st.session_state["_opened_tensors"] = st.session_state.get("_opened_tensors", 0) + 1
    take_in(file.name, file.getvalue())


def take_in(file_name: str, contents: bytes) -> None:
    """Open a file; one that cannot be opened changes nothing, which is then said.

    Args:
        file_name: What it is called.
        contents: What is in it.
    """
    name = literal(file_name[:60])
    try:
        held = opened_tensors.opened(file_name[:100], contents)
    except ValueError as error:
        said = str(error)
        said = f"{said[:1].upper()}{said[1:]}".rstrip(".")
        state.complain(f"{name} was not opened. {literal(said)}. Nothing was changed.")
        return
    _remember(held)
    state.commit(state.current().choosing(tensors=held.id))
    state.notify(f"{name} is open. What was found in it is below.")


def _remember(held: Held) -> None:
    """Keep a file in the session, and of those before it as many as there is room for."""
    kept = {held.id: held}
    room = MOST_KEPT - _bytes_of(held)
    for own in reversed(_files().values()):
        room -= _bytes_of(own)
        if room >= 0 and own.id not in kept:
            kept[own.id] = own
    st.session_state[FILES] = dict(reversed(kept.items()))


def _bytes_of(held: Held) -> int:
    return sum(tensor.nbytes for tensor in held.tensors.values()) + len(held.contents)


def _files() -> dict[str, Held]:
    found: dict[str, Held] = st.session_state.get(FILES, {})
    return found


def held_of(lab: Lab) -> Held | None:
    """Return the file that a lab names; None if this session does not have it."""
    return (
        opened_tensors.example()
        if not lab.of(TensorChoices).tensors
        else _files().get(lab.of(TensorChoices).tensors)
    )


def kept(lab: Lab) -> Held | None:
    """Return the file that is open, from this browser where the session lost it, and say so.

    Returns:
        None where it is neither here nor there, which is then said, or not here yet.
    """
    held = held_of(lab)
    is_missing = st.session_state.get(MISSING) == lab.of(TensorChoices).tensors
    want = lab.of(TensorChoices).tensors if held is None and not is_missing else None
    store = None
    if held is not None and held.id and held.contents:
        content = base64.b64encode(held.contents).decode()
        store = {"id": held.id, "name": held.name, "content": content}
    answer = _shelf(
        data={"store": store, "want": want},
        key="shelf",
        on_failed_change=lambda: None,
        on_restored_change=lambda: None,
    )
    if want and isinstance(answer.restored, Mapping) and answer.restored.get("id") == want:
        _restore(want, answer.restored)
        st.rerun()
    if held is None:
        _say_missing(is_waiting=want is not None)
    else:
        _say_kept(held, is_failing=bool(held.id) and answer.failed == held.id)
    return held


def _restore(held_id: str, found: Mapping[str, Any]) -> None:
    """Take in what the browser kept, if it is the file that was asked for."""
    content, name = found.get("content"), str(found.get("name", ""))[:100]
    try:
        contents = base64.b64decode(content if isinstance(content, str) else "", validate=True)
        held = opened_tensors.opened(name, contents[: KEPT_BYTES + 1])
    except (ValueError, binascii.Error):
        held = None
    if held is not None and held.id == held_id:
        _remember(held)
    else:
        st.session_state[MISSING] = held_id


def _say_missing(*, is_waiting: bool) -> None:
    if is_waiting:
        st.caption("Looking for the file in this browser …")
        return
    st.warning(
        "This lab is about a file that is not here: its tensors are not in the address, and this "
        "browser does not have them. Open the same file again. What was chosen (roles, tokens, "
        "layer, head) waits for it.",
        icon=":material/upload_file:",
    )


def _say_kept(held: Held, *, is_failing: bool) -> None:
    if not held.id:
        st.caption(
            "This is an example: the notebook's sentence through multi-head attention, saved by "
            "save_trace and opened like any file. Take it with you → As tensors gives that file."
        )
    elif held.contents and not is_failing:
        st.caption(
            "A reload keeps all of this: your choices are in the address, the file is in this "
            "browser. To share it, send the file along with the address."
        )
    else:
        why = "this browser does not store it" if is_failing else "it is larger than 1 MB"
        st.caption(
            f"**A reload loses the file**, as {why}: open it again then. Your choices are in the "
            "address and wait for it."
        )


# ---- What is in it -----------------------------------------------------------------------------


def understood(lab: Lab, held: Held) -> None:
    """Say what is in the file, and ask what its tensors are."""
    st.markdown(_told(held))
    roles = {name: role for role, name in opened_tensors.roles_of(lab, held).items()}
    rows = [
        [
            name or "(the array)",
            shape_of(tensor),
            str(tensor.dtype).removeprefix("torch."),
            _taken_for(held, name, roles.get(name)),
        ]
        for name, tensor in held.tensors.items()
    ]
    rows += [[name or "(the array)", "", "", f"left out: {why}"] for name, why in _left(held)]
    title = f"What is in the file: {len(rows)} {'array' if len(rows) == 1 else 'arrays'}"
    number_table(title, ["name", "shape", "dtype", "taken for"], rows, has_sum=False)


def _left(held: Held) -> list[tuple[str, str]]:
    return [(name[:60], why[:160]) for name, why in held.left_out.items()]


def _told(held: Held) -> str:
    name = literal(held.name[:60])
    if held.trace is None:
        return f"**{name}** holds these tensors:"
    source = f" {literal(held.trace.source[:200])}." if held.trace.source else ""
    return f"**{name}** is a whole trace, as `save_trace` writes it.{source}"


def _taken_for(held: Held, name: str, role: str | None) -> str:
    if held.trace:
        return "step" if name in held.trace.steps else "input"
    return ROLE_NAMES[role] if role else "not used"


def choices(lab: Lab, held: Held) -> None:
    """Draw what can be chosen of a file: what its tensors are, and how they meet."""
    if held.trace is None:
        _roles(lab, held)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if held.trace is None and {"queries", "inputs"} & set(opened_tensors.roles_of(lab, held)):
            _how_they_meet(lab, held)


def _roles(lab: Lab, held: Held) -> None:
    if len(held.tensors) == 1:
        _only_one(lab, held)
        return
    st.markdown("**What is what?** Guessed by names and shapes. Correct it where it is wrong:")
    now = opened_tensors.roles_of(lab, held)
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
    state.commit(opened_tensors.with_role(state.current(), held, role, name))


def _only_one(lab: Lab, held: Held) -> None:
    """Ask what the only tensor of a file is: attention and inputs can have the same shape."""
    (tensor,) = held.tensors.values()
    possible = possible_roles(tensor)
    roles: list[str] = [role for role in ("weights", "inputs", "values") if role in possible]
    now = next(iter(opened_tensors.roles_of(lab, held)), roles[0])
    if now not in roles:
        roles.append(now)
    choice(
        f"These {shape_of(tensor)} numbers are",
        [ROLE_NAMES[role] for role in roles],
        roles.index(now),
        widget_key=f"_tensor_is:{held.id}",
        on_choice=lambda at: state.commit(
            opened_tensors.with_only(state.current(), held, roles[at])
        ),
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
    found = (
        "causal"
        if opened_tensors.is_causal(lab.choosing(tensor_mask=TENSOR_MASKS[0]), held)
        else "none"
    )
    has_mask = "mask" in opened_tensors.roles_of(lab, held)
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
    roles = set(opened_tensors.roles_of(lab, held))
    if {"queries", "keys"} <= roles or {"inputs", "w_query", "w_key", "w_value"} <= roles:
        switch("Divide the scores by √d", "tensors_scaled")


def tokens_field(lab: Lab, held: Held, trace: Trace) -> None:
    """Draw the field of the tokens' names, and say what became of it."""
    sizes = sorted(opened_tensors.token_counts(trace))
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
    layers, heads = opened_tensors.n_layers(lab, held), opened_tensors.n_heads(lab, held)
    if max(layers, heads) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for title, count, now, field in (
            ("Layer", layers, opened_tensors.layer_of(lab, held), "tensor_layer"),
            ("Head", heads, opened_tensors.head_of(lab, held), "tensor_head"),
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
    if not held.trace and not opened_tensors.roles_of(lab, held):
        st.warning("Nothing is chosen. Say above what one of the tensors is.")
        return None
    try:
        return opened_tensors.run_of(lab, held)
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
        tokens = opened_tensors.tokens_of(lab, held, trace)
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
    """Hand the run of the open file to the menu, for a time when there is no session."""
    state.take_along(state.TakenAlong(runs=lambda lab: shown_of(lab, held)))
