"""Many models by one set of plans: each takes its turn with its weights in them.

A LoRA is merged into the weights on the host, then all of a network's weights go into its plans; what the plans were
built with is put back in the same way. As everything of plans, the refit itself has not run where this project is
developed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from quartet_pipeline.description import Description
from quartet_pipeline.engines.shared import Shared, SharedModel
from quartet_pipeline.engines.tensorrt import TensorrtEngine, as_built, open_tensorrt_engine
from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import ModelFolder
from quartet_pipeline.networks.lora import Lora, read_lora
from quartet_pipeline.networks.shelf import Shelf
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import (
    Configs,
    StableDiffusion,
    WeightSets,
    check_weights,
    make_networks,
    read_configs,
)
from quartet_pipeline.plans.folder import has_plans
from quartet_pipeline.tokenizer import PromptEncoder

PARTS: Final = {"text_encoder": "text_encoder", "unet": "unet", "decoder": "vae_decoder", "encoder": "vae_encoder"}
"""Our networks' names -> those of their plans."""


class SwappedNetworks(StableDiffusionNetworks):
    """Networks on the host that nobody runs: what they are told to hold goes into the plans."""

    def __init__(self, networks: StableDiffusion, engine: TensorrtEngine, built_with: WeightSets) -> None:
        self._built_with = built_with
        self._engine: TensorrtEngine | None = None
        super().__init__(networks, torch.device("cpu"), weights=built_with)
        # Until here they have taken what the plans have already.
        self._engine = engine

    def use(self, weights: WeightSets, lora: Lora | None = None, scale: float = 1.0) -> list[str]:
        changed = super().use(weights, lora, scale)
        if not changed or self._engine is None:
            return changed
        others = {
            PARTS[part]: dict(network.named_parameters())
            for part, network in self.networks.parts().items()
            if weights[part] is not self._built_with[part] or (lora is not None and scale != 0 and part in lora)
        }
        try:
            self._engine.swap(others)
        except BaseException:
            self.forget()
            raise
        return changed


@dataclass(frozen=True)
class _Opened:
    place: Path
    configs: Configs
    shared: Shared


class PlanModels:
    """Opens models that plans can draw."""

    def __init__(self) -> None:
        self._opened: list[_Opened] = []

    def open(
        self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder
    ) -> tuple[Description, SharedModel]:
        """What the plans can draw of a model, and the model; by its own plans, its base's, or those of a model opened
        before that is shaped alike."""
        configs = read_configs(found.networks)
        own = next((place for place in (found.path, found.networks) if has_plans(place)), None)
        known = next(
            (one for one in self._opened if (one.place == own if own is not None else one.configs == configs)), None
        )
        if known is None:
            if own is None and self._opened:
                raise ModelError(f"Expected {found.path} to be shaped like a model with plans, got another.")
            place = own or found.path
            engine = open_tensorrt_engine(place, as_built(place, description), encode_prompt)
            # The networks that were exported: those of the folder in which the plans lie.
            known = _Opened(place, configs, share_plans(engine, configs, found.networks))
            self._opened.append(known)
        description = as_built(known.place, description)
        return description, open_model(known.shared, found, description, encode_prompt)


def share_plans(engine: TensorrtEngine, configs: Configs, exported: Path) -> Shared:
    """An engine whose plans were built with the weights of `exported`, ready to take others."""
    networks = make_networks(configs)
    shelf = Shelf(networks, engine.dtype, is_pinned=False)
    built_with = shelf.get(exported.resolve())
    return Shared(engine, SwappedNetworks(networks, engine, built_with), shelf)


def open_model(
    shared: Shared, found: ModelFolder, description: Description, encode_prompt: PromptEncoder
) -> SharedModel:
    """A model by these plans; raises a ModelError where its weights do not fit."""
    path = found.networks.resolve()
    check_weights(path, shared.networks.networks)
    lora = read_lora(found.lora, shared.networks.networks, is_pinned=False) if found.lora else None
    return SharedModel(shared, description, encode_prompt, path, lora)
