"""Write `tiny-pipeline/`, a pipeline folder of a few kilobytes with random weights, and `tiny-drawings.json`: what
diffusers' schedulers and the Python ONNX Runtime draw with it, for tests of the engine.

Run it with numpy, onnx, onnxruntime, tokenizers, torch and diffusers installed:
``python test/engines/onnx/make_tiny_pipeline.py``.
"""

import base64
import json
import string
import sys
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

FOLDER = Path(__file__).parent / "tiny-pipeline"
TOKENS, WIDTH, VOCABULARY = 12, 8, 120
random = np.random.default_rng(20)


def weights(name: str, *shape: int, scale: float = 1.0) -> onnx.TensorProto:
    fan_in = max(1, int(np.prod(shape[1:])))
    return numpy_helper.from_array(
        (random.standard_normal(shape) * scale / fan_in**0.5).astype(np.float32), name
    )


def constant(
    name: str, values: list[float] | list[int], dtype: type
) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def tensor(
    name: str, shape: list[int | str], kind: int = TensorProto.FLOAT
) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def save(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list,
    outputs: list,
    initializers: list,
) -> None:
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / f"{name}.onnx")


def text_encoder() -> None:
    save(
        "text_encoder",
        [
            helper.make_node("Gather", ["embedding", "input_ids"], ["embedded"]),
            helper.make_node("Add", ["embedded", "positions"], ["placed"]),
            helper.make_node("MatMul", ["placed", "mix"], ["mixed"]),
            helper.make_node("Tanh", ["mixed"], ["last_hidden_state"]),
        ],
        [tensor("input_ids", ["n", TOKENS], TensorProto.INT64)],
        [tensor("last_hidden_state", ["n", TOKENS, WIDTH])],
        [
            weights("embedding", VOCABULARY, WIDTH, scale=3),
            weights("positions", TOKENS, WIDTH),
            weights("mix", WIDTH, WIDTH),
        ],
    )


