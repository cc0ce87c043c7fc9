"""First half of the training: the autoencoder, on random crops of rendered pictures."""

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from demo.average import MovingAverage
from demo.bank import cut_tiles, random_crops, render_until, to_bytes, to_signed
from demo.networks import ModelConfig, PictureDecoder, PictureEncoder
from demo.scenes import Scene
from demo.team import Team


@dataclass(frozen=True)
class AutoencoderSettings:
    minutes: float = 6.0
    """Rendering included."""
    picture_size: int = 512
    crop_size: int = 256
    pictures: int = 12_000
    """At most so many per process, 3 MB each."""
    render_seconds: float = 16.0
    batch: int = 48
    """Per process."""
    learning_rate: float = 1e-3
    latent_noise: float = 0.04
    """Deviation of the noise added to the latents, whose own deviation is 1: it keeps near latents near in looks."""
    compile: bool = True


class Autoencoder(nn.Module):
    """Encoder, noise, decoder: float [n, 3, h, w] in [-1, 1] -> the same shape."""

    def __init__(self, config: ModelConfig, latent_noise: float) -> None:
        super().__init__()
        self.encoder = PictureEncoder(config)
        self.decoder = PictureDecoder(config)
        self.latent_noise = latent_noise

    def forward(self, pictures: Tensor) -> Tensor:
        latents = self.encoder(pictures)
        drawn: Tensor = self.decoder(latents + self.latent_noise * torch.randn_like(latents))
        return drawn


def reconstruction_loss(drawn: Tensor, target: Tensor) -> Tensor:
    """Absolute differences of pixels, of their slopes at three scales, and of the finest detail.

    Slopes weigh edges, which plain differences hardly see because edges cover few pixels.
    """
    loss = F.l1_loss(drawn, target)
    for weight in (1.0, 0.5, 0.25):
        for axis in (2, 3):
            loss = loss + weight * F.l1_loss(drawn.diff(dim=axis), target.diff(dim=axis))
        drawn, target = F.avg_pool2d(drawn, 2), F.avg_pool2d(target, 2)
    return loss


def train_autoencoder(
    team: Team, config: ModelConfig, scenes: list[Scene], settings: AutoencoderSettings, log_file: Path
) -> Autoencoder:
    """Train within `settings.minutes`; returns the moving average of the weights, in evaluation mode."""
    start = time.monotonic()
    device = team.device
    generator = torch.Generator(device).manual_seed(team.rank)
    bank = _picture_bank(scenes, settings, device)
    team.report(f"autoencoder: {len(bank)} pictures a process after {time.monotonic() - start:.0f} s")
    torch.manual_seed(0)
    model = Autoencoder(config, settings.latent_noise).to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.manual_seed(1 + team.rank)
    average = MovingAverage(model)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=device.type == "cuda"
    )
    forward = torch.compile(model) if settings.compile else model
    budget = settings.minutes * 60
    elapsed, step = team.seconds_since(start), 0
    with log_file.open("w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["step", "seconds", "loss", "psnr_db"])
        while elapsed < budget:
            rate = settings.learning_rate * min(1.0, (step + 1) / 200) * _cosine(elapsed / budget)
            for group in optimiser.param_groups:
                group["lr"] = rate
            chosen = torch.randint(0, len(bank), (settings.batch,), device=device, generator=generator)
            crops = to_signed(random_crops(bank[chosen], settings.crop_size, generator)[0])
            crops = crops.contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                drawn = forward(crops)
            loss = reconstruction_loss(drawn.float(), crops)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            team.average_gradients(model.parameters())
            clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            average.follow(min(0.999, (1 + step) / (10 + step)))
            step += 1
            if step % 20 == 0:
                elapsed = team.seconds_since(start)
            if team.leads and (step % 100 == 0 or step == 1):
                psnr = -10 * math.log10(max(F.mse_loss(drawn.float(), crops).item() / 4, 1e-10))
                log.writerow([step, f"{elapsed:.1f}", f"{loss.item():.5f}", f"{psnr:.2f}"])
                file.flush()
                if step % 500 == 0 or step == 1:
                    team.report(f"autoencoder: step {step}, {elapsed:.0f} s, loss {loss.item():.4f}, {psnr:.2f} dB")
    team.copy_from_lead(average.network.state_dict().values())
    return average.network


@torch.no_grad()
def measure_autoencoder(model: Autoencoder, pictures: Tensor, *, batch: int = 8) -> tuple[float, Tensor]:
    """PSNR in dB of whole pictures without latent noise, and the reconstructions, uint8 like `pictures`."""
    drawn = []
    for part in torch.split(pictures, batch):
        with torch.autocast(part.device.type, torch.bfloat16, enabled=part.is_cuda):
            drawn.append(to_bytes(model.decoder(model.encoder(to_signed(part)))))
    result = torch.cat(drawn)
    errors = (result.float() - pictures.float()).square().mean(dim=(1, 2, 3)).clamp(min=1e-3)
    return float((10 * torch.log10(255**2 / errors)).mean()), result


def _picture_bank(scenes: list[Scene], settings: AutoencoderSettings, device: torch.device) -> Tensor:
    """Pictures and, one in six, quarters of pictures drawn twice as large: the enlarging pass decodes such ones."""
    size = settings.picture_size
    bank = torch.empty(settings.pictures, 3, size, size, dtype=torch.uint8, device=device)
    large = len(bank) // 24
    filled = 0
    for scale, part, seconds in ((2, scenes[:large], 0.25), (1, scenes[large : len(bank) - 3 * large], 0.75)):
        allowed = settings.render_seconds * seconds
        for drawn in render_until(part, size=size * scale, batch=32 // scale**2, seconds=allowed, device=device):
            tiles = cut_tiles(drawn, size)[: len(bank) - filled]
            bank[filled : filled + len(tiles)] = tiles
            filled += len(tiles)
    return bank[:filled]


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
