"""The shipped models: only from safetensors, only the ones the manifest describes."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from attention_core.recurrent import accuracy, checkpoints, probing
from attention_core.recurrent.checkpoints import (
    FOLDER,
    MANIFEST,
    SEEDS,
    CheckpointError,
    file_of,
    network_of,
    records,
    weights_of,
)
from attention_core.recurrent.network import KINDS
from attention_core.recurrent.training import FIRST_RATE, LAST_SHARE, LEARNT

SHIPPED = [(kind, seed) for kind in KINDS for seed in SEEDS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "checkpoints"))


def test_every_model_is_there_and_nothing_else() -> None:
    assert set(records()) == set(SHIPPED)
    names = {file_of(kind, seed) for kind, seed in SHIPPED} | {MANIFEST, probing.FILE}
    assert {path.name for path in FOLDER.iterdir()} == names


@pytest.mark.parametrize(("kind", "seed"), SHIPPED)
def test_a_model_is_what_its_manifest_says(kind: str, seed: int) -> None:
    record = records()[kind, seed]
    contents = (FOLDER / file_of(kind, seed)).read_bytes()
    assert hashlib.sha256(contents).hexdigest() == record.sha256
    assert len(contents) < 1_000_000
    assert record.n_units == checkpoints.N_UNITS
    assert record.steps == record.curve[-1].step
    assert record.curve[0].rate == FIRST_RATE[kind]
    best = min(point.valid for point in record.curve)
    assert record.curve[-1].rate == LAST_SHARE * FIRST_RATE[kind] or best < LEARNT, (
        "trained to the plateau"
    )
    assert [point.n_words for point in record.accuracy] == list(accuracy.LENGTHS)


@pytest.mark.parametrize("kind", KINDS)
def test_accuracy_of_a_few_lengths_is_measured_again(kind: str) -> None:
    """All of them, with every seed: ``python -m benchmarks.accuracy``."""
    shipped = {point.n_words: point for point in records()[kind, 0].accuracy}
    for point in accuracy.by_length(network_of(kind), (2, 9, 16, 21)):
        known = shipped[point.n_words]
        assert (point.n_sentences, point.n_tokens) == (known.n_sentences, known.n_tokens)
        # Another processor may round a tie between two words the other way.
        assert abs(point.n_exact - known.n_exact) <= 1
        assert abs(point.n_right - known.n_right) <= 0.01 * known.n_tokens


def test_attention_has_no_bottleneck_and_the_others_do() -> None:
    longest = {
        run: accuracy.in_bucket(record.accuracy, (13, 16)).exact
        for run, record in records().items()
    }
    best_without = max(share for (kind, _), share in longest.items() if kind != "bahdanau")
    for seed in SEEDS:
        assert longest["bahdanau", seed] >= 0.95
        assert longest["bahdanau", seed] - best_without >= 0.4


def test_a_tampered_file_is_not_used(folder: Path) -> None:
    path = folder / file_of("gru", 0)
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    with pytest.raises(CheckpointError, match="SHA-256 is another"):
        weights_of("gru", 0, folder)


def test_a_pickle_under_a_models_name_is_never_opened(folder: Path) -> None:
    bomb = b"cos\nsystem\n(S'touch opened'\ntR."
    (folder / file_of("gru", 0)).write_bytes(bomb)
    with pytest.raises(CheckpointError, match="SHA-256 is another"):
        weights_of("gru", 0, folder)
    listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for model in listed["models"]:
        model["sha256"] = hashlib.sha256(bomb).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(listed), encoding="utf-8")
    with pytest.raises(CheckpointError, match="no safetensors file"):
        weights_of("gru", 0, folder)


def test_a_missing_file_says_what_to_do(folder: Path) -> None:
    (folder / file_of("lstm", 0)).unlink()
    with pytest.raises(CheckpointError, match=r"lstm-0\.safetensors is missing.*make train"):
        weights_of("lstm", 0, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"models": [{}]}', '{"models": 3}'])
def test_a_damaged_manifest_says_so(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        weights_of("gru", 0, folder)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        checkpoints.trials(folder)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    text = checkpoints.write_manifest(records(), {"task": "<one>"}, checkpoints.trials())
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    assert json.loads(text)["task"] == "<one>"
    assert records(tmp_path) == records()
    assert checkpoints.trials(tmp_path) == checkpoints.trials()