def unet() -> None:
    """Convolution, then attention of every position to the text, so that batches meet both kinds of kernel."""
    save(
        "unet",
        [
            helper.make_node("Mul", ["timestep", "per_thousand"], ["time"]),
            helper.make_node("Unsqueeze", ["time", "axes"], ["time_everywhere"]),
            helper.make_node(
                "Conv", ["sample", "stem", "stem_bias"], ["stemmed"], pads=[1, 1, 1, 1]
            ),
            helper.make_node("Add", ["stemmed", "time_everywhere"], ["timed"]),
            helper.make_node("Tanh", ["timed"], ["hidden"]),
            helper.make_node("Shape", ["hidden"], ["hidden_shape"]),
            helper.make_node("Reshape", ["hidden", "flat"], ["flattened"]),
            helper.make_node("Transpose", ["flattened"], ["queries"], perm=[0, 2, 1]),
            helper.make_node(
                "Transpose", ["encoder_hidden_states"], ["keys"], perm=[0, 2, 1]
            ),
            helper.make_node("MatMul", ["queries", "keys"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["shares"], axis=-1),
            helper.make_node(
                "MatMul", ["shares", "encoder_hidden_states"], ["attended"]
            ),
            helper.make_node(
                "Transpose", ["attended"], ["channels_first"], perm=[0, 2, 1]
            ),
            helper.make_node(
                "Reshape", ["channels_first", "hidden_shape"], ["picture"]
            ),
            helper.make_node("Add", ["picture", "hidden"], ["sum"]),
            helper.make_node(
                "Conv", ["sum", "out", "out_bias"], ["out_sample"], pads=[1, 1, 1, 1]
            ),
        ],
        [
            tensor("sample", ["n", 4, "h", "w"]),
            tensor("timestep", ["n"]),
            tensor("encoder_hidden_states", ["n", TOKENS, WIDTH]),
        ],
        [tensor("out_sample", ["n", 4, "h", "w"])],
        [
            constant("per_thousand", [0.001], np.float32),
            constant("axes", [1, 2, 3], np.int64),
            constant("flat", [0, WIDTH, -1], np.int64),
            weights("stem", WIDTH, 4, 3, 3),
            weights("stem_bias", WIDTH),
            weights("out", 4, WIDTH, 3, 3),
            weights("out_bias", 4),
        ],
    )


def vae_decoder() -> None:
    save(
        "vae_decoder",
        [
            helper.make_node(
                "Resize", ["latent_sample", "", "scales"], ["large"], mode="nearest"
            ),
            helper.make_node(
                "Conv", ["large", "out", "out_bias"], ["colours"], pads=[1, 1, 1, 1]
            ),
            helper.make_node("Tanh", ["colours"], ["sample"]),
        ],
        [tensor("latent_sample", ["n", 4, "h", "w"])],
        [tensor("sample", ["n", 3, "height", "width"])],
        [
            constant("scales", [1, 1, 8, 8], np.float32),
            weights("out", 3, 4, 3, 3),
            weights("out_bias", 3),
        ],
    )


def vae_encoder() -> None:
    save(
        "vae_encoder",
        [
            helper.make_node(
                "AveragePool",
                ["sample"],
                ["small"],
                kernel_shape=[8, 8],
                strides=[8, 8],
            ),
            helper.make_node("Conv", ["small", "out", "out_bias"], ["latent_sample"]),
        ],
        [tensor("sample", ["n", 3, "height", "width"])],
        [tensor("latent_sample", ["n", 4, "h", "w"])],
        [weights("out", 4, 3, 1, 1, scale=2), weights("out_bias", 4)],
    )


def tokenizer() -> None:
    """Byte pairs with CLIP's end-of-word mark."""
    tiny = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<end>"))
    tiny.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tiny.pre_tokenizer = pre_tokenizers.Whitespace()
    sentence = "a red blue lighthouse boat at on the dusk night sea and two boats"
    letters = list(string.ascii_lowercase)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<start>", "<end>"],
        end_of_word_suffix="</w>",
        initial_alphabet=letters,
    )
    tiny.train_from_iterator([sentence] * 10 + letters, trainer)
    if tiny.get_vocab_size() > VOCABULARY:
        raise SystemExit(
            f"Expected at most {VOCABULARY} tokens, got {tiny.get_vocab_size()}."
        )
    tiny.save(str(FOLDER / "tokenizer.json"), pretty=False)


PIPELINE = {
    "format": 1,
    "name": "Tiny test pipeline",
    "description": "Random weights.",
    "license": "MIT",
    "max_tokens": TOKENS,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
    "latent_channels": 4,
    "downscale": 8,
    "scaling_factor": 0.5,
    "prediction_type": "v_prediction",
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "leading",
    "steps_offset": 1,
    "default_scheduler": "dpmpp_2m",
    "default_steps": 4,
    "default_guidance_scale": 3,
    "default_size": [64, 64],
    "sizes": [[64, 64], [64, 128]],
    "latent_rgb": {
        "weights": [[0.2, 0, 0], [0, 0.2, 0], [0, 0, 0.2], [0.1, 0.1, 0.1]],
        "bias": [0.5, 0.5, 0.5],
    },
    "enlarge": {"factor": 2, "strength": 0.5},
    "vocabulary": {
        "objects": {"lighthouse": ["lighthouse"], "boat": ["boat", "boats"]},
        "colours": ["red", "blue"],
        "times": {"dusk": ["at dusk", "dusk"], "night": ["at night"]},
        "glue": {"": ["a", "sea", "two"]},
    },
}

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {"set_alpha_to_one": False, "clip_sample": False}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_ancestral": ("EulerAncestralDiscreteScheduler", {}),
}
EVERY = 7
"""A drawing is told by every so many bytes of it."""


