"""Between autoencoder and denoiser: the text encoder, on captions alone, before it meets pictures.

It learns to name a scene's attributes from what a caption says. That takes seconds, and it is what makes the rest work:
trained beside the UNet, its outputs became the same for every prompt, and the UNet learnt to do without. From here on
it stays as it is.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from demo.bank import Captioned
from demo.networks import ModelConfig, TextEncoder
from demo.probe_network import ATTRIBUTES, labels
from demo.team import Team


@dataclass(frozen=True)
class TextSettings:
    minutes: float = 0.5
    batch: int = 512
    """Captions a step and process."""
    learning_rate: float = 1e-3


class CaptionReader(nn.Module):
    """Guesses a scene's attributes from the summing-up state: int64 [n, l] -> a float [n, values] each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.encoder = TextEncoder(config)
        self.heads = nn.ModuleList(nn.Linear(config.text_width, len(values)) for values in ATTRIBUTES.values())

    def forward(self, ids: Tensor) -> list[Tensor]:
        summary = self.encoder(ids)[:, 0]
        return [head(summary) for head in self.heads]


def train_text_encoder(team: Team, config: ModelConfig, captioned: Captioned, settings: TextSettings) -> TextEncoder:
    """Train within `settings.minutes`; half of the captions a step say everything, half leave things out."""
    start = time.monotonic()
    device = team.device
    ids = torch.from_numpy(captioned.ids).to(device)
    answers = labels(captioned.scenes).to(device)
    torch.manual_seed(0)
    model = CaptionReader(config).to(device)
    torch.manual_seed(1 + team.rank)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    elapsed, budget, step, loss = team.seconds_since(start), settings.minutes * 60, 0, torch.zeros(())
    while elapsed < budget:
        rate = settings.learning_rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * elapsed / budget))
        for group in optimiser.param_groups:
            group["lr"] = rate
        rows = torch.randint(len(ids), (settings.batch,), device=device)
        columns = torch.randint(ids.shape[1], (settings.batch,), device=device)
        columns[: settings.batch // 2] = ids.shape[1] - 1
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            guesses = model(ids[rows, columns].long())
        losses = [F.cross_entropy(guess.float(), answers[rows, k]) for k, guess in enumerate(guesses)]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        team.average_gradients(model.parameters())
        clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 10 == 0:
            elapsed = team.seconds_since(start)
        if step % 200 == 0:
            team.report(f"text: step {step}, {elapsed:.0f} s, loss {loss.item():.3f}")
    team.report(f"text: step {step}, loss {loss.item():.3f}, right {read_rightly(model, captioned):.1%}")
    return model.encoder


@torch.no_grad()
def read_rightly(model: CaptionReader, captioned: Captioned, *, count: int = 512) -> float:
    """Share of attributes, over all, read rightly from captions that say everything."""
    device = next(model.parameters()).device
    last: NDArray[np.int16] = captioned.ids[:count, -1]
    guesses = model(torch.from_numpy(last).long().to(device))
    truth = labels(captioned.scenes[:count]).to(device)
    return float(torch.stack([guess.argmax(1) == truth[:, k] for k, guess in enumerate(guesses)]).float().mean())
