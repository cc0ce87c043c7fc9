"""PyTorch: the whole denoise loop as one program on a GPU, or step by step on a CPU."""

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quartet_pipeline.description import Description, Size
from quartet_pipeline.device_memory import DeviceMemory
from quartet_pipeline.engines import Drawing, IsCancelled, OnProgress, Progress, prompts, stop_if
from quartet_pipeline.engines.kinds import StepKind, restart_of, step_kinds
from quartet_pipeline.engines.masking import Masking
from quartet_pipeline.engines.outlet import Moment, Outlet
from quartet_pipeline.engines.program import Program, coefficients
from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.turns import TorchPlan, Turns
from quartet_pipeline.errors import ModelError, RequestError
from quartet_pipeline.masks import beside
from quartet_pipeline.networks.interface import LoopNetworks
from quartet_pipeline.networks.operations import PLAIN, Operations
from quartet_pipeline.networks.stable_diffusion import Fp8
from quartet_pipeline.pixels import from_pixels
from quartet_pipeline.request import MAX_PICTURES, Request
from quartet_pipeline.schedulers import Table, scheduler_table, steps_that_run
from quartet_pipeline.speeds import shortcuts
from quartet_pipeline.tokenizer import PromptEncoder

Shape = tuple[Size, int, bool]
QUEUED_STEPS = 1
"""Steps that wait behind the one that runs: enough to keep a GPU busy, and few to wait for on cancelling."""


_cached_table = lru_cache(maxsize=64)(scheduler_table)
"""A table takes a millisecond or two to make."""


def open_small_model(
    folder: Path,
    description: Description,
    encode_prompt: PromptEncoder,
    plan: TorchPlan,
    memory: DeviceMemory,
) -> "TorchEngine":
    """The engine of a folder in the layout of the model that comes with this repository."""
    from quartet_pipeline.networks.small import SmallNetworks

    with memory.watch():
        networks = SmallNetworks(folder, memory.device)
    return TorchEngine(description, networks, encode_prompt, plan, memory)


def kernels_of(device: torch.device) -> tuple[Operations, Sampler | None, Fp8 | None]:
    """What Stable Diffusion runs on: our kernels and the libraries' on a GPU, plain PyTorch elsewhere."""
    if device.type == "cpu":
        return PLAIN, None, None
    from quartet_pipeline.networks.kernels.fp8 import Fp8Operations
    from quartet_pipeline.networks.kernels.operations import prepare_libraries
    from quartet_pipeline.networks.kernels.shipped import open_choices

    prepare_libraries()
    operations = Fp8Operations(open_choices())
    return operations, operations.sampler, operations if operations.is_possible() else None


