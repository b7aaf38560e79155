"""The models of the recurrent pages side by side: accuracy, training, what is left of each word."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attention_core.figures.labels import LABELLED_COLUMNS, ticks
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.recurrent.accuracy import LENGTHS, SEEN, Accuracy, in_bucket, interval
from attention_core.recurrent.checkpoints import Record
from attention_core.recurrent.probing import Recall

Spec = dict[str, Any]
Records = Mapping[tuple[str, int], Record]
UNSEEN = "rgba(128, 134, 150, 0.16)"  # reads on a light page and on a dark one


class Look(NamedTuple):
    """How a model is called and drawn, the same in every picture."""

    name: str
    role: str  # of the palette
    symbol: str


LOOKS = {
    "rnn": Look("RNN", "key", "square"),
    "lstm": Look("LSTM", "query", "circle"),
    "gru": Look("GRU", "value", "diamond"),
    "bahdanau": Look("GRU with attention", "context", "triangle-up"),
}


class Measure(NamedTuple):
    """What is counted of a model's translations."""

    title: str
    y_title: str


MEASURES = {
    "exact": Measure("Without any mistake", "share of sentences"),
    "by_token": Measure("Right word by word", "share of words"),
}


def accuracy_spec(found: Records, measure: str, here: int) -> Spec:
    """Return the plot of how often each model is right, by the length of the sentence.

    Args:
        found: What the manifest says of each model; the models of seed 0 get points, those of
            other seeds a thin line.
        measure: One of ``MEASURES``. Sentences are drawn independently of each other, so their
            points have 95 % intervals; the words of one sentence are not, so theirs have none.
        here: How many words the user's sentence has.

    Source:
        Bahdanau et al., arXiv 1409.0473, Figure 2.
    """
    told = MEASURES[measure]
    last = max(LENGTHS[-1], here) + 0.5
    data = [_accuracy_line(record, measure) for _, record in sorted(found.items())]
    unseen = {"xref": "x", "yref": "paper", "x0": SEEN + 0.5, "x1": last, "y0": 0, "y1": 1}
    said = {
        "xref": "x",
        "yref": "paper",
        "x": last,
        "y": 1,
        "xanchor": "right",
        "yanchor": "top",
        "text": "never seen<br>in training",
        "align": "right",
        "showarrow": False,
    }
    layout = _layout(told.title, "English words in the sentence", told.y_title)
    layout["xaxis"] |= {"range": [0.5, last], "dtick": 4, "tick0": 4}
    layout["yaxis"] |= {"range": [-0.02, 1.2], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    layout["yaxis"] |= {"tickformat": ".0%"}
    layout["shapes"] = [{"type": "rect", "layer": "below", "fillcolor": UNSEEN, **unseen}]
    layout["shapes"][0]["line"] = {"width": 0}
    layout["annotations"] = [said]
    return {"data": [*data, _here(here, last)], "layout": layout}


def _accuracy_line(record: Record, measure: str) -> Spec:
    look, curve = LOOKS[record.kind], record.accuracy
    shares = [getattr(point, measure) for point in curve]
    line: Spec = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{look.name}, seed {record.seed}",
        "x": [point.n_words for point in curve],
        "y": shares,
        "line": {"width": 1},
        "opacity": 0.55,
        "showlegend": False,
        "hovertemplate": f"{look.name}, seed {record.seed}, %{{x}} words: %{{y:.0%}}"
        "<extra></extra>",
        "meta": {"colors": ROLE_COLOURS[look.role]},
    }
    if record.seed:
        return line
    line |= {
        "mode": "lines+markers",
        "name": look.name,
        "line": {"width": 2},
        "marker": {"size": 7, "symbol": look.symbol},
        "opacity": 1,
        "showlegend": True,
        "hovertemplate": f"{look.name}, %{{x}} words: %{{y:.0%}}<extra></extra>",
    }
    return line | _intervals(look, curve) if measure == "exact" else line


def _intervals(look: Look, curve: Sequence[Accuracy]) -> Spec:
    """Return what draws the 95 % intervals of sentences without any mistake."""
    ends = [_interval(point.n_exact, point.n_sentences, point.exact) for point in curve]
    return {
        **_error_bars([point.exact for point in curve], ends),
        "hovertemplate": f"{look.name}, %{{x}} words: %{{y:.0%}}, 95 % interval "
        "%{customdata[0]:.0%} to %{customdata[1]:.0%}<extra></extra>",
    }


