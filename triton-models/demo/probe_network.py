"""The probe's network: one picture in, one guess an attribute out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo.attributes import (
    COLOURS,
    COUNTS,
    GROUNDS,
    LIGHTS,
    OBJECTS,
    POSITIONS,
    SEASONS,
    STYLES,
    TIMES,
    WEATHERS,
)
from demo.scenes import Scene, describe

ATTRIBUTES: Final[dict[str, tuple[str | int, ...]]] = {
    "object": OBJECTS,
    "colour": COLOURS,
    "count": COUNTS,
    "position": POSITIONS,
    "time": TIMES,
    "ground": GROUNDS,
    "season": SEASONS,
    "weather": WEATHERS,
    "light": LIGHTS,
    "mountains": ("no", "yes"),
    "style": STYLES,
}
"""The values of each attribute, in the order of the network's outputs."""

SIDE: Final = 128
WIDTHS: Final = (24, 48, 96, 136)


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, features: Tensor) -> Tensor:
        """float [n, width, h, w] to the same."""
        return F.silu(features + self.body(features))


class ProbeNet(nn.Module):
    """A small residual network over pictures of 128x128 and the places of their pixels."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 5
        for width in WIDTHS:
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.SiLU()]
            layers += [Block(width), Block(width)] if width > WIDTHS[0] else []
            before = width
        self.body = nn.Sequential(*layers)
        # Two rows and four columns: where something is, is part of the question.
        self.neck = nn.Sequential(nn.AdaptiveAvgPool2d((2, 4)), nn.Flatten(), nn.Linear(before * 8, 128), nn.SiLU())
        self.heads = nn.ModuleDict({name: nn.Linear(128, len(values)) for name, values in ATTRIBUTES.items()})
        axis = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
        places = torch.stack((axis[None, :].expand(SIDE, SIDE), axis[:, None].expand(SIDE, SIDE)))
        self.register_buffer("places", places[None], persistent=False)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """float [n, 3, 128, 128], 0 to 1, to the logits of each attribute, [n, values]."""
        places = cast(Tensor, self.places).expand(len(pictures), -1, -1, -1)
        features = self.neck(self.body(torch.cat((pictures * 2 - 1, places.to(pictures.dtype)), 1)))
        return {name: head(features) for name, head in self.heads.items()}

    @torch.no_grad()
    def classify(self, images: Tensor, *, batch: int = 64) -> dict[str, list[str | int]]:
        """What the network sees in pictures: uint8 [n, 3, h, w], at least 128 a side, to n values an attribute."""
        self.eval()
        device = next(self.parameters()).device
        found: dict[str, list[str | int]] = {name: [] for name in ATTRIBUTES}
        for part in images.split(batch):  # type: ignore[no-untyped-call]
            for name, logits in self(shrink(part.to(device)).float() / 255).items():
                found[name] += [ATTRIBUTES[name][k] for k in logits.argmax(1).tolist()]
        return found

    def save(self, file: Path | str) -> None:
        """Write the weights as float16 arrays of a NumPy archive."""
        arrays = {
            name: value.detach().cpu().numpy().astype(np.float16) if value.is_floating_point() else value.cpu().numpy()
            for name, value in self.state_dict().items()
        }
        with Path(file).open("wb") as stream:
            np.savez_compressed(stream, **arrays)

    @classmethod
    def load(cls, file: Path | str, device: torch.device | str = "cpu") -> Self:
        """Read what `save` wrote."""
        network = cls()
        with Path(file).open("rb") as stream, np.load(stream) as arrays:
            state = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        network.load_state_dict(
            {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
        )
        return network.eval().to(device)


def shrink(pictures: Tensor) -> Tensor:
    """uint8 [n, 3, h, w] to uint8 [n, 3, 128, 128] by averaging."""
    return F.adaptive_avg_pool2d(pictures.float(), SIDE).round().to(torch.uint8)


def labels(scenes: Sequence[Scene]) -> Tensor:
    """int64 [n, len(ATTRIBUTES)]: the index of each attribute's value."""
    described = [describe(scene) for scene in scenes]
    return torch.tensor([[values.index(d[name]) for name, values in ATTRIBUTES.items()] for d in described])
