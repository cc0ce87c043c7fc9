"""Weights of many models on the host: read when first asked for, and what models have in common kept once."""

from collections.abc import Iterator
from pathlib import Path

import torch

from quartet_pipeline.networks.weight_set import WeightSet
from quartet_pipeline.networks.weights import StableDiffusion, WeightSets, read_weights

SHARE = 0.6
"""Of the memory that is free at first: the rest is for what else goes on."""


class Shelf:
    """The weights of models whose networks are alike, up to `most_bytes` of them.

    What was not used for the longest goes first, and is read anew when it is asked for again.
    """

    def __init__(
        self, networks: StableDiffusion, dtype: torch.dtype, *, is_pinned: bool, most_bytes: int | None = None
    ) -> None:
        self._networks = networks
        self._dtype = dtype
        self._is_pinned = is_pinned
        self._most_bytes = int(free_memory() * SHARE) if most_bytes is None else most_bytes
        self._models: dict[Path, WeightSets] = {}

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(one.layout.size for one in self._sets())

    def get(self, path: Path) -> WeightSets:
        """The weights of a diffusers folder or a single-file checkpoint; raises a ModelError where they do not fit."""
        sets = self._models.pop(path, None) or self._read(path)
        self.put(path, sets)
        return sets

    def put(self, path: Path, sets: WeightSets) -> None:
        self._models[path] = sets
        while self.size > self._most_bytes and len(self._models) > 1:
            del self._models[next(iter(self._models))]

    def _read(self, path: Path) -> WeightSets:
        sets = read_weights(path, self._networks, dtype=self._dtype)
        # Fine-tuned models often share their text encoder and autoencoder.
        shared = {
            part: next((kept for kept in self._sets(part) if kept.equals(one)), one) for part, one in sets.items()
        }
        for part, one in shared.items():
            if self._is_pinned and one is sets[part]:
                one.lock_pages()
        return shared

    def _sets(self, part: str | None = None) -> Iterator[WeightSet]:
        """Each once."""
        found = {
            id(one): one for sets in self._models.values() for name, one in sets.items() if part is None or name == part
        }
        yield from found.values()


def free_memory() -> int:
    """Bytes that can still be taken, of the machine and of what this process may have."""
    with Path("/proc/meminfo").open() as file:
        free = next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return free if most == "max" else min(free, int(most) - used)
    except (OSError, ValueError):
        return free
