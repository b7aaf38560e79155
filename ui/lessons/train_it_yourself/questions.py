"""The question at the end of the lesson "Train it yourself", about the user's own numbers."""

from __future__ import annotations

import math

from attention_core.numbers import result_of
from attention_core.recurrent.language import target_vocabulary, values
from attention_core.recurrent.network import fresh
from attention_core.recurrent.task import batch_of
from attention_core.recurrent.training import loss_of
from ui.cards.number_words import words_of
from ui.cards.prediction import Truth
from ui.lab.lab import Lab
from ui.lessons.train_it_yourself.words import called, choice_of


def first_loss(lab: Lab) -> tuple[str, list[str], Truth]:
    """Return: what is the loss before anything was learnt?"""
    choice, n_words = choice_of(lab), len(target_vocabulary())
    network = fresh(choice.kind, choice.n_units, choice.seed)
    loss = float(loss_of(network, batch_of([values(words_of(lab))])).detach())
    guesses = [0.0, 0.5, math.log(n_words), float(n_words)]
    right = min(range(len(guesses)), key=lambda at: abs(guesses[at] - loss))
    options = ["0", "0.5", f"ln {n_words} = {guesses[2]:.2f}", str(n_words)]
    question = (
        f"The model can write {n_words} German words and signs. **Before its first step**, about "
        "how large is its loss, in nats for each word?"
    )
    because = (
        f"The untrained {called(choice)} has a loss of {result_of(loss)} on your sentence. It "
        f"gives each of the {n_words} about the same probability, and −ln (1 / {n_words}) = "
        f"{guesses[2]:.2f}: the dotted line in the first picture."
    )
    return question, options, Truth(right, because)