def _error_bars(shares: Sequence[float], ends: Sequence[tuple[float, float]]) -> Spec:
    """Return the bars from the lower to the upper ends."""
    return {
        "customdata": [[low, high] for low, high in ends],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - share for share, (_, high) in zip(shares, ends, strict=True)],
            "arrayminus": [share - low for share, (low, _) in zip(shares, ends, strict=True)],
            "thickness": 1,
            "width": 0,
        },
    }


def _interval(n_right: int, n: int, share: float) -> tuple[float, float]:
    """Return the 95 % interval of a share; rounding never puts the share itself outside."""
    low, high = interval(n_right, n)
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _here(here: int, last: float) -> Spec:
    """Return the line at the length of the user's sentence."""
    return {
        "type": "scatter",
        "mode": "lines+text",
        "x": [here, here],
        "y": [0, 1.08],
        "text": ["", "<b>you are here</b>"],
        "textposition": "top right" if here < last / 2 else "top left",
        "cliponaxis": False,
        "line": {"width": 2, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }


def _layout(title: str, x_title: str, y_title: str) -> Spec:
    return {
        "title": {"text": title},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "dragmode": False,
        "xaxis": {"title": {"text": x_title}, "fixedrange": True},
        "yaxis": {"title": {"text": y_title}, "fixedrange": True},
    }


def accuracy_finding(found: Records, measure: str, bucket: tuple[int, int]) -> str:
    """Say how often each model of seed 0 is right about sentences of a bucket of lengths."""
    told = []
    for kind, look in LOOKS.items():
        record = found.get((kind, 0))
        if record:
            share = getattr(in_bucket(record.accuracy, bucket), measure)
            told.append(f"{look.name} {share:.0%}")
    return f"with {bucket[0]} to {bucket[1]} words, {', '.join(told)}."


def training_spec(found: Records) -> Spec:
    """Return the plot of each model's validation loss while it was trained."""
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": LOOKS[record.kind].name,
            "x": [point.step for point in record.curve],
            "y": [point.valid for point in record.curve],
            "line": {"width": 1 if record.seed else 2.5},
            "opacity": 0.55 if record.seed else 1,
            "showlegend": not record.seed,
            "hovertemplate": f"{LOOKS[record.kind].name}, seed {record.seed}, step %{{x}}: "
            "%{y:.3g}<extra></extra>",
            "meta": {"colors": ROLE_COLOURS[LOOKS[record.kind].role]},
        }
        for _, record in sorted(found.items())
    ]
    layout = _layout("Validation loss", "training steps", "nats per word")
    layout["yaxis"] |= {"type": "log", "dtick": 1, "exponentformat": "power"}
    return {"data": data, "layout": layout}


Recalls = Mapping[tuple[str, int], Recall]


