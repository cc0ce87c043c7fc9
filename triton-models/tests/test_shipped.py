"""The exported folder holds all weights, and gives them back."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from demo.checkpoint import Checkpoint
from demo.export import export
from demo.networks import ModelConfig
from demo.shipped import NETWORKS, read_model
from demo.tokenizer import train_tokenizer

CONFIG = ModelConfig(
    max_tokens=12,
    text_width=64,
    text_layers=2,
    unet_widths=(32, 64, 64),
    encoder_widths=(8, 8, 8),
    decoder_widths=(8, 8, 8),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model with random weights, small enough to make in a second."""
    source, out = tmp_path_factory.mktemp("checkpoint"), tmp_path_factory.mktemp("model")
    tokenizer = train_tokenizer(["a red boat on the left", "two green boats on the right"], vocabulary=300)
    tokenizer.save(str(source / "tokenizer.json"))
    config = ModelConfig(**{**CONFIG.to_json(), "vocabulary": tokenizer.get_vocab_size()})
    torch.manual_seed(0)
    weights = {}
    for name, kind in NETWORKS.items():
        network = kind(config)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.05)
        weights[name] = network.state_dict()
    statistics = {"scaling_factor": 1.0, "latent_rgb": {"weights": [[0.0] * 3] * 4, "bias": [0.5] * 3}}
    export(Checkpoint(source, config, weights, statistics), out)
    return out


def test_the_networks_read_back_compute_what_the_graphs_compute(folder: Path) -> None:
    checkpoint = read_model(folder)
    config = checkpoint.config
    generator = torch.Generator().manual_seed(1)
    inputs = {
        "text_encoder": {"input_ids": torch.randint(0, 100, (2, config.max_tokens), generator=generator)},
        "unet": {
            "sample": torch.randn(2, 4, 16, 24, generator=generator),
            "timestep": torch.tensor([3.0, 900.0]),
            "encoder_hidden_states": torch.randn(2, config.max_tokens, config.text_width, generator=generator),
        },
        "vae_encoder": {"sample": torch.rand(1, 3, 64, 64, generator=generator) * 2 - 1},
        "vae_decoder": {"latent_sample": torch.randn(1, 4, 8, 8, generator=generator)},
    }
    for name, kind in NETWORKS.items():
        network = kind(config).eval()
        network.load_state_dict(checkpoint.weights[name])
        with torch.no_grad():
            ours = network(*inputs[name].values()).numpy()
        session = ort.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        (theirs,) = session.run(None, {key: value.numpy() for key, value in inputs[name].items()})
        np.testing.assert_allclose(ours, theirs, atol=2e-4, err_msg=name)


def test_a_graph_without_a_weight_is_refused_by_its_name(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "unet.onnx").write_bytes((folder / "vae_decoder.onnx").read_bytes())
    with pytest.raises(ValueError, match=r"Expected unet\.onnx to hold"):
        read_model(tmp_path)
