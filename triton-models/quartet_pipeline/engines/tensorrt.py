"""TensorRT: the captured loop of the torch engine, over plans in place of PyTorch's networks.

Plans are built by `export` for one size and a few batches (export/README.md); they lie in the model's folder, in
`tensorrt/`. Any number of pictures is drawn with them: a request that no batch fits exactly fills one up, or runs
several. All share one block of scratch memory, and take other weights by refit.

No plan has run where this project is developed: there is no TensorRT there. What is tested is all of this file, with
the same graphs in ONNX Runtime in place of plans, and everything of `plans.runners` but the calls themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from quartet_pipeline.description import Description, Size
from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.steering import ControlNetworks
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.errors import ModelError, RequestError
from quartet_pipeline.networks.interface import Checker, Stage
from quartet_pipeline.networks.safety import Judge
from quartet_pipeline.plans.folder import FOLDER, WEIGHTS_MAP, Exported, cover, read_list
from quartet_pipeline.plans.library import require_library
from quartet_pipeline.plans.runners import PlanRunner, Runner, share_scratch
from quartet_pipeline.plans.weights import Weight, form_all, read_base, read_weights_map
from quartet_pipeline.speeds import shortcuts
from quartet_pipeline.tokenizer import PromptEncoder

Runners = Mapping[str, Sequence[Runner]]
"""By part: those of its batches."""
Refit = Callable[[str, Mapping[str, Tensor]], None]
"""Gives every plan of a part new weights, by the names of initializers."""


def as_built(folder: Path, description: Description) -> Description:
    """A model's description with what its plans can draw: one size, and so no enlarging; no plan takes controls."""
    return replace(description, sizes=(read_list(folder / FOLDER).size,), enlarge_factor=None, controls={})


