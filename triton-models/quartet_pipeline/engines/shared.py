"""Many models by one set of captured programs: their weights take turns in the same memory.

Models share an engine when their networks are of the same shapes and see prompts and pictures alike. Naming another
model costs one copy of the networks that differ; memory on the card is that of one model, however many there are.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import torch

from quartet_pipeline.description import Description
from quartet_pipeline.device_memory import DeviceMemory
from quartet_pipeline.engines import Drawing, IsCancelled, OnProgress
from quartet_pipeline.engines.torch import TorchEngine, kernels_of
from quartet_pipeline.engines.turns import TorchPlan
from quartet_pipeline.model_folder import ModelFolder
from quartet_pipeline.networks.controls import Controls
from quartet_pipeline.networks.lora import Lora, read_lora
from quartet_pipeline.networks.safety import Judge
from quartet_pipeline.networks.shelf import Shelf
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import check_weights, make_networks, read_configs
from quartet_pipeline.request import Request
from quartet_pipeline.tokenizer import PromptEncoder


@dataclass
class Shared:
    """What models have in common."""

    engine: TorchEngine
    networks: StableDiffusionNetworks
    shelf: Shelf


def likeness(found: ModelFolder, description: Description) -> Hashable:
    """The same for models that can share an engine."""
    # What captured programs hold of a description; the rest of it is looked up when a request comes.
    held = (description.max_tokens, description.latent_channels, description.downscale, description.scaling_factor)
    return read_configs(found.networks.resolve()), held


class SharedModel:
    """One of the models of a shared engine; the engine becomes this model when it is to draw."""

    def __init__(
        self,
        shared: Shared,
        description: Description,
        encode_prompt: PromptEncoder,
        weights: Path,
        lora: Lora | None = None,
    ) -> None:
        self.shared = shared
        self._description = description
        self._encode_prompt = encode_prompt
        self.weights = weights
        self._lora = lora

    @property
    def speeds(self) -> tuple[str, ...]:
        return self.shared.engine.speeds

    def draw(self, request: Request, on_progress: OnProgress, is_cancelled: IsCancelled) -> Drawing:
        self.bring(request.lora_scale)
        return self.shared.engine.draw(request, on_progress, is_cancelled)

    def warm_up(self) -> None:
        self.bring(None)
        self.shared.engine.warm_up()

    def bring(self, lora_scale: float | None) -> list[str]:
        """Makes the engine this model; returns the networks that had to be copied."""
        scale = self._description.lora_scale if lora_scale is None else lora_scale
        shared = self.shared
        changed = shared.networks.use(shared.shelf.get(self.weights), self._lora, 0.0 if scale is None else scale)
        shared.engine.become(self._description, self._encode_prompt, has_new_weights="unet" in changed)
        return changed


class SharedEngines:
    """Opens models, each on an engine that it shares with those that are like it."""

    def __init__(self, memory: DeviceMemory) -> None:
        self._memory = memory
        self._device = memory.device
        self._shared: dict[Hashable, Shared] = {}

    def open(
        self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder, plan: TorchPlan | None = None
    ) -> SharedModel:
        """Raises a ModelError that says what is wrong with the model's files. The first of its likeness brings the
        plan for all of them."""
        plan = plan or TorchPlan()
        path = found.networks.resolve()
        is_gpu = self._device.type == "cuda"
        key = likeness(found, description)
        shared = self._shared.get(key)
        if shared is None:
            operations, sampler, fp8 = kernels_of(self._device)
            networks = make_networks(read_configs(path), operations)
            shelf = Shelf(networks, torch.float16 if is_gpu else torch.float32, is_pinned=is_gpu)
            weights = shelf.get(path)
            with self._memory.watch():
                running = StableDiffusionNetworks(
                    networks,
                    self._device,
                    sampler,
                    weights,
                    fp8 if plan.has_fp8 else None,
                    takes_turns=plan.takes_turns,
                )
            shared = Shared(TorchEngine(description, running, encode_prompt, plan, self._memory), running, shelf)
            self._shared[key] = shared
        else:
            # They are read when first asked for; that they fit is better known now.
            check_weights(path, shared.networks.networks)
        _add_conditions(shared.networks, description)
        lora = read_lora(found.lora, shared.networks.networks, is_pinned=is_gpu) if found.lora else None
        return SharedModel(shared, description, encode_prompt, path, lora)


def _add_conditions(networks: StableDiffusionNetworks, description: Description) -> None:
    """What a model brings beside its networks; where two bring the same, it is there once."""
    if description.controls:
        controls = networks.controls if isinstance(networks.controls, Controls) else Controls(networks)
        for place in description.controls.values():
            controls.add(place)
        networks.controls = controls
    if description.safety_checker is not None:
        judge = networks.checker if isinstance(networks.checker, Judge) else Judge(networks.device, networks.dtype)
        judge.add(description.safety_checker)
        networks.checker = judge
