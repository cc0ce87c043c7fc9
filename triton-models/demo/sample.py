"""The reference pipeline: prompts and seeds in, pictures out.

    python -m demo.sample "two red boats at dusk" --seed 7 --out boats.png

It is the shortest correct reading of a model folder, against which the engines can be compared. `Pipeline(folder)` runs
the exported ONNX graphs on the CPU; `Pipeline.from_checkpoint` runs the same networks in PyTorch, on a GPU for bulk.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import onnxruntime as ort
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from demo.bank import to_bytes, to_signed
from demo.checkpoint import Checkpoint
from demo.export import Defaults, pipeline_description
from demo.networks import PictureDecoder, PictureEncoder, TextEncoder, UNet
from demo.tokenizer import encode, load_tokenizer
from quartet_pipeline.description import parse_description
from quartet_pipeline.schedulers import Table, scheduler_table
from quartet_pipeline.seeds import normal_noise


class Networks(Protocol):
    """The four graphs; shapes as in `demo.networks`."""

    device: torch.device

    def text_encoder(self, input_ids: Tensor) -> Tensor: ...
    def unet(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor: ...
    def vae_decoder(self, latent_sample: Tensor) -> Tensor: ...
    def vae_encoder(self, sample: Tensor) -> Tensor: ...


class OnnxNetworks:
    """The exported graphs in ONNX Runtime on the CPU."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.device = torch.device("cpu")
        self.sessions = {
            name: ort.InferenceSession(str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
            for name in ("text_encoder", "unet", "vae_decoder", "vae_encoder")
        }

    def text_encoder(self, input_ids: Tensor) -> Tensor:
        return self._run("text_encoder", input_ids=input_ids)

    def unet(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        return self._run("unet", sample=sample, timestep=timestep, encoder_hidden_states=encoder_hidden_states)

    def vae_decoder(self, latent_sample: Tensor) -> Tensor:
        return self._run("vae_decoder", latent_sample=latent_sample)

    def vae_encoder(self, sample: Tensor) -> Tensor:
        return self._run("vae_encoder", sample=sample)

    def _run(self, name: str, **inputs: Tensor) -> Tensor:
        outputs = self.sessions[name].run(None, {key: value.numpy() for key, value in inputs.items()})
        return torch.from_numpy(outputs[0])


class TorchNetworks:
    """A checkpoint's networks in PyTorch; bf16 on a GPU."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.device = device
        for name, kind in (
            ("text_encoder", TextEncoder),
            ("unet", UNet),
            ("vae_decoder", PictureDecoder),
            ("vae_encoder", PictureEncoder),
        ):
            network = kind(checkpoint.config)
            network.load_state_dict({key: value.float() for key, value in checkpoint.weights[name].items()})
            network = network.eval().requires_grad_(False).to(device)
            if device.type == "cuda":
                network = network.bfloat16()
            setattr(self, name, self._in_float(network))

    @staticmethod
    def _in_float(network: torch.nn.Module) -> Any:
        dtype = next(network.parameters()).dtype

        def call(*inputs: Tensor) -> Tensor:
            cast = [value.to(dtype) if value.is_floating_point() else value for value in inputs]
            output: Tensor = network(*cast)
            return output.float()

        return call

    text_encoder: Any
    unet: Any
    vae_decoder: Any
    vae_encoder: Any


class Pipeline:
    """A model folder, ready to draw."""

    def __init__(self, folder: Path | str, *, threads: int = 2) -> None:
        folder = Path(folder)
        description = json.loads((folder / "pipeline.json").read_text())
        self._set_up(OnnxNetworks(folder, threads=threads), load_tokenizer(folder), description)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: torch.device) -> Self:
        pipeline = cls.__new__(cls)
        description = pipeline_description(checkpoint.config, checkpoint.statistics, checkpoint.token_ids, Defaults())
        pipeline._set_up(TorchNetworks(checkpoint, device), checkpoint.tokenizer, description)
        return pipeline

    def _set_up(self, networks: Networks, tokenizer: Tokenizer, description: dict[str, Any]) -> None:
        self.networks = networks
        self.tokenizer = tokenizer
        self.description = description

    @torch.no_grad()
    def generate(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        steps: int | None = None,
        guidance: float | None = None,
        *,
        size: tuple[int, int] | None = None,
        batch: int = 4,
    ) -> NDArray[np.uint8]:
        """Draw one picture for each prompt and seed: uint8 [n, h, w, 3]. `size` is (height, width) in pixels."""
        height, width = size or self.description["default_size"]
        shape = (self.description["latent_channels"], height // 8, width // 8)
        table = self._table(steps or self.description["default_steps"])
        pictures = []
        for start in range(0, len(prompts), batch):
            part = slice(start, start + batch)
            noise = make_noise(seeds[part], shape).to(self.networks.device)
            pictures.append(self._decode(self._denoise(noise, prompts[part], table, guidance)))
        return np.concatenate(pictures)

    @torch.no_grad()
    def enlarge(self, pictures: NDArray[np.uint8], prompts: Sequence[str], seeds: Sequence[int]) -> NDArray[np.uint8]:
        """Draw pictures again at twice the size (image to image): uint8 [n, h, w, 3] -> [n, 2h, 2w, 3]."""
        enlarge = self.description["enlarge"]
        table = self._table(self.description["default_steps"], enlarge["strength"])
        small = to_signed(torch.from_numpy(pictures).permute(0, 3, 1, 2)).to(self.networks.device)
        large = F.interpolate(small, scale_factor=enlarge["factor"], mode="bicubic", align_corners=False).clamp(-1, 1)
        clean = self.networks.vae_encoder(large) * self.description["scaling_factor"]
        noise = make_noise(seeds, tuple(clean.shape[1:])).to(clean.device)
        noisy = table.picture * clean + table.noise * noise
        return self._decode(self._denoise(noisy, prompts, table, None))

    def _table(self, steps: int, strength: float | None = None) -> Table:
        schedule = parse_description(self.description).schedule
        return scheduler_table("dpmpp_2m", steps, schedule, strength)

    def _denoise(self, latents: Tensor, prompts: Sequence[str], table: Table, guidance: float | None) -> Tensor:
        """Noisy latents [n, 4, h/8, w/8] of the first step's timestep -> clean ones."""
        guidance = guidance or self.description["default_guidance_scale"]
        max_tokens = self.description["max_tokens"]
        ids = encode(self.tokenizer, [*prompts, *[""] * len(prompts)], max_tokens=max_tokens)
        text = self.networks.text_encoder(torch.from_numpy(ids).to(self.networks.device))
        earlier = torch.zeros_like(latents)
        for row in table.rows:
            timestep = torch.full((len(text),), float(row.timestep), device=latents.device)
            prompted, unprompted = self.networks.unet(torch.cat([latents, latents]), timestep, text).chunk(2)
            velocity = unprompted + guidance * (prompted - unprompted)
            clean = row.estimate[0] * latents + row.estimate[1] * velocity
            # DPM-Solver++ (2M) looks back one estimate and adds no noise.
            latents = row.latents * latents + row.estimates[0] * clean + row.estimates[1] * earlier
            earlier = clean
        return latents

    def _decode(self, latents: Tensor) -> NDArray[np.uint8]:
        pictures = self.networks.vae_decoder(latents / self.description["scaling_factor"])
        result: NDArray[np.uint8] = to_bytes(pictures).permute(0, 2, 3, 1).cpu().numpy()
        return result


def make_noise(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Noise that depends on each picture's own seed alone: float32 [n, *shape]."""
    return torch.stack([torch.from_numpy(normal_noise(int(seed), 0, math.prod(shape))).view(shape) for seed in seeds])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompt")
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--enlarge", action="store_true", help="draw it again at twice the size")
    parser.add_argument("--out", type=Path, default=Path("picture.png"))
    arguments = parser.parse_args()
    pipeline = Pipeline(arguments.model)
    prompts, seeds = [arguments.prompt], [arguments.seed]
    pictures = pipeline.generate(prompts, seeds, arguments.steps, arguments.guidance)
    if arguments.enlarge:
        pictures = pipeline.enlarge(pictures, prompts, seeds)
    Image.fromarray(pictures[0]).save(arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
