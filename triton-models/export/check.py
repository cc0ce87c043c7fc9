"""The quality gate: the exported graphs in ONNX Runtime against PyTorch in float32, step by step over a whole loop.

    python -m export.check MODEL [FOLDER] [--steps 10] [--scheduler ddim] [--report FILE]

Prints what it compared, writes it as JSON, and exits with 1 when the graphs are not good enough to build. A decoder
that gives NaN or black pictures in half precision is written anew in float32, and checked again.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.quality import (
    LEAST_SPREAD,
    LIMITS,
    Limits,
    Report,
    describe,
    find_problems,
    is_decoder_at_fault,
    relative_error,
)
from export.sessions import Sessions
from export.trace import OPERATIONS
from export.write import default_folder, write_model
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import StableDiffusion, load_stable_diffusion
from quartet_pipeline.plans.folder import Exported, read_list
from quartet_pipeline.schedulers import SCHEDULERS, NoiseSchedule, Row, scheduler_table
from quartet_pipeline.seeds import normal_noise

Floats = NDArray[np.float32]
SCHEDULE: Final = NoiseSchedule(
    train_timesteps=1000,
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    steps_offset=1,
    prediction_type="epsilon",
)
"""Stable Diffusion 1.x's; what is compared is the same for every schedule."""
SCALING: Final = 0.18215
GUIDANCE: Final = 7.5


def check(
    networks: StableDiffusion, folder: Path, *, steps: int = 10, scheduler: str = "ddim", limits: Limits | None = None
) -> Report:
    """Compares the graphs in `folder` with `networks`, which are in float32."""
    exported = read_list(folder)
    unet = exported.of("unet")[0]
    limits = limits or LIMITS[unet.precision]
    reference = StableDiffusionNetworks(networks, torch.device("cpu"))
    sessions = Sessions(folder, exported)
    ids = _some_ids(networks)
    with torch.no_grad():
        states = networks.text_encoder(torch.from_numpy(ids)).numpy()
        prepared = reference.encode_text(torch.from_numpy(ids))
    ours = sessions.encode_text(ids)
    not_finite = [] if np.isfinite(ours).all() else ["text_encoder"]
    loop = _Loop(reference, sessions, exported, prepared, ours)
    loop.run(scheduler, steps)
    not_finite += loop.not_finite
    decoded = _decode(reference, sessions, loop)
    not_finite += decoded.not_finite
    picture = np.random.default_rng(3).uniform(-1, 1, (1, 3, *exported.size)).astype(np.float32)
    with torch.no_grad():
        encoded = reference.encode(torch.from_numpy(picture)).numpy()
    encoder_error = relative_error(sessions.encode(picture), encoded)
    report = Report(
        unet.precision,
        relative_error(ours, states),
        tuple(loop.errors),
        relative_error(loop.own, loop.theirs),
        decoded.difference,
        decoded.own_difference,
        encoder_error,
        tuple(not_finite),
        decoded.black,
        exported.of("vae_decoder")[0].precision,
        (),
    )
    return replace(report, problems=tuple(find_problems(report, limits)))


