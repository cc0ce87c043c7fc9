"""Write a trained checkpoint as the folder that the engines read: four ONNX graphs, tokenizer.json, pipeline.json.

    python -m demo.export --checkpoint runs/demo/checkpoint --out demo/model

Weights are stored as fp16, each followed by a Cast to fp32: half the bytes in the repository, and ONNX Runtime folds
the Cast when it loads the graph, so that the arithmetic stays fp32.
"""

import argparse
import json
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from demo.checkpoint import Checkpoint
from demo.networks import DOWNSCALE, LATENT_CHANNELS, ModelConfig, PictureDecoder, PictureEncoder, TextEncoder, UNet
from demo.scenes import VOCABULARY
from demo.schedule import SCHEDULE
from demo.tokenizer import END, START

OPSET: Final = 17
SMALLEST_HALF: Final = 256
"""Tensors of fewer elements stay fp32: they are norms and biases, where half precision saves nothing."""


@dataclass(frozen=True)
class Defaults:
    """What `pipeline.json` recommends; measured with `demo.probe` (see README.md)."""

    scheduler: str = "dpmpp_2m"
    steps: int = 20
    guidance_scale: float = 4.0
    sizes: tuple[tuple[int, int], ...] = ((512, 512),)


def export(checkpoint: Checkpoint, out: Path, defaults: Defaults | None = None) -> None:
    """Write the model folder `out`, replacing what is there."""
    out.mkdir(parents=True, exist_ok=True)
    config = checkpoint.config
    text_encoder, unet = TextEncoder(config), UNet(config)
    encoder, decoder = PictureEncoder(config), PictureDecoder(config)
    for name, network in {
        "text_encoder": text_encoder,
        "unet": unet,
        "vae_encoder": encoder,
        "vae_decoder": decoder,
    }.items():
        network.load_state_dict({key: value.float() for key, value in checkpoint.weights[name].items()})
    ids = torch.zeros(2, config.max_tokens, dtype=torch.int64)
    latents, pictures = torch.randn(2, LATENT_CHANNELS, 16, 16), torch.rand(2, 3, 128, 128) * 2 - 1
    text = torch.randn(2, config.max_tokens, config.text_width)
    area = {0: "n", 2: "h", 3: "w"}
    _export(text_encoder, {"input_ids": ids}, "last_hidden_state", {"input_ids": {0: "n"}}, out / "text_encoder.onnx")
    _export(
        unet,
        {"sample": latents, "timestep": torch.tensor([1.0, 999.0]), "encoder_hidden_states": text},
        "out_sample",
        {"sample": area, "timestep": {0: "n"}, "encoder_hidden_states": {0: "n"}, "out_sample": area},
        out / "unet.onnx",
    )
    decoder_axes = {"latent_sample": area, "sample": area}
    _export(decoder, {"latent_sample": latents}, "sample", decoder_axes, out / "vae_decoder.onnx")
    _export(encoder, {"sample": pictures}, "latent_sample", decoder_axes, out / "vae_encoder.onnx")
    shutil.copyfile(checkpoint.tokenizer_file, out / "tokenizer.json")
    description = pipeline_description(config, checkpoint.statistics, checkpoint.token_ids, defaults or Defaults())
    (out / "pipeline.json").write_text(json.dumps(description, indent=2) + "\n")


def pipeline_description(
    config: ModelConfig, statistics: Mapping[str, Any], token_ids: Mapping[str, int], defaults: Defaults
) -> dict[str, Any]:
    """The contents of `pipeline.json`: everything an engine has to know about the graphs."""
    return {
        "format": 1,
        "name": "quartet-demo",
        "description": "A small text-to-image model that draws poster-like landscapes; trained on rendered pictures.",
        "license": "MIT",
        "max_tokens": config.max_tokens,
        "bos_token_id": token_ids[START],
        "eos_token_id": token_ids[END],
        "pad_token_id": token_ids[END],
        "latent_channels": LATENT_CHANNELS,
        "downscale": DOWNSCALE,
        "scaling_factor": statistics["scaling_factor"],
        "prediction_type": SCHEDULE.prediction_type,
        "num_train_timesteps": SCHEDULE.train_timesteps,
        "beta_schedule": SCHEDULE.beta_schedule,
        "beta_start": SCHEDULE.beta_start,
        "beta_end": SCHEDULE.beta_end,
        "timestep_spacing": SCHEDULE.timestep_spacing,
        "steps_offset": SCHEDULE.steps_offset,
        "rescale_betas_zero_snr": SCHEDULE.rescale_betas_zero_snr,
        "default_scheduler": defaults.scheduler,
        "default_steps": defaults.steps,
        "default_guidance_scale": defaults.guidance_scale,
        "default_size": list(defaults.sizes[0]),
        "sizes": [list(size) for size in defaults.sizes],
        "latent_rgb": statistics["latent_rgb"],
        "architecture": config.to_json(),
        "enlarge": {"factor": 2, "strength": 0.3},
        "vocabulary": VOCABULARY,
    }


def _export(
    network: nn.Module, inputs: Mapping[str, Tensor], output: str, axes: Mapping[str, Mapping[int, str]], file: Path
) -> None:
    with warnings.catch_warnings():
        # The exporter that traces is called legacy; its graphs are the ones that ONNX Runtime fuses best today.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            tuple(inputs.values()),
            str(file),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={output: {0: "n"}, **axes},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(file)
    name_weights(model, network)
    halve_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def name_weights(model: onnx.ModelProto, network: nn.Module) -> None:
    """Call each initializer by its parameter's name, with `.T` behind it where the exporter has transposed it.

    The exporter gives new names to what it has reshaped (linear layers, group norms); `demo.shipped` reads the weights
    back by their own.
    """
    values = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    spellings = {name: value.ravel() for name, value in values.items()}
    spellings |= {f"{name}.T": value.T.ravel() for name, value in values.items() if value.ndim == 2}
    renamed: dict[str, str] = {}
    for initializer in model.graph.initializer:
        if not initializer.name.startswith("onnx::"):
            continue
        numbers = numpy_helper.to_array(initializer).ravel()
        found = next((name for name, other in spellings.items() if np.array_equal(numbers, other)), None)
        if found is not None:
            del spellings[found]  # two layers may hold the same numbers
            renamed[initializer.name] = found
            initializer.name = found
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)


def halve_weights(model: onnx.ModelProto) -> None:
    """Store large fp32 initializers as fp16, each followed by a Cast back to fp32."""
    graph = model.graph
    casts = []
    for index, initializer in enumerate(graph.initializer):
        values = numpy_helper.to_array(initializer)
        if values.dtype != np.float32 or values.size < SMALLEST_HALF:
            continue
        stored = f"{initializer.name}.half"
        casts.append(
            helper.make_node("Cast", [stored], [initializer.name], name=f"{stored}.cast", to=TensorProto.FLOAT)
        )
        graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder written by demo.train")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--steps", type=int, default=Defaults.steps)
    parser.add_argument("--guidance-scale", type=float, default=Defaults.guidance_scale)
    arguments = parser.parse_args()
    defaults = Defaults(steps=arguments.steps, guidance_scale=arguments.guidance_scale)
    export(Checkpoint.load(arguments.checkpoint), arguments.out, defaults)
    total = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}: {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
