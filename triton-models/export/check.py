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
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

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
from quartet_pipeline.description import Size
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import StableDiffusion, load_stable_diffusion
from quartet_pipeline.plans.folder import read_list
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
SEED: Final = 7


@dataclass(frozen=True)
class Reference:
    """What PyTorch computes in float32. Recorded first, so that its weights can go before the graphs' are read."""

    size: Size
    ids: NDArray[np.int64]
    states: Floats
    """Of two texts: [2, tokens, width]."""
    rows: tuple[Row, ...]
    latents: tuple[Floats, ...]
    """Before each step, and after the last."""
    outputs: tuple[Floats, ...]
    """The UNet's in each step, for both texts."""
    levels: NDArray[np.float64]
    """The picture, [1, h, w, 3], rounded."""
    picture: Floats
    encoded: Floats


@torch.no_grad()
def record(networks: StableDiffusion, size: Size, *, steps: int = 10, scheduler: str = "ddim") -> Reference:
    """Draws one picture with `networks`, which are in float32, and keeps what the gate compares."""
    reference = StableDiffusionNetworks(networks, torch.device("cpu"))
    ids = _some_ids(networks)
    states = networks.text_encoder(torch.from_numpy(ids))
    text = networks.unet.prepare_text(states)
    table = scheduler_table(scheduler, steps, SCHEDULE, None)
    latents = [_first_latents(size, table.noise)]
    outputs: list[Floats] = []
    history = [np.zeros_like(latents[0])] * 2
    for index, row in enumerate(table.rows):
        time = reference.prepare_times(torch.tensor([float(row.timestep)]))[0]
        sample = torch.from_numpy(np.repeat(latents[-1], 2, axis=0))
        outputs.append(reference.denoise(sample, time, text).numpy())
        latents.append(_advance(row, latents[-1], outputs[-1], history, index))
    pictures = reference.decode(torch.from_numpy(latents[-1] / SCALING)).numpy()
    levels = np.clip(np.rint((pictures.astype(np.float64) + 1) * 127.5), 0, 255).transpose(0, 2, 3, 1)
    picture = np.random.default_rng(3).uniform(-1, 1, (1, 3, *size)).astype(np.float32)
    encoded = reference.encode(torch.from_numpy(picture)).numpy()
    return Reference(
        size, ids, states.numpy(), table.rows, tuple(latents), tuple(outputs), levels, picture, encoded
    )  # fmt: skip


def compare(reference: Reference, folder: Path, limits: Limits | None = None) -> Report:
    """Runs the graphs in `folder` on what was recorded, and the loop once more on their own outputs."""
    exported = read_list(folder)
    precision = exported.of("unet")[0].precision
    sessions = Sessions(folder, exported)
    states = sessions.encode_text(reference.ids)
    errors = []
    own, history = reference.latents[0], [np.zeros_like(reference.latents[0])] * 2
    finite = {"text_encoder": bool(np.isfinite(states).all()), "unet": True}
    for index, (row, expected) in enumerate(zip(reference.rows, reference.outputs, strict=True)):
        # How wrong is one step by itself, from where the reference stands?
        output = sessions.denoise(reference.latents[index], row.timestep, states)
        errors.append(relative_error(output, expected))
        finite["unet"] &= bool(np.isfinite(output).all())
        own_output = output if index == 0 else sessions.denoise(own, row.timestep, states)
        own = _advance(row, own, own_output, history, index)
    last = reference.latents[-1]
    images, pictures = sessions.decode(last / SCALING)
    own_images, _ = sessions.decode(own / SCALING)
    finite["vae_decoder"] = bool(np.isfinite(pictures).all())
    encoded = sessions.encode(reference.picture)
    finite["vae_encoder"] = bool(np.isfinite(encoded).all())
    is_black = images.std() < LEAST_SPREAD <= reference.levels.std()
    report = Report(
        precision=precision,
        text_error=relative_error(states, reference.states),
        step_errors=tuple(errors),
        drift=relative_error(own, last),
        picture_difference=_difference(images, reference.levels),
        own_picture_difference=_difference(own_images, reference.levels),
        encoder_error=relative_error(encoded, reference.encoded),
        not_finite=tuple(part for part, is_finite in finite.items() if not is_finite),
        is_black=bool(is_black),
        decoder=exported.of("vae_decoder")[0].precision,
        problems=(),
    )
    return replace(report, problems=tuple(find_problems(report, limits or LIMITS[precision])))


def _first_latents(size: Size, scale: float) -> Floats:
    shape = (1, 4, *(side // 8 for side in size))
    return (scale * normal_noise(SEED, 0, int(np.prod(shape))).reshape(shape)).astype(np.float32)


def _advance(row: Row, latents: Floats, output: Floats, history: list[Floats], index: int) -> Floats:
    """Guidance and one step of a scheduler; `history` gets the newest estimate."""
    guided = output[:1] + GUIDANCE * (output[1:] - output[:1])
    guess = row.estimate[0] * latents + row.estimate[1] * guided
    newest, older, oldest = row.estimates
    following = row.latents * latents + newest * guess + older * history[0] + oldest * history[1]
    if row.noise != 0:
        following = following + row.noise * normal_noise(SEED, index + 1, latents.size).reshape(latents.shape)
    history[:] = [guess.astype(np.float32), history[0]]
    moved: Floats = following.astype(np.float32)
    return moved


def _difference(images: NDArray[np.uint8], levels: NDArray[np.float64]) -> float:
    """Mean over all levels."""
    return float(np.abs(images.astype(np.float64) - levels).mean())


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
    size = read_list(folder).size
    networks = load_stable_diffusion(options.model, dtype=torch.float32)
    reference = record(networks, size, steps=options.steps, scheduler=options.scheduler)
    del networks
    report = compare(reference, folder)
    print("\n".join(describe(report, LIMITS[report.precision])))
    if not report.passed and is_decoder_at_fault(report):
        print("The decoder in half precision is not good enough: writing it in float32.")
        widen_decoder(options.model, folder)
        report = compare(reference, folder)
        print("\n".join(describe(report, LIMITS[report.precision])))
    path = options.report or folder / "quality.json"
    path.write_text(json.dumps({**asdict(report), "passed": report.passed}, indent=1) + "\n", "utf-8")
    sys.exit(0 if report.passed else 1)


if __name__ == "__main__":
    main()