def drawing(request: dict[str, Any]) -> bytes:
    """Every 7th byte of the picture that `request` asks for: the loop of diffusers' pipelines, written out."""
    sys.path.insert(0, str(Path(__file__).parents[3] / "triton-models" / "tests"))
    import make_vectors  # the independent noise

    sessions = {
        p.stem: onnxruntime.InferenceSession(p, providers=["CPUExecutionProvider"])
        for p in FOLDER.glob("*.onnx")
    }
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    class_name, options = SCHEDULERS[request["scheduler"]]
    module = sys.modules[getattr(diffusers, class_name).__module__]
    scheduler = getattr(diffusers, class_name)(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1, timestep_spacing="leading",
        prediction_type=PIPELINE["prediction_type"], **options,
    )  # fmt: skip
    scheduler.set_timesteps(request["steps"])

    def noise(stream: int) -> torch.Tensor:
        return torch.from_numpy(
            make_vectors.normals(request["seed"], stream, 4 * 8 * 8)
        ).reshape(1, 4, 8, 8)

    def encode(text: str) -> list[int]:
        return (
            [0]
            + tokenizer.encode(text, add_special_tokens=False).ids[: TOKENS - 2]
            + [1] * TOKENS
        )[:TOKENS]

    ids = np.array(
        [encode(request["negativePrompt"]), encode(request["prompt"])], dtype=np.int64
    )
    states = sessions["text_encoder"].run(None, {"input_ids": ids})[0]
    timesteps = scheduler.timesteps
    latents = noise(0) * scheduler.init_noise_sigma
    if request["strength"] is not None:
        first = request["steps"] - int(request["steps"] * request["strength"])
        timesteps = timesteps[first:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        picture = (np.arange(64 * 64 * 3) % 251).reshape(64, 64, 3).astype(
            np.float32
        ) / 127.5 - 1
        clean = sessions["vae_encoder"].run(
            None, {"sample": picture.transpose(2, 0, 1)[None]}
        )[0]
        latents = scheduler.add_noise(
            torch.from_numpy(clean) * PIPELINE["scaling_factor"],
            noise(0),
            timesteps[:1],
        )
    for index, t in enumerate(timesteps):
        module.randn_tensor = lambda *_, index=index, **__: noise(index + 1)  # type: ignore[attr-defined]
        seen = scheduler.scale_model_input(latents, t)
        batch = np.repeat(seen.numpy().astype(np.float32), 2, axis=0)
        feeds = {
            "sample": batch,
            "timestep": np.full(2, float(t), np.float32),
            "encoder_hidden_states": states,
        }
        without, with_prompt = np.split(sessions["unet"].run(None, feeds)[0], 2)
        output = torch.from_numpy(
            without + request["guidanceScale"] * (with_prompt - without)
        )
        latents = scheduler.step(output, t, latents, return_dict=False)[0]
    scaled = latents.numpy().astype(np.float32) / PIPELINE["scaling_factor"]
    decoded = sessions["vae_decoder"].run(None, {"latent_sample": scaled})[0]
    pixels = (
        np.clip((decoded[0].transpose(1, 2, 0) + 1) * 127.5, 0, 255)
        .round()
        .astype(np.uint8)
    )
    return pixels.reshape(-1)[::EVERY].tobytes()


def drawings() -> list[dict[str, Any]]:
    requests = []
    for number, scheduler in enumerate(SCHEDULERS):
        for strength in (None, 0.6):
            requests.append(
                {
                    "scheduler": scheduler,
                    "steps": 5 + number,
                    "seed": 1000 * number + 7,
                    "guidanceScale": 3 if strength is None else 1,
                    "prompt": "a red lighthouse at dusk",
                    "negativePrompt": "blue boats",
                    "strength": strength,
                }
            )
    return [
        request | {"every": EVERY, "bytes": base64.b64encode(drawing(request)).decode()}
        for request in requests
    ]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for write in (text_encoder, unet, vae_decoder, vae_encoder, tokenizer):
        write()
    (FOLDER / "pipeline.json").write_text(json.dumps(PIPELINE, indent=2) + "\n")
    lines = ",\n".join(json.dumps(one) for one in drawings())
    (Path(__file__).parent / "tiny-drawings.json").write_text(f"[\n{lines}\n]\n")
