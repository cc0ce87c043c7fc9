"""The measurements of masks, controls, checker and second pass, on small networks and without a GPU."""

import json
from dataclasses import replace
from pathlib import Path

import torch

from bench.conditions import PLAIN, add_conditions, measure
from bench.subject import DESCRIPTION, shake
from quartet_pipeline.networks.clip import TextConfig, TextEncoder
from quartet_pipeline.networks.controlnet import ControlNetConfig
from quartet_pipeline.networks.safety import SafetyConfig
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.unet import UNet, UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig, Decoder, Encoder
from quartet_pipeline.networks.weights import StableDiffusion


def small_networks() -> StableDiffusionNetworks:
    unet = UNetConfig(widths=(16, 32, 32, 32), heads=(2, 2, 2, 2), blocks=1, text_width=16, groups=8)
    vae = AutoencoderConfig(widths=(8, 8, 8, 8), blocks=1, groups=4)
    text = TextConfig(width=16, feed_width=32, layers=1, heads=2)
    parts = TextEncoder(text), UNet(unet), Encoder(vae), Decoder(vae)
    for part in parts:
        shake(part, torch.Generator().manual_seed(1))
    networks = StableDiffusionNetworks(StableDiffusion(*parts), torch.device("cpu"))
    add_conditions(
        networks,
        ControlNetConfig(unet, (4, 4, 4, 4)),
        SafetyConfig(width=32, feed_width=64, layers=1, heads=2, projection=16),
    )
    return networks


def test_every_row_is_measured_and_captured_drawings_are_the_eager_ones(tmp_path: Path) -> None:
    request = replace(PLAIN, seeds=(1, 2), steps=4, size=(64, 64))
    description = replace(DESCRIPTION, sizes=((64, 64),), enlarge_factor=2)
    results = measure(small_networks(), description, request, 300, tmp_path / "out.json")
    rows = results["rows"]
    assert not [row for row in rows.values() if "problem" in row]
    for title, row in rows.items():
        if "against eager" in title:
            assert (row["most_levels"], row["unsafe_apart"]) == (0, 0)
            assert row["deviation"] > 5
    assert rows["another control and back"]["is_the_same_after"]
    assert json.loads((tmp_path / "out.json").read_text()) == results
    late = measure(small_networks(), description, request, 0, None)
    assert {row["problem"] for row in late["rows"].values()} == {"no time left"}