def recall_spec(found: Recalls, guess: Recall, words: Sequence[str]) -> Spec:
    """Return the plot of how often the word at each place is read back from the final state.

    Args:
        found: Of each model, all of sentences of one length; the models of seed 0 get points with
            95 % intervals, those of other seeds a thin line.
        guess: What naming the commonest word of each place gets.
        words: What stands at the places: the user's words, or their numbers.
    """
    data = [_recall_line(kind, seed, recall) for (kind, seed), recall in sorted(found.items())]
    told = _layout("Read back", "word that is read", "share of sentences")
    told["xaxis"] |= ticks(words, LABELLED_COLUMNS)
    told["xaxis"] |= {"range": [-0.5, len(words) - 0.5], "tickangle": -50}
    told["yaxis"] |= {"range": [-0.02, 1.05], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    told["yaxis"] |= {"tickformat": ".0%"}
    guessing: Spec = {
        "type": "scatter",
        "mode": "lines",
        "name": "guessing",
        "x": list(range(guess.n_words)),
        "y": guess.shares,
        "line": {"width": 2, "dash": "dot"},
        "hovertemplate": "the commonest word of this place: %{y:.0%}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }
    return {"data": [*data, guessing], "layout": told}


def _recall_line(kind: str, seed: int, recall: Recall) -> Spec:
    look, name = LOOKS[kind], encoder_of(kind)
    line: Spec = {
        "type": "scatter",
        "mode": "lines" if seed else "lines+markers",
        "name": f"{name}, seed {seed}" if seed else name,
        "x": list(range(recall.n_words)),
        "y": recall.shares,
        "line": {"width": 1 if seed else 2},
        "opacity": 0.55 if seed else 1,
        "showlegend": not seed,
        "hovertemplate": f"{name}, seed {seed}, word %{{x}}: %{{y:.0%}}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS[look.role]},
    }
    if seed:
        return line
    points = zip(recall.n_right, recall.shares, strict=True)
    ends = [_interval(n_right, recall.n_sentences, share) for n_right, share in points]
    return line | {
        "marker": {"size": 7, "symbol": look.symbol},
        **_error_bars(recall.shares, ends),
        "hovertemplate": f"{name}: %{{y:.0%}}, 95 % interval %{{customdata[0]:.0%}} to "
        "%{customdata[1]:.0%}<extra></extra>",
    }


def recall_finding(found: Recalls) -> str:
    """Say how often the first word, and the worst place, is read back from models of seed 0."""
    told = []
    for kind in LOOKS:
        if (kind, 0) in found:
            shares = found[kind, 0].shares
            least = min(range(len(shares)), key=shares.__getitem__)
            worst = f"at worst {shares[least]:.0%} (word {least + 1})"
            told.append(f"{encoder_of(kind)} {shares[0]:.0%}, {worst}")
    return f"the first word is read back from: {'; '.join(told)}."


def encoder_of(kind: str) -> str:
    """Return what a model is called where its encoder alone is meant."""
    own = LOOKS[kind].name
    return f"{own}: its encoder" if kind == "bahdanau" else own


class Memory(NamedTuple):
    """How much a model's final value depends on each word."""

    kind: str
    value: str  # "hidden" or "cell"
    norms: Sequence[float]

    @property
    def name(self) -> str:
        """What the model is called."""
        if self.kind == "lstm":
            value = "cell line" if self.value == "cell" else "hidden state"
            return f"{LOOKS[self.kind].name}, {value}"
        return encoder_of(self.kind)

    @property
    def shares(self) -> list[float]:
        """How much it depends on each word, as a share of the largest."""
        largest = max(self.norms)
        return [norm / largest if largest else 0.0 for norm in self.norms]


def memory_spec(found: Sequence[Memory], words: Sequence[str]) -> Spec:
    """Return the plot of how much each model's final state depends on each word, in logarithms.

    Args:
        found: One for each line.
        words: The English words.
    """
    lowest = min((share for one in found for share in one.shares if share > 0), default=0.1)
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": one.name,
            "x": list(range(len(words))),
            "y": [share or None for share in one.shares],
            "line": {"width": 2, "dash": "dash" if one.value == "cell" else "solid"},
            "marker": {"size": 7, "symbol": LOOKS[one.kind].symbol},
            "customdata": list(one.norms),
            "hovertemplate": f"{one.name}: %{{customdata:.3g}}, %{{y:.2%}} of its largest"
            "<extra></extra>",
            "meta": {"colors": ROLE_COLOURS[LOOKS[one.kind].role]},
        }
        for one in found
    ]
    layout = _layout("Answers to each word", "word that is read", "share of the largest")
    layout["xaxis"] |= ticks(words, LABELLED_COLUMNS)
    layout["xaxis"] |= {"range": [-0.5, len(words) - 0.5], "tickangle": -50}
    decades = math.floor(math.log10(lowest))
    layout["yaxis"] |= {"type": "log", "range": [decades - 0.1, 0.15], "tickformat": ".2~%"}
    layout["yaxis"] |= {"tickvals": [10.0**power for power in range(decades, 1)]}
    return {"data": data, "layout": layout}


def memory_finding(found: Sequence[Memory]) -> str:
    """Say how strongly each model's final state still answers to the first word."""
    told = [f"{one.name} {_percent(one.shares[0])}" for one in found]
    return (
        f"to the first word, as a share of the word it answers to most, answers {'; '.join(told)}."
    )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.2g}" if share < 1e-4 else f"{share:.2%}"
