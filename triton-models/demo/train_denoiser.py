"""Second half of the training: the UNet, on latents of rendered pictures and their captions."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from demo.average import MovingAverage
from demo.bank import Captioned, crop_coordinates, encode_bank, random_crops, render_until
from demo.networks import DOWNSCALE, ModelConfig, PictureEncoder, TextEncoder, UNet, coordinates_like
from demo.schedule import SCHEDULE
from demo.team import Team
from quartet_pipeline.schedulers import noise_levels


@dataclass(frozen=True)
class DenoiserSettings:
    minutes: float = 15.0
    """Rendering included."""
    picture_size: int = 512
    scenes: int = 50_000
    """At most so many per process, 33 kB each."""
    captions: int = 8
    """Per scene."""
    render_seconds: float = 90.0
    large_share: float = 0.04
    """Of the scenes, drawn at twice the size: crops of them teach the enlarging pass."""
    batch: int = 256
    """Per process."""
    large_batch: int = 24
    """Of the batch, crops of large pictures."""
    large_timesteps: int = 350
    """Large pictures are only ever denoised from less than this."""
    unprompted: float = 0.1
    """Share of captions replaced by the empty one, for classifier-free guidance (Ho & Salimans 2022)."""
    learning_rate: float = 1e-3
    warmup_steps: int = 500
    average_decay: float = 0.9995
    compile: bool = True
    save_seconds: float = 30.0


class Denoiser(nn.Module):
    """Text encoder and UNet as one module, so that one compiled program trains both."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.text_encoder = TextEncoder(config)
        self.unet = UNet(config)

    def forward(self, sample: Tensor, timestep: Tensor, ids: Tensor, coordinates: Tensor) -> Tensor:
        velocity: Tensor = self.unet(sample, timestep, self.text_encoder(ids), coordinates)
        return velocity


@dataclass(frozen=True)
class LatentBank:
    latents: Tensor
    """float16 [n, 4, h/8, w/8], deviation about 1."""
    ids: Tensor
    """int16 [n, captions, max_tokens]: of the scene with the same index."""
    large: Tensor
    """float16 [m, 4, h/4, w/4]: of pictures drawn at twice the size."""
    large_ids: Tensor


