"""What the page "Causal attention" says."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attention_core import Check
from attention_core.numbers import result_of
from attention_core.reference import by_fused
from ui.cards.card import Verdict
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.lab.lab import Lab
from ui.lessons.causal_attention.runs import plain_of, renormalised_of

TOLD = 6
BLIND_ONE = (
    "{who} may attend to nobody. Its {row} is all −∞, and softmax divides 0 by 0: NaN, shown as "
    "empty cells. `scaled_dot_product_attention` makes the context vector ({zeros}) instead, so "
    "such a token is left out of the comparison below."
)
BLIND_MANY = (
    "{who} may attend to nobody. Their {rows} are all −∞, and softmax divides 0 by 0: NaN, shown "
    "as empty cells. `scaled_dot_product_attention` makes the context vector ({zeros}) instead, so "
    "such a token is left out of the comparison below."
)


def mask_finding(mask: Tensor) -> str:
    """Return how many cells of a mask are open.

    Example:
        >>> from attention_core.masks import causal_mask
        >>> mask_finding(causal_mask(3))
        '6 of 9 cells are open: there the query may attend to the key.'
    """
    open_, n = int(mask.sum()), mask.numel()
    return f"{open_:,} of {n:,} cells are open: there the query may attend to the key."


def difference_finding(off: Tensor) -> str:
    """Return how many cells of both ways are not the same to the last bit.

    Example:
        >>> import torch
        >>> difference_finding(torch.tensor([[0.0, 1e-8]]))
        '1 of 2 cells differs, by 1e-08 at most.'
        >>> difference_finding(torch.zeros(1, 2))
        'all 2 cells are the same to the last bit.'
    """
    known = off[~off.isnan()]
    differ, n = int((known != 0).sum()), known.numel()
    if not n:
        return "no cell is a number in both ways."
    if not differ and n == 1:
        return "the cell is the same to the last bit."
    if not differ:
        return f"all {n:,} cells are the same to the last bit."
    most = float(known.abs().max())
    if differ == 1:
        return f"1 of {n:,} cells differs, by {most:.0e} at most."
    return f"{differ:,} of {n:,} cells differ, by {most:.0e} at most."


def ways_said(check: Check | None) -> Verdict:
    """Return whether both ways agree, as a card says it."""
    if check is None:
        return Verdict(True, "Nothing to compare: no row has a number in both ways.")
    numbers = check.numbers
    if check.ok:
        left_out = ", rows that are not a number left out" if "where" in check.route else ""
        text = f"Both ways give the same weights{left_out} ({numbers})."
    else:
        text = f"Something is wrong: both ways differ ({numbers}). Do not trust these pictures."
    return Verdict(check.ok, text)


def blind_said(lab: Lab) -> str:
    """Return what becomes of the queries that may attend to nobody, or nothing, as Markdown."""
    trace = plain_of(lab)
    blind = (~trace["mask"].any(dim=1)).nonzero().flatten().tolist()
    if not blind:
        return ""
    called = names(labels_of(lab), lab.conventions)
    who = ", ".join(f"**{literal(called[row])}**" for row in blind[:TOLD])
    more = f" and {len(blind) - TOLD} more" if len(blind) > TOLD else ""
    theirs = by_fused(trace)[blind[0]].tolist()
    zeros = ", ".join(result_of(number) for number in theirs[:TOLD])
    more_zeros = ", …" if len(theirs) > TOLD else ""
    return lab.conventions.say(
        BLIND_ONE if len(blind) == 1 else BLIND_MANY,
        who=f"{who}{more}",
        zeros=f"{zeros}{more_zeros}",
    )


def underflown_said(lab: Lab) -> str:
    """Return which rows only −∞ can make, or nothing, as Markdown."""
    after = renormalised_of(lab)
    before = plain_of(lab)["weights"].isnan().any(dim=1)
    lost = (after["weights"].isnan().any(dim=1) & ~before).nonzero().flatten().tolist()
    if not lost:
        return ""
    called = names(labels_of(lab), lab.conventions)
    who = ", ".join(f"**{literal(called[row])}**" for row in lost[:TOLD])
    more = f" and {len(lost) - TOLD} more" if len(lost) > TOLD else ""
    return (
        f"{who}{more}: hidden tokens take so much that the shares of all others round to 0, and "
        "after the mask 0 / 0 is left. With −∞ before the softmax the hidden tokens never take "
        "anything: one more reason why everybody does it that way."
    )


def leaks_said(found: Tensor, tokens: Sequence[str], changed: int) -> str:
    """Return which earlier tokens a change reaches, as plain text.

    Example:
        >>> import torch
        >>> leaks_said(torch.zeros(2, 3, dtype=torch.bool), ["to", "be", "or"], 2)
        'Nothing leaks: all 6 context values before “or” are exactly equal, bit for bit.'
    """
    word = f"“{tokens[changed]}”"
    if changed == 0:
        later = " Choose a later token." if len(tokens) > 1 else ""
        return f"Nobody comes before {word}, so nothing can leak.{later}"
    count = int(found.sum())
    if not count:
        return (
            f"Nothing leaks: all {found.numel():,} context values before {word} are exactly "
            "equal, bit for bit."
        )
    reached = found.any(dim=1).nonzero().flatten().tolist()
    who = ", ".join(f"“{tokens[row]}”" for row in reached[:TOLD])
    more = f" and {len(reached) - TOLD} more" if len(reached) > TOLD else ""
    return (
        f"It leaks: {count:,} of the {found.numel():,} context values before {word} changed, of "
        f"{who}{more}."
    )
