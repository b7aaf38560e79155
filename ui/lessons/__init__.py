"""The syllabus: the pages in reading order, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lesson:
    """One page of the syllabus."""

    file: str
    title: str
    icon: str
    question: str  # the question it answers


LESSONS = (
    Lesson(
        "start_here.py",
        "Start here",
        ":material/flag:",
        "What does self-attention do to a sentence?",
    ),
    Lesson(
        "why_attention.py",
        "Why attention",
        ":material/hourglass_empty:",
        "Why was attention invented?",
    ),
    Lesson(
        "bahdanau_attention.py",
        "Bahdanau attention",
        ":material/translate:",
        "How does a decoder look back at every word it has read?",
    ),
    Lesson(
        "to_self_attention.py",
        "To self-attention",
        ":material/moving:",
        "How did attention become self-attention?",
    ),
    Lesson(
        "one_query.py",
        "One query",
        ":material/looks_one:",
        "How does one token find out which tokens matter to it?",
    ),
    Lesson(
        "all_tokens.py",
        "All tokens at once",
        ":material/grid_on:",
        "How do all tokens attend at the same time, by matrix products?",
    ),
    Lesson(
        "normalisation_lab.py",
        "Normalisation lab",
        ":material/balance:",
        "Why softmax, and not simply a share of the sum?",
    ),
    Lesson(
        "queries_keys_values.py",
        "Queries, keys, values",
        ":material/key:",
        "Why does a token get three vectors instead of one?",
    ),
    Lesson(
        "causal_attention.py",
        "Causal attention",
        ":material/visibility_off:",
        "How is a token kept from seeing what comes after it?",
    ),
    Lesson(
        "dropout.py",
        "Dropout",
        ":material/casino:",
        "Why throw weights away while training?",
    ),
    Lesson(
        "multi_head.py",
        "Multi-head",
        ":material/hub:",
        "What can several heads see that one cannot?",
    ),
    Lesson(
        "side_by_side.py",
        "Side by side",
        ":material/compare:",
        "What does each mechanism make of the same sentence?",
    ),
    Lesson(
        "train_it_yourself.py",
        "Train it yourself",
        ":material/model_training:",
        "How does a model learn where to look?",
    ),
    Lesson(
        "your_tensors.py",
        "Your tensors",
        ":material/upload_file:",
        "What is in the attention of your own model?",
    ),
)
