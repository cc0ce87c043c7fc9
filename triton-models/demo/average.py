"""The moving average of a network's weights: what is kept when training ends."""

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class MovingAverage(Generic[Network]):
    """A copy of a network whose weights and statistics follow the original's slowly."""

    def __init__(self, network: Network) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        ours, theirs = self.network.state_dict().values(), network.state_dict().values()
        pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
        self._ours = [a for a, _ in pairs]
        self._theirs = [b for _, b in pairs]

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Keep `decay` of what is here and take the rest from the original as it is now."""
        torch._foreach_lerp_(self._ours, self._theirs, 1 - decay)
