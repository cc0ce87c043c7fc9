"""How the torch engine runs on this device: what of a model fits, found before anything is loaded."""

from pathlib import Path

import torch

from quartet_pipeline.description import Description, Size
from quartet_pipeline.device_memory import CONTEXT, LIBRARIES, DeviceMemory, gigabytes
from quartet_pipeline.engines.needs import Needs
from quartet_pipeline.engines.planning import Fit, fit_torch, least_bytes
from quartet_pipeline.engines.turns import TorchPlan
from quartet_pipeline.errors import NotEnoughMemoryError
from quartet_pipeline.request import MAX_PICTURES

META = torch.device("meta")


def open_memory(given_gb: float | None) -> DeviceMemory:
    """The GPU's, where there is one."""
    return DeviceMemory(torch.device("cuda" if torch.cuda.is_available() else "cpu"), given_gb)


def choose_torch(folder: Path, description: Description, memory: DeviceMemory) -> tuple[TorchPlan, str]:
    """A plan and its reason; a NotEnoughMemoryError when nothing can be drawn."""
    place = "GPU" if memory.is_gpu else "CPU"
    if memory.left is None:
        return TorchPlan(), f"torch on the {place}: there is no GPU, and no bound for memory."
    needs = find_needs(folder, description, memory)
    fit = fit_torch(needs, memory.left, is_gpu=memory.is_gpu)
    if fit is None:
        raise NotEnoughMemoryError(_too_little(needs, memory))
    reason = f"torch on the {place}: {_describe(needs, fit)}; {gigabytes(fit.takes)} of {gigabytes(memory.left)}."
    memory.take(fit.takes)
    return fit.plan, reason


def find_needs(folder: Path, description: Description, memory: DeviceMemory) -> Needs:
    """What the model of a folder takes on a device of this kind."""
    if (folder / "unet.onnx").is_file():
        from quartet_pipeline.networks.small import SmallNetworks

        small = SmallNetworks(folder, META)
        return Needs(small, small.weights_of_stages(), description, spare=memory.spare)
    from quartet_pipeline.networks.footprint import Footprint
    from quartet_pipeline.networks.operations import PLAIN
    from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
    from quartet_pipeline.networks.weights import make_networks, read_configs

    networks = make_networks(read_configs(folder), Footprint() if memory.is_gpu else PLAIN)
    for network in networks.parts().values():
        network.to(torch.float16 if memory.is_gpu else torch.float32)
    shapes = StableDiffusionNetworks(networks, META)
    return Needs(shapes, shapes.weights_of_stages(), description, spare=memory.spare)


def _describe(needs: Needs, fit: Fit) -> str:
    turns = fit.plan.turns or {}
    parts = ["the whole model stays there"]
    if fit.plan.takes_turns:
        together = gigabytes(sum(needs.weights.values()))
        largest = gigabytes(max(needs.weights.values()))
        parts = [f"its networks take turns in {largest}, because all weights ({together}) leave too little"]
    for name, counts in (
        ("the loop", {size: one.loop.pictures for size, one in turns.items()}),
        ("the decoder", {size: one.decoder.pictures for size, one in turns.items()}),
    ):
        fewer = {size: count for size, count in counts.items() if count < MAX_PICTURES}
        if fewer:
            parts.append(
                f"{name} draws {', '.join(f'{count} at once of {_name(size)}' for size, count in fewer.items())}"
            )
    left_out = [size for size in needs.sizes if size not in turns]
    if left_out:
        parts.append(f"{', '.join(map(_name, left_out))} does not fit")
    return ", ".join(parts)


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
