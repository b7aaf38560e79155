"""Write the vocabulary of the translation task, once, from num2words.

Nothing else needs it: ``pip install num2words==0.5.14 && python -m scripts.vocabulary``.
"""

import json
from pathlib import Path

from num2words import num2words

TARGET = Path(__file__).parents[1] / "attention_core" / "recurrent" / "vocabulary.json"


def english(number: int) -> list[str]:
    """Return the words of a number, ``thirty-four`` as two."""
    return str(num2words(number, lang="en")).split("-")


def german(number: int) -> list[str]:
    """Return the morphemes of a number: ``vierunddreißig`` is ``vier``, ``und``, ``dreißig``."""
    word = str(num2words(number, lang="de"))
    unit, joint, ten = word.partition("und")
    return [unit, joint, ten] if joint else [word]


def main() -> None:
    """Write the words of 0 to 99 in both languages."""
    lines = [
        json.dumps([english(number), german(number)], ensure_ascii=False) for number in range(100)
    ]
    TARGET.write_text("[\n  " + ",\n  ".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
