"""The torch engines of one process, each made so that it fits into what is left of the device's memory."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from quartet_pipeline.description import Description, Size
from quartet_pipeline.device_memory import CONTEXT, LIBRARIES, DeviceMemory, gigabytes, own_device
from quartet_pipeline.engines import Engine
from quartet_pipeline.engines.needs import Needs
from quartet_pipeline.engines.planning import Fit, fit_torch, least_bytes
from quartet_pipeline.engines.shared import SharedEngines, likeness
from quartet_pipeline.engines.torch import open_small_model
from quartet_pipeline.engines.turns import TorchPlan
from quartet_pipeline.errors import NotEnoughMemoryError
from quartet_pipeline.model_folder import ModelFolder
from quartet_pipeline.networks.controls import Controls, read_control_config
from quartet_pipeline.networks.footprint import Footprint, PlainFootprint
from quartet_pipeline.networks.safety import Judge, make_checker, read_checker_config
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weight_set import Layout
from quartet_pipeline.networks.weights import make_networks, read_configs
from quartet_pipeline.plans.folder import FOLDER, read_list
from quartet_pipeline.request import MAX_PICTURES
from quartet_pipeline.tokenizer import PromptEncoder

META = torch.device("meta")
Model = tuple[ModelFolder, Description]


class FittedEngines:
    """Plans before anything is loaded: shapes are enough for that.

    `models` are those that may be opened; the ones that are alike share an engine, which has to fit all their sizes.
    """

    def __init__(self, memory_gb: float | None, models: Sequence[Model]) -> None:
        self.memory = DeviceMemory(own_device(), memory_gb)
        self.is_gpu = self.memory.is_gpu
        self._models = models
        self._shared = SharedEngines(self.memory)
        self._plans: dict[Hashable, TorchPlan] = {}
        self._places: set[Path] = set()
        """Of TensorRT's plans that are open."""

    def open(self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder) -> tuple[Engine, str]:
        """The engine of a model, and in a sentence how it fits; a NotEnoughMemoryError when nothing can be drawn."""
        if found.is_onnx:
            plan, reason = self._plan(found, description)
            return open_small_model(found.networks, description, encode_prompt, plan, self.memory), reason
        key = likeness(found, description)
        if key in self._plans:
            plan, reason = self._plans[key], "torch, by the programs of the models that it is like."
        else:
            plan, reason = self._plan(found, description)
            self._plans[key] = plan
        return self._shared.open(found, description, encode_prompt, plan), reason

    def fit_plans(self, place: Path) -> str:
        """How TensorRT's plans fit; a NotEnoughMemoryError when they do not. Once opened, `take_plans`."""
        takes, left = self._bytes_of_plans(place), self.memory.left
        if left is not None and takes > left:
            raise NotEnoughMemoryError(f"Expected {gigabytes(takes)} of memory for plans, got {gigabytes(left)}.")
        return f"{gigabytes(takes)}{'' if left is None else f' of {gigabytes(left)}'}"

    def take_plans(self, place: Path) -> None:
        self.memory.take(self._bytes_of_plans(place))
        self._places.add(place)

    def _bytes_of_plans(self, place: Path) -> int:
        """Of those that are not open yet: a plan is little but its weights, and scratch memory is shared."""
        if place in self._places:
            return 0
        folder = place / FOLDER
        built = [entry.plan for entry in read_list(folder).entries if entry.plan is not None]
        return sum((folder / plan.file).stat().st_size for plan in built) + max(plan.scratch_bytes for plan in built)

    def _plan(self, found: ModelFolder, description: Description) -> tuple[TorchPlan, str]:
        place = "GPU" if self.is_gpu else "CPU"
        left = self.memory.left
        if left is None:
            return TorchPlan(), f"torch on the {place}: there is no GPU, and no bound for memory."
        needs = self.find_needs(found, description)
        fit = fit_torch(needs, left, is_gpu=self.is_gpu)
        if fit is None:
            raise NotEnoughMemoryError(_too_little(needs, self.memory))
        self.memory.take(fit.takes)
        return fit.plan, f"torch on the {place}: {_describe(needs, fit)}; {gigabytes(fit.takes)} of {gigabytes(left)}."

    def find_needs(self, found: ModelFolder, description: Description) -> Needs:
        """What a model takes on a device of this kind."""
        described = self._with_all_sizes(found, description)
        if found.is_onnx:
            from quartet_pipeline.networks.small import SmallNetworks

            small = SmallNetworks(found.networks, META)
            return Needs(small, small.weights_of_stages(), described, spare=self.memory.spare)
        networks = make_networks(read_configs(found.networks), Footprint() if self.is_gpu else PlainFootprint())
        for network in networks.parts().values():
            network.to(torch.float16 if self.is_gpu else torch.float32)
        shapes = StableDiffusionNetworks(networks, META)
        beside = self._add_conditions(shapes, found, description)
        return Needs(shapes, shapes.weights_of_stages(), described, beside=beside, spare=self.memory.spare)

    def _with_all_sizes(self, found: ModelFolder, description: Description) -> Description:
        if found.is_onnx:
            return description
        alike = self._alike(found, description)
        sizes = dict.fromkeys(size for _, other in alike for size in other.offered_sizes(from_picture=True))
        return replace(description, sizes=tuple(sizes), enlarge_factor=None)

    def _alike(self, found: ModelFolder, description: Description) -> list[Model]:
        key = likeness(found, description)
        return [one for one in self._models if not one[0].is_onnx and likeness(*one) == key]

    def _add_conditions(self, shapes: StableDiffusionNetworks, found: ModelFolder, description: Description) -> int:
        """What stays beside the networks: weights of what models bring, and a LoRA while it is merged; in bytes."""
        alike = self._alike(found, description)
        beside = max((one.lora.stat().st_size for one, _ in alike if one.lora is not None), default=0)
        if beside:
            # One matrix at a time is summed in float32.
            largest = max(one.numel() for network in shapes.networks.parts().values() for one in network.parameters())
            beside += 3 * 4 * largest
        places = [place for _, one in alike for place in one.controls.values()]
        if places:
            controls = Controls(shapes)
            controls.expect(read_control_config(places[0]), places[0])
            controls.network.to(shapes.dtype)
            controls.network.set_scale(torch.ones(1, device=META))
            shapes.controls = controls
            beside += Layout.of(controls.network).size
        checkers = [one.safety_checker for _, one in alike if one.safety_checker is not None]
        if checkers:
            judge = Judge(META, shapes.dtype)
            judge.network = make_checker(read_checker_config(checkers[0]), shapes.dtype)
            shapes.checker = judge
            beside += Layout.of(judge.network).size
        return beside


