"""Stable Diffusion's networks, small and with random weights, for tests."""

import torch

from bench.subject import shake
from quartet_pipeline.networks.clip import TextConfig, TextEncoder
from quartet_pipeline.networks.operations import PLAIN, Operations
from quartet_pipeline.networks.unet import UNet, UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig, Decoder, Encoder
from quartet_pipeline.networks.weights import StableDiffusion

TEXT = TextConfig(vocabulary=100, max_tokens=16, width=32, feed_width=64, layers=2, heads=4)
UNET = UNetConfig(widths=(32, 64, 64), heads=(4, 4, 4), has_attention=(True, True, False), text_width=32, groups=8)
VAE = AutoencoderConfig(widths=(16, 16, 32, 32), groups=8)


def small_networks(dtype: torch.dtype = torch.float32, operations: Operations = PLAIN) -> StableDiffusion:
    """The same weights every time, whatever the operations."""
    networks = StableDiffusion(
        TextEncoder(TEXT), UNet(UNET, operations), Encoder(VAE, operations), Decoder(VAE, operations)
    )
    generator = torch.Generator().manual_seed(1)
    for network in (networks.text_encoder, networks.unet, networks.encoder, networks.decoder):
        shake(network, generator)
        network.to(dtype).requires_grad_(False).eval()
    return networks