class TorchEngine:
    """Keeps one captured program for each size and number of pictures that was asked for, in one pool of memory."""

    def __init__(
        self,
        description: Description,
        networks: LoopNetworks,
        encode_prompt: PromptEncoder,
        plan: TorchPlan | None = None,
        memory: DeviceMemory | None = None,
    ) -> None:
        self._description = description
        self._share = plan or TorchPlan()
        self._memory = memory or DeviceMemory(networks.device)
        self._networks = networks
        self._encode_prompt = encode_prompt
        self.shortcuts = shortcuts("cached", "cutoff", *(("fp8",) if networks.in_fp8 else ()))
        """What each `speed` leaves out."""
        self._programs: dict[Shape, Program] = {}
        self._plans: dict[Table, tuple[Tensor, Tensor]] = {}
        self._is_gpu = networks.device.type == "cuda"
        # Programs run one after another, so that what one leaves behind is free for the next.
        self._pool: Any = torch.cuda.graph_pool_handle() if self._is_gpu else None
        self._outlet = Outlet(networks.device)

    @property
    def speeds(self) -> tuple[str, ...]:
        return tuple(self.shortcuts)

    def become(self, description: Description, encode_prompt: PromptEncoder, *, has_new_weights: bool) -> None:
        """Draws as another model from now on, one that sees prompts and pictures alike."""
        self._encode_prompt = encode_prompt
        if has_new_weights:
            # They hold what the networks made of the times.
            self._plans.clear()
        if description is self._description:
            return
        self._description = description
        for program in self._programs.values():
            program.show_as(description)

    @torch.no_grad()
    def warm_up(self) -> None:
        """Captures the programs of the first size: one picture, and as many as a request may ask for."""
        size = self._description.sizes[0] if self._share.turns is None else next(iter(self._share.turns))
        with self._memory.watch():
            for count in (MAX_PICTURES, 1):
                program = self.program(size, count, is_guided=True)
                if self._description.safety_checker is not None:
                    program.judging()

    def forget_programs(self) -> None:
        """Lets go of what was captured: the next request of each shape captures anew."""
        self._programs.clear()

    def program(self, size: Size, count: int, *, is_guided: bool) -> Program:
        """The program of a shape; made on first use."""
        shape = (size, count, is_guided)
        program = self._programs.pop(shape, None)
        if program is None:
            # The new one needs the place of the oldest.
            while len(self._programs) >= self._share.programs:
                del self._programs[next(iter(self._programs))]
            turns = self._turns(size)
            program = Program(
                self._networks, self._description, size, count, is_guided=is_guided, turns=turns, pool=self._pool
            )
            self._give_back_memory()
        self._programs[shape] = program
        return program

    def _turns(self, size: Size) -> Turns:
        if self._share.turns is None:
            return Turns()
        turns = self._share.turns.get(size)
        if turns is None:
            sizes = ", ".join(f"[{height}, {width}]" for height, width in self._share.turns)
            raise RequestError(
                f"Expected `size` (height, width) to be one that the memory is large enough for ({sizes}), "
                f"got {list(size)}."
            )
        return turns

    def _give_back_memory(self) -> None:
        """A library that tries what is fastest may have taken most of the memory to try it in."""
        if self._is_gpu:
            torch.cuda.empty_cache()

    def draw(self, request: Request, on_progress: OnProgress, is_cancelled: IsCancelled) -> Drawing:
        with torch.no_grad(), self._memory.watch():
            return self._draw(request, on_progress, is_cancelled)

    def _draw(self, request: Request, on_progress: OnProgress, is_cancelled: IsCancelled) -> Drawing:
        description = self._description
        texts = prompts(request)
        is_guided = len(texts) == 2
        left_out = self.shortcuts[request.speed]
        steps = steps_that_run(request.steps, request.strength)
        restart = restart_of(left_out, steps, is_guided=is_guided)
        table = _cached_table(request.scheduler, request.steps, description.schedule, request.strength, restart)
        program = self.program(request.size, len(request.seeds), is_guided=is_guided)
        kinds = step_kinds(left_out, steps, is_guided=is_guided, is_controlled=request.control is not None)
        if program.prepare(dict.fromkeys(kinds)):
            self._give_back_memory()
        masking = program.masking() if request.mask is not None else None
        judge = program.judging() if description.safety_checker is not None else None
        begun = self._outlet.moment()
        clean = self._encode_picture(request)
        if program.beside is not None:
            program.beside.copy_(self._beside(request).expand_as(program.beside))
        program.ids.copy_(torch.from_numpy(np.stack([self._encode_prompt(text) for text in texts])))
        program.read()
        self._bring(program, request, table, clean, masking)
        encoded = self._outlet.moment()
        self._loop(program, request, table, kinds, masking, on_progress, is_cancelled)
        denoised = self._outlet.moment()
        stop_if(is_cancelled)
        program.decode()
        if masking is not None:
            masking.blend()
        if judge is not None:
            judge()
        images, is_finite = self._outlet.fetch(program.images), self._outlet.fetch(program.is_finite)
        unsafe = self._outlet.fetch(program.unsafe) if judge is not None else None
        done = self._outlet.moment()
        done.wait()
        stop_if(is_cancelled)
        if not bool(is_finite):
            raise ModelError("Expected the model to give finite numbers, got NaN or infinity.")
        timings = (encoded - begun, denoised - encoded, done - denoised, done - begun)
        return Drawing(images.numpy(), timings, None if unsafe is None else unsafe.numpy())

    def _encode_picture(self, request: Request) -> Tensor | None:
        """The scaled latents of the picture to start from, where there is one."""
        if request.picture is None:
            return None
        return self._latents_of(from_pixels(request.picture))

    def _latents_of(self, pictures: NDArray[np.float32]) -> Tensor:
        """Pictures float32 [n, 3, h, w] from -1 to 1 -> scaled latents float32 [n, 4, h/8, w/8]."""
        self._networks.bring("encoder")
        latents = self._networks.encode(torch.from_numpy(pictures).to(self._networks.device))
        return self._description.scaling_factor * latents.float()

    def _bring(
        self, program: Program, request: Request, table: Table, clean: Tensor | None, masking: Masking | None
    ) -> None:
        """Fills the program's buffers for a request; after `read`, as a step's weights make its times."""
        program.seeds.copy_(torch.tensor(request.seeds))
        program.scale.fill_(request.guidance_scale)
        plan = self._plan(table)
        program.table[: len(table.rows)] = plan[0]
        program.times[: len(table.rows)] = plan[1]
        if request.control is not None:
            place = self._description.controls[request.control.kind]
            program.steering().bring(request.control, place, self._timesteps(table))
        checker, checked = self._networks.checker, self._description.safety_checker
        if checker is not None and checked is not None:
            checker.choose(checked)
        if masking is not None and clean is not None and request.picture is not None and request.mask is not None:
            masking.bring(table, request.picture, request.mask, clean)
        clean = None if clean is None else table.picture * clean
        program.begin(noise_scale=table.noise, clean=clean, masking=masking)

    def _beside(self, request: Request) -> Tensor:
        """What a model that was trained to paint within masks sees: mask, and latents of what is kept, [1, 5, ...]."""
        mask, kept = beside(request.picture, request.mask, request.size, self._description.downscale)
        latents = self._latents_of(kept)
        return torch.cat([torch.from_numpy(mask).to(latents.device)[None, None], latents], dim=1)

    def _plan(self, table: Table) -> tuple[Tensor, Tensor]:
        """A table on the device: coefficients, and what the networks make of its timesteps; kept for the next time."""
        plan = self._plans.pop(table, None)
        if plan is None:
            numbers = torch.tensor([coefficients(row) for row in table.rows]).to(self._networks.device)
            plan = numbers, self._networks.prepare_times(self._timesteps(table))
        self._plans[table] = plan
        if len(self._plans) > self._share.programs:
            del self._plans[next(iter(self._plans))]
        return plan

    def _timesteps(self, table: Table) -> Tensor:
        return torch.tensor([float(row.timestep) for row in table.rows], device=self._networks.device)

    def _loop(
        self,
        program: Program,
        request: Request,
        table: Table,
        kinds: Sequence[StepKind],
        masking: Masking | None,
        on_progress: OnProgress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Queues the steps, one ahead of the one that runs, and tells of each when it is done."""
        pending: deque[tuple[int, Moment, Tensor | None]] = deque()

        def tell() -> None:
            step, moment, previews = pending.popleft()
            moment.wait()
            on_progress(Progress(step, len(table.rows), None if previews is None else previews.numpy()))

        for step, (row, kind) in enumerate(zip(table.rows, kinds, strict=True), start=1):
            stop_if(is_cancelled)
            if row.noise != 0:
                program.add_noise()
            program.advance(kind)
            if masking is not None and program.beside is None:
                masking.mend()
            is_preview_due = request.preview_every > 0 and step % request.preview_every == 0
            previews = moment = None
            if is_preview_due:
                previews, moment = self._outlet.fetch_aside(program.previews())
            pending.append((step, moment or self._outlet.moment(), previews))
            if len(pending) > QUEUED_STEPS:
                tell()
        while pending:
            tell()
