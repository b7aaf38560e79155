"""Trained models on disk: safetensors files, and a manifest that says how each was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from attention_core.recurrent.accuracy import Accuracy
from attention_core.recurrent.network import KINDS, EncoderDecoder
from attention_core.recurrent.rate_search import Trial
from attention_core.recurrent.training import Point

FOLDER = Path(__file__).with_name("checkpoints")
MANIFEST = "manifest.json"
SEEDS = (0, 1, 2)
N_UNITS = 32


class CheckpointError(ValueError):
    """A checkpoint that is missing or is not the one of the manifest, said to a person."""


@dataclass(frozen=True)
class Record:
    """What the manifest says of one trained model."""

    kind: str
    seed: int
    n_units: int
    sha256: str
    steps: int
    curve: tuple[Point, ...]  # of the validations while it was trained
    accuracy: tuple[Accuracy, ...]  # by length, on sentences it has never seen


def file_of(kind: str, seed: int) -> str:
    """Return the name of a model's file."""
    return f"{kind}-{seed}.safetensors"


def records(folder: Path = FOLDER) -> dict[tuple[str, int], Record]:
    """Return what the manifest says, by kind and seed.

    Raises:
        CheckpointError: If the manifest is missing or unreadable.
    """
    try:
        found = [_record(entry) for entry in _listed(folder, "models")]
    except _DAMAGED as error:
        raise _damaged() from error
    return {(record.kind, record.seed): record for record in found}


def trials(folder: Path = FOLDER) -> tuple[Trial, ...]:
    """Return the search that the first learning rates come from.

    Raises:
        CheckpointError: If the manifest is missing or unreadable.

    Example:
        >>> from attention_core.recurrent.rate_search import chosen
        >>> chosen(trials())["rnn"]
        0.004
    """
    try:
        return tuple(
            Trial(kind, rate, tuple(Point(*point) for point in curve))
            for kind, rate, curve in _listed(folder, "search")
        )
    except _DAMAGED as error:
        raise _damaged() from error


_DAMAGED = (OSError, ValueError, KeyError, TypeError)


def _listed(folder: Path, part: str) -> Any:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))[part]


def _damaged() -> CheckpointError:
    return CheckpointError(
        f"The list of the trained models, {MANIFEST}, is missing or damaged. Install the app "
        "again, or run `make train`."
    )


def _record(entry: Mapping[str, Any]) -> Record:
    curve = tuple(Point(*point) for point in entry["curve"])
    accuracy = tuple(Accuracy(*point) for point in entry["accuracy"])
    return Record(**{**entry, "curve": curve, "accuracy": accuracy})


def write_manifest(
    found: Mapping[tuple[str, int], Record], about: Mapping[str, Any], searched: Iterable[Trial]
) -> str:
    """Return the text of a manifest.

    Args:
        found: The models.
        about: What is true of all of them: the task, its split, the rule of the plateau.
        searched: The search that their first learning rates come from.
    """
    search = [[one.kind, one.rate, [astuple(point) for point in one.curve]] for one in searched]
    models = [
        {
            "kind": record.kind,
            "seed": record.seed,
            "n_units": record.n_units,
            "sha256": record.sha256,
            "steps": record.steps,
            "curve": [astuple(point) for point in record.curve],
            "accuracy": [astuple(point) for point in record.accuracy],
        }
        for _, record in sorted(found.items())
    ]
    head = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in about.items())
    parts = ",\n  ".join(
        f'"{name}": [\n    {_lines(entries)}\n  ]'
        for name, entries in (("search", search), ("models", models))
    )
    return f"{{\n  {head},\n  {parts}\n}}\n"


def _lines(entries: Iterable[Any]) -> str:
    return ",\n    ".join(json.dumps(entry) for entry in entries)


def packed(network: EncoderDecoder) -> tuple[bytes, str]:
    """Return a model's weights as a safetensors file, and its SHA-256."""
    contents = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
    return contents, hashlib.sha256(contents).hexdigest()


def unpacked(contents: bytes, name: str) -> dict[str, Tensor]:
    """Return the weights of a safetensors file; the name says whose they are.

    Raises:
        CheckpointError: If it is none.
    """
    try:
        return load(contents)
    except SafetensorError as error:
        raise CheckpointError(f"The trained model {name} is no safetensors file.") from error


def weights_of(kind: str, seed: int = 0, folder: Path = FOLDER) -> dict[str, Tensor]:
    """Return the weights of a trained model, checked against the manifest.

    Args:
        kind: ``"rnn"``, ``"lstm"``, ``"gru"`` or ``"bahdanau"``.
        seed: One of ``SEEDS``.
        folder: Where the files are.

    Raises:
        ValueError: If there is no such model.
        CheckpointError: If its file is missing, or not the one that was trained.
    """
    if kind not in KINDS or seed not in SEEDS:
        raise ValueError(
            f"a model is one of {', '.join(KINDS)} with a seed of {SEEDS}, got {kind!r}, {seed!r}"
        )
    name = file_of(kind, seed)
    record = records(folder).get((kind, seed))
    if record is None:
        raise CheckpointError(f"{MANIFEST} has no entry for {name}. Run `make train`.")
    try:
        contents = (folder / name).read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"The trained model {name} is missing. Install the app again, or run `make train`."
        ) from error
    if hashlib.sha256(contents).hexdigest() != record.sha256:
        raise CheckpointError(
            f"The trained model {name} is not the one that {MANIFEST} describes: its SHA-256 is "
            "another. It was damaged or exchanged, so it is not used."
        )
    return unpacked(contents, name)


def network_of(kind: str, seed: int = 0, folder: Path = FOLDER) -> EncoderDecoder:
    """Return a trained model as a torch module; arguments and errors as for ``weights_of``."""
    network = EncoderDecoder(kind, N_UNITS)
    network.load_state_dict(weights_of(kind, seed, folder))
    return network.eval()