class TensorrtEngine(TorchEngine):
    """The torch engine over plans, and what it needs besides."""

    def __init__(self, description: Description, networks: "PlanNetworks", encode_prompt: PromptEncoder) -> None:
        super().__init__(description, networks, encode_prompt)
        # Shallow steps would need graphs of their own, and fp8 plans built for it.
        self.shortcuts = shortcuts("cutoff")
        self._plan_networks = networks

    @property
    def dtype(self) -> torch.dtype:
        """Of most weights."""
        return self._plan_networks.dtype

    @torch.no_grad()
    def swap(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        """See `PlanNetworks.swap`; for the time between two drawings."""
        self._plan_networks.swap(weights)
        self.forget_programs()


def open_tensorrt_engine(folder: Path, description: Description, encode_prompt: PromptEncoder) -> TensorrtEngine:
    """The engine of a model folder that has plans."""
    place = folder / FOLDER
    exported = read_list(place)
    require_library()
    if not torch.cuda.is_available():
        raise ModelError("Expected a GPU for TensorRT's plans, got none. Draw with `engine: torch` or `onnxruntime`.")
    device = torch.device("cuda")
    plans = {
        part: [PlanRunner(place, entry, device) for entry in exported.of(part)]
        for part in ("text_encoder", "unet", "vae_decoder", "vae_encoder")
    }
    share_scratch([plan for each in plans.values() for plan in each], device)

    def refit(part: str, weights: Mapping[str, Tensor]) -> None:
        for plan in plans[part]:
            plan.refit(weights)

    networks = PlanNetworks(exported, plans, device, place, refit)
    if description.safety_checker is not None:
        judge = Judge(device, torch.float16)
        judge.add(description.safety_checker)
        networks.checker = judge
    return TensorrtEngine(description, networks, encode_prompt)


class PlanNetworks:
    """`LoopNetworks` over built networks."""

    def __init__(
        self,
        exported: Exported,
        runners: Runners,
        device: torch.device,
        folder: Path,
        refit: Refit | None = None,
    ) -> None:
        self.device = device
        self.sampler: Sampler | None = None
        self.extra_channels = 0
        self.controls: ControlNetworks | None = None
        self.checker: Checker | None = None
        self.in_fp8: Callable[[], AbstractContextManager[None]] | None = None
        self._size = exported.size
        self._runners = runners
        self._folder = folder
        self._refit = refit
        self._changed: set[str] = set()
        is_half = exported.of("unet")[0].precision == "float16"
        self.dtype = torch.float16 if is_half else torch.float32

    def encode_text(self, ids: Tensor) -> Tensor:
        return self._run("text_encoder", input_ids=ids.to(torch.int32))

    def bring(self, stage: Stage) -> None:
        """All plans stay where they are."""

    def prepare_text(self, states: Tensor) -> Tensor:
        return states

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        """[steps, 1]: the UNet's plan takes the number itself."""
        return timesteps.float()[:, None]

    def make_sample(self, latents: Tensor) -> Tensor:
        height, width = (side * 8 for side in latents.shape[2:])
        check_size((height, width), self._size)
        return latents.to(self.dtype).contiguous()

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        return self._run("unet", time, sample=sample, encoder_hidden_states=text.to(self.dtype))

    def denoise_keeping(self, sample: Tensor, time: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Plans give nothing for shallow steps to go on from: the engine does not offer them."""
        del sample, time, text
        raise ModelError("Expected a drawing without shallow steps, for which there are no plans, got one with them.")

    def denoise_shallow(self, sample: Tensor, time: Tensor, text: Tensor, deep: Tensor) -> Tensor:
        """See `denoise_keeping`."""
        del sample, time, text, deep
        raise ModelError("Expected a drawing without shallow steps, for which there are no plans, got one with them.")

    def decode(self, latents: Tensor) -> Tensor:
        """uint8 [n, h, w, 3]: the plan ends in pixels."""
        return self._run("vae_decoder", latent_sample=latents)

    def encode(self, pictures: Tensor) -> Tensor:
        return self._run("vae_encoder", sample=pictures)

    def swap(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Draws with other weights from now on: by part (as `PARTS` of `export.trace`), every parameter of ours.

        All weights of a part are set, never a difference, so nothing is left of those before; a part that is not
        named goes back to the weights that it was built with. CUDA graphs that were captured before are captured
        anew by whoever keeps them: TensorRT does not promise that weights stay at their addresses.
        """
        if self._refit is None:
            raise ModelError("Expected plans that take other weights, got some that cannot.")
        known = read_weights_map(self._folder / WEIGHTS_MAP)
        unknown = weights.keys() - known.keys()
        if unknown:
            raise ModelError(f"Expected weights of {', '.join(known)}, got some of `{sorted(unknown)[0]}`.")
        # What can fail, fails before anything has changed.
        formed: dict[str, Mapping[str, Tensor]] = {part: form_all(each, known[part]) for part, each in weights.items()}
        formed |= {part: self._base(part, known[part]) for part in self._changed - weights.keys()}
        self._changed = set(weights)
        for part, each in formed.items():
            self._refit(part, each)

    def _base(self, part: str, weights: Mapping[str, Weight]) -> Mapping[str, Tensor]:
        return read_base(self._folder / f"{part}.weights", weights)

    def _run(self, part: str, time: Tensor | None = None, **inputs: Tensor) -> Tensor:
        """Runs as many batches as the rows of `inputs` need."""
        runners = {runner.batch: runner for runner in self._runners[part]}
        rows = len(next(iter(inputs.values())))
        shared = {} if time is None else {"timestep": time}
        outputs = []
        begin = 0
        for batch in cover(rows, list(runners)):
            end = min(begin + batch, rows)
            taken = {name: fill_up(tensor[begin:end], batch) for name, tensor in inputs.items()}
            outputs.append(runners[batch].run(**shared, **taken)[: end - begin])
            begin = end
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def fill_up(rows: Tensor, batch: int) -> Tensor:
    """Contiguous rows, with zeros behind them up to `batch`; the same tensor where it is that already."""
    if len(rows) < batch:
        rows = torch.cat([rows, rows.new_zeros(batch - len(rows), *rows.shape[1:])])
    return rows.contiguous()


def check_size(size: Size, built: Size) -> None:
    """Plans have one size."""
    if size != built:
        height, width = built
        raise RequestError(f"Expected `size` to be {height} x {width}, for which plans were built, got {list(size)}.")