def _describe(needs: Needs, fit: Fit) -> str:
    turns = fit.plan.turns or {}
    parts = ["the whole model stays there"]
    if fit.plan.takes_turns:
        together, largest = gigabytes(sum(needs.weights.values())), gigabytes(max(needs.weights.values()))
        parts = [f"its networks take turns in {largest}, because all weights ({together}) leave too little"]
    parts += _fewer("the loop", {size: one.loop.pictures for size, one in turns.items()})
    parts += _fewer("the decoder", {size: one.decoder.pictures for size, one in turns.items()})
    left_out = [size for size in needs.sizes if size not in turns]
    if left_out:
        parts.append(f"{', '.join(map(_name, left_out))} does not fit")
    return ", ".join(parts)


def _fewer(stage: str, counts: Mapping[Size, int]) -> list[str]:
    fewer = [f"{count} at once of {_name(size)}" for size, count in counts.items() if count < MAX_PICTURES]
    return [f"{stage} draws {' and '.join(fewer)}"] if fewer else []


def _too_little(needs: Needs, memory: DeviceMemory) -> str:
    least = least_bytes(needs)
    card = least + (CONTEXT + LIBRARIES if memory.is_gpu else 0)
    return (
        f"Expected at least {gigabytes(least)} of memory for one picture of {_name(min(needs.sizes))} with one network "
        f"at a time, got {gigabytes(memory.left or 0)}. What would fit: a card with {gigabytes(card)} free, a smaller "
        f"size in `sizes`, or the CPU (`CUDA_VISIBLE_DEVICES=`)."
    )


def _name(size: Size) -> str:
    height, width = size
    return f"{width}x{height}"
