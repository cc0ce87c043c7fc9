"""Noise schedule, banks and the training steps, small enough for a CPU."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from demo.average import MovingAverage
from demo.bank import Captioned, crop_coordinates, cut_tiles, random_crops, to_bytes, to_signed, write_captions
from demo.networks import ModelConfig, coordinates_like
from demo.scenes import caption, sample_scene
from demo.schedule import SCHEDULE
from demo.team import Team
from demo.tokenizer import train_tokenizer
from demo.train_denoiser import (
    Batches,
    Denoiser,
    DenoiserSettings,
    LatentBank,
    caption_gain,
    fit_latent_rgb,
)
from demo.train_text import TextSettings, train_text_encoder
from quartet_pipeline.schedulers import noise_levels

ALONE = Team(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelConfig, Captioned]:
    folder = tmp_path_factory.mktemp("tokenizer")
    rng = random.Random(0)
    tokenizer = train_tokenizer([caption(sample_scene(rng), rng) for _ in range(2000)], vocabulary=700)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = ModelConfig(
        vocabulary=tokenizer.get_vocab_size(), max_tokens=40, text_width=64, text_layers=1, unet_widths=(32, 64, 64)
    )
    return config, write_captions(1, 600, 3, folder, config.max_tokens)


def test_tiles_cover_a_picture_in_reading_order() -> None:
    picture = torch.arange(16).view(1, 1, 4, 4)
    assert cut_tiles(picture, 2)[1].flatten().tolist() == [2, 3, 6, 7]


def test_crops_know_where_they_lie() -> None:
    whole = coordinates_like(torch.zeros(5, 4, 16, 16))
    crops, corners = random_crops(whole, 8, torch.Generator().manual_seed(0))
    assert torch.allclose(crops, crop_coordinates(corners, 8, 16))


def test_bytes_survive_the_way_to_signed_and_back() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_bytes(to_signed(values)), values)


def test_moving_average_follows_slowly() -> None:
    network = nn.Linear(1, 1)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network)
    nn.init.ones_(network.weight)
    average.follow(0.9)
    assert float(average.network.weight) == pytest.approx(0.1)


def test_preview_colours_are_recovered_from_latents() -> None:
    latents = torch.randn(2, 4, 8, 8)
    weights, bias = torch.rand(4, 3) * 0.05, torch.tensor([0.4, 0.5, 0.6])
    colours = torch.einsum("nchw,ck->nkhw", latents, weights) + bias[:, None, None]
    pictures = (colours * 255).repeat_interleave(8, 2).repeat_interleave(8, 3)
    fitted = fit_latent_rgb(latents, pictures)
    assert np.allclose(fitted["weights"], weights, atol=1e-3)
    assert np.allclose(fitted["bias"], bias, atol=1e-3)


def test_text_encoder_tells_prompts_apart_once_trained(captioned: tuple[ModelConfig, Captioned]) -> None:
    """Trained beside the UNet from nothing, it once ended with the same states for every prompt."""
    config, examples = captioned
    encoder = train_text_encoder(ALONE, config, examples, TextSettings(minutes=0.1, batch=16))
    with torch.no_grad():
        states = encoder(torch.from_numpy(examples.ids[:32, 0]).long())
    assert states.std(dim=0).mean() > 0.1


def test_caption_gain_sees_whether_captions_matter(captioned: tuple[ModelConfig, Captioned]) -> None:
    config, examples = captioned
    torch.manual_seed(0)
    model = Denoiser(config)
    ids = torch.from_numpy(examples.ids[:8, 0]).long()
    noisy, timestep = torch.randn(8, 4, 16, 16), torch.full((8,), 500.0)
    arguments = (noisy, timestep, ids, coordinates_like(noisy))
    with torch.no_grad():
        for parameter in model.parameters():
            # What begins at zero would hide the prompt.
            if not parameter.any():
                nn.init.normal_(parameter, std=0.1)
        assert caption_gain(model, *arguments, model(*arguments)) > 0.99
        model.text_encoder.norm.weight.zero_()
        assert caption_gain(model, *arguments, torch.randn(8, 4, 16, 16)) == pytest.approx(0, abs=1e-3)


def test_a_drawn_batch_adds_up(captioned: tuple[ModelConfig, Captioned]) -> None:
    _, examples = captioned
    latents = torch.randn(20, 4, 8, 8).half()
    ids = torch.from_numpy(examples.ids[:20])
    settings = DenoiserSettings(batch=12, large_batch=4, unprompted=1.0)
    bank = LatentBank(latents, ids, torch.randn(5, 4, 16, 16).half(), ids[:5])
    empty = torch.full((1, ids.shape[-1]), 7)
    noisy, timestep, words, coordinates, velocity = Batches(bank, empty, settings, seed=0).draw()
    assert noisy.shape == velocity.shape == (12, 4, 8, 8)
    assert coordinates.shape == (12, 2, 8, 8)
    assert (words == 7).all()
    assert timestep[-4:].max() < settings.large_timesteps
    signals = torch.tensor([level.alpha for level in noise_levels(SCHEDULE)])
    signal = signals[timestep.long()][:, None, None, None]
    noise = (1 - signal**2).sqrt()
    clean = signal * noisy - noise * velocity
    assert any(torch.allclose(clean[0], one.float(), atol=1e-2) for one in latents)
