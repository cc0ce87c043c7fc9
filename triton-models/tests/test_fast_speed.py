"""The bench of the fast modes, on a CPU and with a small model of Stable Diffusion's kind."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.fast_speed import REQUEST, measure_speed
from bench.subject import DESCRIPTION, shake
from quartet_pipeline.networks.clip import TextConfig, TextEncoder
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.unet import UNet, UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig, Decoder, Encoder
from quartet_pipeline.networks.weights import StableDiffusion

SIZE = (64, 64)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine, threads wait for each other longer than these small networks take."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


def small_networks() -> StableDiffusionNetworks:
    unet = UNetConfig(widths=(16, 32), heads=(2, 2), has_attention=(True, False), text_width=32, groups=8)
    autoencoder = AutoencoderConfig(widths=(8, 8, 16, 16), groups=4)
    text = TextConfig(width=32, layers=1, heads=2, feed_width=64)
    networks = StableDiffusion(TextEncoder(text), UNet(unet), Encoder(autoencoder), Decoder(autoencoder))
    for network in (networks.text_encoder, networks.unet, networks.encoder, networks.decoder):
        shake(network, torch.Generator().manual_seed(1))
        network.requires_grad_(False).eval()
    return StableDiffusionNetworks(networks, torch.device("cpu"))


def test_every_mode_is_timed_and_checked(tmp_path: Path) -> None:
    request = replace(REQUEST, size=SIZE, steps=5, seeds=(1, 2))
    description = replace(DESCRIPTION, sizes=(SIZE,))
    results = measure_speed(small_networks(), 600, tmp_path / "speed.json", request, description, repeats=1)
    assert json.loads((tmp_path / "speed.json").read_text()) == results
    rows = results["rows"]
    assert not [title for title, row in rows.items() if row.get("failed")]
    assert {f"{count}, {mode}" for count in ("four", "one") for mode in ("exact", "cached every 3")} < set(rows)
    # The same functions run twice: on a GPU, this compares graphs with them.
    assert [rows[f"{mode}, captured against eager"]["most"] for mode in ("fast", "cutoff")] == [0, 0]


def test_no_row_is_begun_when_time_is_up(tmp_path: Path) -> None:
    assert measure_speed(small_networks(), -1, tmp_path / "speed.json")["rows"] == {}
