"""The networks, their export and the reference pipeline, with a tiny untrained model."""

import json
import random
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from demo.checkpoint import Checkpoint, State
from demo.export import export
from demo.networks import ModelConfig, PictureDecoder, PictureEncoder, TextEncoder, UNet, coordinates_like
from demo.sample import Pipeline
from demo.scenes import caption, sample_scene
from demo.tokenizer import encode, load_tokenizer, mirror_table, train_tokenizer

TINY = ModelConfig(
    max_tokens=16,
    text_width=64,
    text_layers=1,
    unet_widths=(32, 64, 64),
    encoder_widths=(8, 8, 8),
    decoder_widths=(8, 8, 8),
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("checkpoint")
    rng = random.Random(0)
    tokenizer = train_tokenizer([caption(sample_scene(rng), rng) for _ in range(500)], vocabulary=700)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = ModelConfig.from_json({**TINY.to_json(), "vocabulary": tokenizer.get_vocab_size()})
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = {
        "text_encoder": TextEncoder(config),
        "unet": UNet(config),
        "vae_encoder": PictureEncoder(config),
        "vae_decoder": PictureDecoder(config),
    }
    for network in networks.values():
        for parameter in network.parameters():
            # What begins at zero would hide whatever stands behind it.
            if not parameter.any():
                nn.init.normal_(parameter, std=0.1)
    statistics = {"scaling_factor": 1.1, "latent_rgb": {"weights": [[0.1, 0.1, 0.1]] * 4, "bias": [0.5, 0.5, 0.5]}}
    Checkpoint(folder, config, {name: n.state_dict() for name, n in networks.items()}, statistics).save()
    return Checkpoint.load(folder)


@pytest.fixture(scope="module")
def model_folder(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    export(checkpoint, folder)
    return folder


def load(network: nn.Module, weights: State) -> nn.Module:
    network.load_state_dict({key: value.float() for key, value in weights.items()})
    return network.eval()


@pytest.mark.parametrize(("height", "width", "count"), [(8, 8, 1), (16, 8, 3), (24, 32, 2)])
@torch.no_grad()
def test_exported_graphs_compute_what_the_networks_do(
    checkpoint: Checkpoint, model_folder: Path, height: int, width: int, count: int
) -> None:
    config, weights = checkpoint.config, checkpoint.weights
    torch.manual_seed(1)
    ids = torch.randint(config.vocabulary, (count, config.max_tokens))
    latents, timestep = torch.randn(count, 4, height, width), torch.linspace(1, 999, count)
    pictures = torch.rand(count, 3, 8 * height, 8 * width) * 2 - 1
    text = load(TextEncoder(config), weights["text_encoder"])(ids)
    expected = {
        "text_encoder": ({"input_ids": ids}, text),
        "unet": (
            {"sample": latents, "timestep": timestep, "encoder_hidden_states": text},
            load(UNet(config), weights["unet"])(latents, timestep, text),
        ),
        "vae_decoder": ({"latent_sample": latents}, load(PictureDecoder(config), weights["vae_decoder"])(latents)),
        "vae_encoder": ({"sample": pictures}, load(PictureEncoder(config), weights["vae_encoder"])(pictures)),
    }
    for name, (inputs, output) in expected.items():
        session = ort.InferenceSession(str(model_folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        got = session.run(None, {key: value.numpy() for key, value in inputs.items()})[0]
        assert got.shape == tuple(output.shape)
        assert np.linalg.norm(got - output.numpy()) < 2e-3 * np.linalg.norm(output.numpy()), name


def test_weights_are_stored_in_half_precision(model_folder: Path) -> None:
    for name in ("text_encoder", "unet", "vae_decoder", "vae_encoder"):
        graph = onnx.load(model_folder / f"{name}.onnx").graph
        sizes = {onnx.TensorProto.FLOAT: 0, onnx.TensorProto.FLOAT16: 0}
        for initializer in graph.initializer:
            if initializer.data_type in sizes:
                sizes[initializer.data_type] += int(np.prod(initializer.dims))
        assert sizes[onnx.TensorProto.FLOAT16] > 5 * sizes[onnx.TensorProto.FLOAT], name


def test_graph_inputs_and_outputs_have_the_agreed_names(model_folder: Path) -> None:
    names = {}
    for file in model_folder.glob("*.onnx"):
        graph = onnx.load(file).graph
        names[file.stem] = ([value.name for value in graph.input], [value.name for value in graph.output])
    assert names == {
        "text_encoder": (["input_ids"], ["last_hidden_state"]),
        "unet": (["sample", "timestep", "encoder_hidden_states"], ["out_sample"]),
        "vae_decoder": (["latent_sample"], ["sample"]),
        "vae_encoder": (["sample"], ["latent_sample"]),
    }


def test_a_picture_depends_on_its_seed_and_prompt_but_not_on_its_neighbours(model_folder: Path) -> None:
    pipeline = Pipeline(model_folder)
    together = pipeline.generate(["a red boat", "a house", "a red boat"], [5, 5, 6], 3, 2.0, size=(64, 128))
    alone = pipeline.generate(["a house"], [5], 3, 2.0, size=(64, 128))
    assert together.shape == (3, 64, 128, 3)
    assert together.dtype == np.uint8
    assert np.abs(together[1].astype(int) - alone[0].astype(int)).max() <= 1
    assert (together[0] != together[1]).any()
    assert (together[0] != together[2]).any()


def test_enlarging_doubles_the_sides(model_folder: Path) -> None:
    pipeline = Pipeline(model_folder)
    pictures = np.zeros((2, 64, 64, 3), np.uint8)
    assert pipeline.enlarge(pictures, ["a boat", "a tree"], [1, 2]).shape == (2, 128, 128, 3)


def test_pipeline_description_names_tokens_of_the_tokenizer(model_folder: Path) -> None:
    description = json.loads((model_folder / "pipeline.json").read_text())
    tokenizer = load_tokenizer(model_folder)
    assert description["bos_token_id"] == tokenizer.token_to_id("<|startoftext|>")
    assert description["eos_token_id"] == tokenizer.token_to_id("<|endoftext|>")
    assert encode(tokenizer, [""], max_tokens=4).tolist() == [
        [description["bos_token_id"], *[description["pad_token_id"]] * 3]
    ]


def test_a_long_prompt_is_cut_and_keeps_its_end(checkpoint: Checkpoint) -> None:
    ids = encode(checkpoint.tokenizer, ["red " * 40], max_tokens=8)[0]
    assert ids[0] == checkpoint.token_ids["<|startoftext|>"]
    assert ids[-1] == checkpoint.token_ids["<|endoftext|>"]
    assert len(set(ids[1:-1])) == 1


def test_any_text_has_tokens(checkpoint: Checkpoint) -> None:
    for text in ("Ein Café über dem Meer, 夜!", "🙂", "\n\t", "<script>"):
        encoded = checkpoint.tokenizer.encode(text)
        assert checkpoint.tokenizer.decode(encoded.ids).replace(" ", "") == "".join(text.lower().split())


def test_mirrored_captions_swap_left_and_right(checkpoint: Checkpoint) -> None:
    table = mirror_table(checkpoint.tokenizer)
    ids = checkpoint.tokenizer.encode("a boat on the left").ids
    assert checkpoint.tokenizer.decode(table[ids].tolist()).endswith("right")
    assert table[table[ids]].tolist() == ids


def test_coordinates_run_from_edge_to_edge() -> None:
    x, y = coordinates_like(torch.zeros(1, 4, 2, 4))[0]
    assert x[0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert y[:, 0].tolist() == [-0.5, 0.5]
