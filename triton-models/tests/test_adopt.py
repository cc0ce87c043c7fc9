import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from bench.random_model import write_random_model
from quartet_pipeline.adopt import adopt
from quartet_pipeline.description import read_description
from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.pipeline import draw, open_pipeline
from quartet_pipeline.request import parse_request

SENTENCES = ("A red Lighthouse at DUSK", "it's 42 boats, isn't it?!", "  café\n\tnaïve  ", "<3 :-) ...", "")


def vocabulary() -> tuple[dict[str, int], list[str]]:
    """Every byte alone and at the end of a word, and a few merges."""
    alphabet = sorted(importlib.import_module("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    merges = ["r e", "re d</w>", "l i", "li g", "lig h", "a t</w>", "b o", "bo a"]
    words = alphabet + [f"{byte}</w>" for byte in alphabet] + [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return {word: place for place, word in enumerate(words)}, merges


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A small model as diffusers saves one: no file of ours in it."""
    folder = tmp_path / "saved"
    words, merges = vocabulary()
    (tmp_path / "any.json").write_text("{}")
    small: dict[str, dict[str, Any]] = {
        "text": {
            "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "max_position_embeddings": 24,
        },
        "unet": {
            "sample_size": 8, "cross_attention_dim": 32, "attention_head_dim": 2, "norm_num_groups": 8,
            "block_out_channels": (16, 32), "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        },
        "vae": {"block_out_channels": (8, 8, 16, 16), "norm_num_groups": 4},
    }  # fmt: skip
    write_random_model(folder, tmp_path / "any.json", **small)
    for ours in ("pipeline.json", "tokenizer.json"):
        (folder / ours).unlink()
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer/vocab.json").write_text(json.dumps(words))
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "scheduler").mkdir()
    (folder / "scheduler/scheduler_config.json").write_text(
        json.dumps({"prediction_type": "v_prediction", "steps_offset": 1, "beta_schedule": "scaled_linear"})
    )
    return folder


def test_words_become_the_ids_that_transformers_gives_them(saved: Path) -> None:
    adopt(saved, "Storybook")
    words, merges = vocabulary()
    transformers: Any = importlib.import_module("transformers")
    theirs = transformers.CLIPTokenizer(vocab=words, merges=[tuple(merge.split()) for merge in merges])
    ours = Tokenizer.from_file(str(saved / "tokenizer.json"))
    for sentence in SENTENCES:
        assert ours.encode(sentence).ids == theirs(sentence, add_special_tokens=False)["input_ids"], sentence


def test_a_folder_of_diffusers_draws_once_it_is_adopted(saved: Path) -> None:
    pipeline = open_pipeline(adopt(saved, "Storybook"))
    description = pipeline.description
    assert (description.id, description.sizes, description.max_tokens) == ("storybook", ((64, 64),), 24)
    assert description.schedule.prediction_type == "v_prediction"
    tensors = {
        "prompt": np.array([b"a red boat"], object), "seeds": np.array([7]), "steps": np.array([2], np.int32),
        "size": np.array([64, 64], np.int32),
    }  # fmt: skip
    drawing = draw(pipeline, parse_request(tensors, {description.id: description}))
    assert drawing.images.shape == (1, 64, 64, 3)
    assert drawing.images.std() > 0


def test_a_single_file_gets_a_folder_beside_it_that_names_it(saved: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "ink.safetensors"
    checkpoint.write_bytes(b"")
    folder = adopt(checkpoint, "Ink", saved / "tokenizer")
    found = read_model_folder(folder)
    assert (folder, found.networks.resolve()) == (tmp_path / "ink", checkpoint.resolve())
    assert read_description(folder).sizes == ((512, 512), (512, 768), (768, 512))


def test_what_cannot_be_adopted_is_told_in_a_sentence(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no unet/config\.json"):
        adopt(tmp_path, "Nothing")
    pickled = tmp_path / "model.ckpt"
    pickled.write_bytes(b"")
    with pytest.raises(ModelError, match=r"pickled weights are not read\), got model.ckpt"):
        adopt(pickled, "Pickle")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="name one with --tokenizer"):
        adopt(tmp_path / "model.safetensors", "Single")
    (saved / "tokenizer/merges.txt").unlink()
    with pytest.raises(ModelError, match=r"vocab\.json and merges\.txt"):
        adopt(saved, "Storybook")
