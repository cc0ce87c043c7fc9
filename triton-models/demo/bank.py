"""Banks: the pictures, latents and captions that training draws from, kept on the GPU.

Rendering and captioning take longer than a training step, so both are done beforehand; every step then draws anew which
pictures, which crops and which of a picture's captions it sees.
"""

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo.networks import LATENT_CHANNELS
from demo.render import render
from demo.scenes import Scene, caption, full_caption, sample_scene
from demo.tokenizer import encode, load_tokenizer

CHUNK = 2_000


@dataclass(frozen=True)
class Captioned:
    """Training scenes and several captions of each: `ids` int16 [scenes, captions, max_tokens]."""

    scenes: list[Scene]
    ids: NDArray[np.int16]


def write_captions(seed: int, count: int, captions: int, tokenizer_folder: Path, max_tokens: int) -> Captioned:
    """Draw `count` training scenes; the last caption of each says everything, the others leave things out."""
    rng = random.Random(seed)
    tokenizer = load_tokenizer(tokenizer_folder)
    scenes = [sample_scene(rng) for _ in range(count)]
    texts = [text for s in scenes for text in (*(caption(s, rng) for _ in range(captions - 1)), full_caption(s, rng))]
    ids = encode(tokenizer, texts, max_tokens=max_tokens).astype(np.int16)
    return Captioned(scenes, ids.reshape(count, captions, max_tokens))


class CaptionWriters:
    """Writes captions in other processes while this one trains."""

    def __init__(self, *, seed: int, count: int, captions: int, tokenizer_folder: Path, max_tokens: int) -> None:
        # Not forked: a fork of a process that has used CUDA cannot be relied on.
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(max_workers=min(8, 1 + count // CHUNK), mp_context=context)
        self.parts: list[Future[Captioned]] = [
            self.pool.submit(
                write_captions, seed * 1_000_003 + k, min(CHUNK, count - k), captions, tokenizer_folder, max_tokens
            )
            for k in range(0, count, CHUNK)
        ]

    def result(self) -> Captioned:
        parts = [part.result() for part in self.parts]
        self.pool.shutdown()
        return Captioned([s for part in parts for s in part.scenes], np.concatenate([part.ids for part in parts]))


def render_until(
    scenes: Sequence[Scene], *, size: int, batch: int, seconds: float, device: torch.device
) -> Iterator[Tensor]:
    """Render the scenes in order, uint8 [batch, 3, size, size] at a time, until all are drawn or the time is up."""
    end = time.monotonic() + seconds
    for start in range(0, len(scenes), batch):
        yield render(scenes[start : start + batch], size=size, device=device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if time.monotonic() > end:
            return


def cut_tiles(pictures: Tensor, size: int) -> Tensor:
    """Cut pictures into squares: [n, c, h, w] -> [n * (h/size) * (w/size), c, size, size]."""
    n, channels, height, width = pictures.shape
    tiles = pictures.view(n, channels, height // size, size, width // size, size)
    return tiles.permute(0, 2, 4, 1, 3, 5).reshape(-1, channels, size, size)


def random_crops(pictures: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One square at a random place of each picture.

    Returns the crops [n, c, size, size] and their top left corners, int64 [n, 2] (row, column).
    """
    n, channels, height, width = pictures.shape
    device = pictures.device
    rows = torch.randint(0, height - size + 1, (n,), device=device, generator=generator)
    columns = torch.randint(0, width - size + 1, (n,), device=device, generator=generator)
    span = torch.arange(size, device=device)
    picture = torch.arange(n, device=device)[:, None, None, None]
    channel = torch.arange(channels, device=device)[None, :, None, None]
    y = (rows[:, None] + span)[:, None, :, None]
    x = (columns[:, None] + span)[:, None, None, :]
    return pictures[picture, channel, y, x], torch.stack([rows, columns], dim=1)


def crop_coordinates(corners: Tensor, size: int, whole: int) -> Tensor:
    """Where the positions of crops lie in their pictures, as `networks.coordinates_like`: float [n, 2, size, size]."""
    span = torch.arange(size, device=corners.device)
    rows, columns = (((corners[:, k, None] + span + 0.5) * (2 / whole) - 1) for k in (0, 1))
    shape = (len(corners), size, size)
    return torch.stack([columns[:, None, :].expand(shape), rows[:, :, None].expand(shape)], dim=1)


def encode_bank(
    pictures: Iterator[Tensor], encoder: Callable[[Tensor], Tensor], *, side: int, capacity: int, device: torch.device
) -> Tensor:
    """Latents of all pictures: float16 [n, 4, side, side], n at most `capacity`."""
    latents = torch.empty(capacity, LATENT_CHANNELS, side, side, dtype=torch.float16, device=device)
    count = 0
    for batch in pictures:
        encoded = encoder(to_signed(batch))
        latents[count : count + len(encoded)] = encoded.half()
        count += len(encoded)
    return latents[:count]


def to_signed(pictures: Tensor) -> Tensor:
    """uint8 0..255 -> float -1..1."""
    return pictures.float() / 127.5 - 1


def to_bytes(pictures: Tensor) -> Tensor:
    """float, about -1..1 -> uint8 0..255."""
    return ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