def fill_latent_bank(
    team: Team, encoder: PictureEncoder, captioned: Captioned, mirror_table: Tensor, settings: DenoiserSettings
) -> LatentBank:
    """Render and encode this process's scenes, as many as `render_seconds` allows, and their mirror images.

    mirror_table: int16 [vocabulary], each token's token in captions of the mirror image.
    """
    device, size = team.device, settings.picture_size
    encoder = encoder.to(device).eval()
    large_count = max(1, int(len(captioned.scenes) * settings.large_share))
    ids, table = torch.from_numpy(captioned.ids).to(device), mirror_table.to(device)

    @torch.no_grad()
    def encode(pictures: Tensor) -> Tensor:
        both = torch.cat([pictures, pictures.flip(3)]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            latents: Tensor = encoder(both)
        return latents

    banks = []
    for part, scale, share in ((slice(large_count), 2, 0.15), (slice(large_count, None), 1, 0.85)):
        scenes, batch = captioned.scenes[part], 64 // scale**2
        pictures = render_until(
            scenes, size=size * scale, batch=batch, seconds=settings.render_seconds * share, device=device
        )
        side = size * scale // DOWNSCALE
        latents = encode_bank(pictures, encode, side=side, capacity=2 * len(scenes), device=device)
        # In the order of `encode`: a batch, then its mirror images.
        same_order = torch.cat([torch.cat([own, table[own.long()]]) for own in torch.split(ids[part], batch)])
        banks.append((latents, same_order[: len(latents)]))
    (large, large_ids), (latents, ids) = banks
    return LatentBank(latents, ids, large, large_ids)


class Batches:
    """Draws noisy latents, where they lie, their captions and the velocity to predict."""

    def __init__(self, bank: LatentBank, empty_ids: Tensor, settings: DenoiserSettings, seed: int) -> None:
        self.bank, self.settings = bank, settings
        self.device = bank.latents.device
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.empty_ids = empty_ids.to(self.device)
        levels = [(level.alpha, level.sigma) for level in noise_levels(SCHEDULE)]
        self.signals, self.noises = torch.tensor(levels, device=self.device).unbind(1)
        self.whole = coordinates_like(bank.latents[:1].float())

    def draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Returns (noisy [n, 4, h, w], timestep [n], ids [n, l], coordinates [n, 2, h, w], velocity like noisy)."""
        many, few = self.settings.batch - self.settings.large_batch, self.settings.large_batch
        side = self.bank.latents.shape[-1]
        chosen = self._integers(len(self.bank.latents), many)
        chosen_large = self._integers(len(self.bank.large), few)
        crops, corners = random_crops(self.bank.large[chosen_large], side, self.generator)
        clean = torch.cat([self.bank.latents[chosen], crops]).float()
        coordinates = torch.cat(
            [self.whole.expand(many, -1, -1, -1), crop_coordinates(corners, side, self.bank.large.shape[-1])]
        )
        captions = self._integers(self.bank.ids.shape[1], many + few)
        ids = torch.cat([self.bank.ids[chosen, captions[:many]], self.bank.large_ids[chosen_large, captions[many:]]])
        unprompted = torch.rand(many + few, 1, device=self.device, generator=self.generator) < self.settings.unprompted
        ids = torch.where(unprompted, self.empty_ids, ids.long())
        timestep = torch.cat(
            [self._timesteps(many, SCHEDULE.train_timesteps), self._timesteps(few, self.settings.large_timesteps)]
        )
        signal, noise = (table[timestep][:, None, None, None] for table in (self.signals, self.noises))
        drawn = torch.randn(clean.shape, device=self.device, generator=self.generator)
        # v-prediction: Salimans & Ho 2022, appendix D.
        return signal * clean + noise * drawn, timestep.float(), ids, coordinates, signal * drawn - noise * clean

    def _integers(self, below: int, count: int) -> Tensor:
        return torch.randint(0, below, (count,), device=self.device, generator=self.generator)

    def _timesteps(self, count: int, below: int) -> Tensor:
        """One from each of `count` equal ranges, which varies less from batch to batch than free draws do."""
        offsets = torch.rand(count, device=self.device, generator=self.generator)
        return ((torch.arange(count, device=self.device) + offsets) * (below / count)).long().clamp(max=below - 1)


def train_denoiser(
    team: Team,
    model: Denoiser,
    bank: LatentBank,
    empty_ids: Tensor,
    settings: DenoiserSettings,
    *,
    start: float,
    log_file: Path,
    save: Callable[[Denoiser], None],
) -> Denoiser:
    """Train until `settings.minutes` after `start`; returns the moving average of the weights.

    The text encoder stays as `demo.train_text` left it. While the UNet has no use for words yet they are noise to it,
    and the quickest way to less noise is a text encoder that says the same of every prompt: beside a learning UNet it
    collapsed within 200 steps.
    """
    device = team.device
    model = model.to(device)
    model.text_encoder.requires_grad_(False)
    torch.manual_seed(1 + team.rank)
    batches = Batches(bank, empty_ids, settings, seed=team.rank)
    average = MovingAverage(model)
    learning = list(model.unet.parameters())
    optimiser = torch.optim.AdamW(learning, betas=(0.9, 0.98), weight_decay=0.01, fused=device.type == "cuda")
    forward = torch.compile(model) if settings.compile else model
    budget = settings.minutes * 60
    elapsed, step, saved, mean_loss = team.seconds_since(start), 0, 0.0, 0.0
    began = elapsed
    with log_file.open("w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["step", "seconds", "pictures", "loss", "caption_gain"])
        while elapsed < budget:
            progress = (elapsed - began) / (budget - began)
            rate = settings.learning_rate * min(1.0, (step + 1) / settings.warmup_steps) * _cosine(progress)
            for group in optimiser.param_groups:
                group["lr"] = rate
            noisy, timestep, ids, coordinates, velocity = batches.draw()
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                predicted = forward(noisy, timestep, ids, coordinates)
            loss = (predicted.float() - velocity).square().mean()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            team.average_gradients(learning)
            clip_grad_norm_(learning, 1.0)
            optimiser.step()
            # The first steps leave the average quickly; afterwards it is slow.
            average.follow(min(settings.average_decay, (1 + step) / (10 + step)))
            step += 1
            if step % 20 == 0 or step == 1:
                elapsed = team.seconds_since(start)
                mean_loss = 0.9 * mean_loss + 0.1 * loss.item() if step > 1 else loss.item()
            if team.leads and (step % 100 == 0 or step == 1):
                pictures = step * settings.batch * team.size
                gain = caption_gain(
                    average.network, *(part[::4] for part in (noisy, timestep, ids, coordinates, velocity))
                )
                log.writerow([step, f"{elapsed:.1f}", pictures, f"{mean_loss:.5f}", f"{gain:.4f}"])
                file.flush()
                if step % 500 == 0 or step == 1:
                    progress_line = f"denoiser: step {step}, {elapsed:.0f} s, {pictures} pictures, loss {mean_loss:.4f}"
                    team.report(f"{progress_line}, captions take off {gain:.1%}")
                if elapsed - saved > settings.save_seconds:
                    saved = elapsed
                    save(average.network)
    team.copy_from_lead(average.network.state_dict().values())
    return average.network


@torch.no_grad()
def caption_gain(
    model: Denoiser, noisy: Tensor, timestep: Tensor, ids: Tensor, coordinates: Tensor, velocity: Tensor
) -> float:
    """By what share a picture's own caption lowers the loss, against another picture's: 0 means captions are ignored.

    The one number that tells early whether the model learns to follow prompts; the loss alone does not.
    """
    with torch.autocast(noisy.device.type, torch.bfloat16, enabled=noisy.is_cuda):
        own, other = (model(noisy, timestep, words, coordinates).float() for words in (ids, ids.roll(1, dims=0)))
    own_loss, other_loss = ((predicted - velocity).square().mean() for predicted in (own, other))
    return 1 - float(own_loss / other_loss)


def fit_latent_rgb(latents: Tensor, pictures: Tensor) -> dict[str, list[list[float]] | list[float]]:
    """The linear map from scaled latents to colours 0..1 that fits best, for previews.

    latents: float [n, 4, h/8, w/8]; pictures: uint8 [n, 3, h, w].
    """
    colours = torch.nn.functional.avg_pool2d(pictures.float() / 255, DOWNSCALE)
    inputs = latents.float().permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    inputs = torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1)
    targets = colours.permute(0, 2, 3, 1).reshape(-1, 3)
    solution = torch.linalg.lstsq(inputs.double().cpu(), targets.double().cpu()).solution
    rounded = [[round(value, 5) for value in row] for row in solution.tolist()]
    return {"weights": rounded[:-1], "bias": rounded[-1]}


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