class _Loop:
    """The same loop twice: the reference, and beside it the graphs, on the reference's latents and on their own."""

    def __init__(
        self,
        reference: StableDiffusionNetworks,
        sessions: Sessions,
        exported: Exported,
        prepared: Tensor,
        states: Floats,
    ) -> None:
        self._reference = reference
        self._sessions = sessions
        self._prepared = prepared
        self._states = states
        self._shape = (1, 4, *(side // 8 for side in exported.size))
        self.theirs = self.own = np.zeros(self._shape, np.float32)
        self.errors: list[float] = []
        self.not_finite: list[str] = []

    def run(self, scheduler: str, steps: int) -> None:
        table = scheduler_table(scheduler, steps, SCHEDULE, None)
        noise = normal_noise(7, 0, int(np.prod(self._shape))).reshape(self._shape)
        self.theirs = self.own = (table.noise * noise).astype(np.float32)
        history, own_history = [np.zeros_like(self.theirs)] * 2, [np.zeros_like(self.theirs)] * 2
        for index, row in enumerate(table.rows):
            time = self._reference.prepare_times(torch.tensor([float(row.timestep)]))[0]
            sample = torch.from_numpy(np.repeat(self.theirs, 2, axis=0))
            with torch.no_grad():
                expected = self._reference.denoise(sample, time, self._prepared).numpy()
            got = self._sessions.denoise(self.theirs, row.timestep, self._states)
            own = self._sessions.denoise(self.own, row.timestep, self._states)
            self.errors.append(relative_error(got, expected))
            if not np.isfinite(got).all() and "unet" not in self.not_finite:
                self.not_finite.append("unet")
            step_noise = normal_noise(7, index + 1, noise.size).reshape(self._shape) if row.noise else np.zeros(1)
            self.theirs = _advance(row, self.theirs, expected, history, step_noise)
            self.own = _advance(row, self.own, own, own_history, step_noise)


def _advance(row: Row, latents: Floats, output: Floats, history: list[Floats], noise: NDArray[Any]) -> Floats:
    """Guidance and one step of a scheduler; `history` gets the newest estimate."""
    guided = output[:1] + GUIDANCE * (output[1:] - output[:1])
    guess = row.estimate[0] * latents + row.estimate[1] * guided
    newest, older, oldest = row.estimates
    following = row.latents * latents + newest * guess + older * history[0] + oldest * history[1] + row.noise * noise
    history[:] = [guess.astype(np.float32), history[0]]
    moved: Floats = following.astype(np.float32)
    return moved


@dataclass(frozen=True)
class _Decoded:
    difference: float
    own_difference: float
    not_finite: list[str]
    black: tuple[int, ...]


def _decode(reference: StableDiffusionNetworks, sessions: Sessions, loop: _Loop) -> _Decoded:
    with torch.no_grad():
        floats = reference.decode(torch.from_numpy(loop.theirs / SCALING)).numpy()
    expected = np.clip(np.rint((floats + 1) * 127.5), 0, 255).transpose(0, 2, 3, 1)
    images, pictures = sessions.decode(loop.theirs / SCALING)
    own, _ = sessions.decode(loop.own / SCALING)
    black = tuple(
        index
        for index, (ours, theirs) in enumerate(zip(images, expected, strict=True))
        if ours.std() < LEAST_SPREAD <= theirs.std()
    )
    difference, own_difference = (float(np.abs(one.astype(np.float64) - expected).mean()) for one in (images, own))
    return _Decoded(difference, own_difference, [] if np.isfinite(pictures).all() else ["vae_decoder"], black)


def _some_ids(networks: StableDiffusion) -> NDArray[np.int64]:
    """Two texts of random words: no tokenizer is needed to compare numbers."""
    vocabulary, tokens = (
        getattr(networks.text_encoder, name).weight.shape[0] for name in ("token_embedding", "position_embedding")
    )
    return np.random.default_rng(1).integers(0, vocabulary, (2, tokens))


def widen_decoder(model: Path, folder: Path) -> None:
    """Writes the decoder's graphs again, in float32."""
    exported = read_list(folder)
    counts = [entry.batch for entry in exported.of("vae_decoder")]
    networks = load_stable_diffusion(model, dtype=torch.float32, operations=OPERATIONS)
    write_model(networks, folder, size=exported.size, counts=counts, parts=["vae_decoder"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare exported graphs with PyTorch, step by step.")
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--scheduler", choices=SCHEDULERS, default="ddim")
    parser.add_argument("--report", type=Path, help="by default quality.json in the folder")
    options = parser.parse_args()
    folder = options.folder or default_folder(options.model)
    networks = load_stable_diffusion(options.model, dtype=torch.float32)
    report = check(networks, folder, steps=options.steps, scheduler=options.scheduler)
    print("\n".join(describe(report, LIMITS[report.precision])))
    if not report.passed and is_decoder_at_fault(report):
        print("The decoder in half precision is not good enough: writing it in float32.")
        widen_decoder(options.model, folder)
        report = check(networks, folder, steps=options.steps, scheduler=options.scheduler)
        print("\n".join(describe(report, LIMITS[report.precision])))
    path = options.report or folder / "quality.json"
    path.write_text(json.dumps({**asdict(report), "passed": report.passed}, indent=1) + "\n", "utf-8")
    sys.exit(0 if report.passed else 1)


if __name__ == "__main__":
    main()
