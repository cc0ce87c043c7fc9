"""The wire contract of `stable_diffusion`: tensors in, a checked request out, or a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.description import Description, Size
from quartet_pipeline.errors import RequestError
from quartet_pipeline.model_folder import MOST_LORA_SCALE
from quartet_pipeline.schedulers import SCHEDULERS

MAX_PICTURES = 4
MAX_STEPS = 150
MAX_GUIDANCE_SCALE = 30
MAX_CONTROL_SCALE = 2
MAX_PROMPT_CHARACTERS = 2_000
INPUTS = {
    "prompt": "BYTES [1]",
    "negative_prompt": "BYTES [1]",
    "seeds": "INT64 [1 to 4]",
    "steps": "INT32 [1]",
    "guidance_scale": "FP32 [1]",
    "scheduler": "BYTES [1]",
    "size": "INT32 [2]",
    "model": "BYTES [1]",
    "init_image": "UINT8 [height, width, 3]",
    "strength": "FP32 [1]",
    "mask": "UINT8 [height, width]",
    "control": "BYTES [1]",
    "control_image": "UINT8 [height, width, 3]",
    "control_scale": "FP32 [1]",
    "lora_scale": "FP32 [1]",
    "preview_every": "INT32 [1]",
    "speed": "BYTES [1]",
}
DTYPES = {"BYTES": "O", "INT64": "i8", "INT32": "i4", "FP32": "f4", "UINT8": "u1"}

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Control:
    """What a ControlNet is told."""

    kind: str
    """One of the model's controls."""
    picture: NDArray[np.uint8]
    """uint8 [h, w, 3] of exactly the request's size: edges, depth or strokes, as the control was trained on."""
    scale: float
    """How much it steers, 0 to 2."""


@dataclass(frozen=True)
class Request:
    """A request that can be drawn."""

    model: str
    prompt: str
    negative_prompt: str
    seeds: tuple[int, ...]
    steps: int
    guidance_scale: float
    scheduler: str
    size: Size
    picture: NDArray[np.uint8] | None
    """uint8 [h, w, 3] of exactly `size`, to start from."""
    strength: float | None
    """Above 0 to 1; there exactly when `picture` is."""
    preview_every: int
    lora_scale: float | None = None
    """How strongly the model's LoRA changes it; None for as much as the model says."""
    speed: str = "exact"
    """One of the model's `speeds`."""
    mask: NDArray[np.uint8] | None = None
    """uint8 [h, w] of exactly `size`: 255 is drawn anew, 0 kept of `picture`, anything between a blend."""
    control: Control | None = None


def parse_request(tensors: Tensors, models: Mapping[str, Description]) -> Request:
    """Checks every input of a request; raises a RequestError that says what was expected and what came.

    The first of `models` is drawn with when the request names none.
    """
    unknown = [name for name in tensors if name not in INPUTS]
    if unknown:
        _refuse(f"inputs of {', '.join(INPUTS)}", _quoted(unknown[0]))
    for name, array in tensors.items():
        _check_tensor(name, array)
    model = _text(tensors, "model", next(iter(models)))
    if model not in models:
        _refuse(f"`model` to be one of {', '.join(models)}", _quoted(model))
    scheduler = _text(tensors, "scheduler", "ddim")
    if scheduler not in SCHEDULERS:
        _refuse(f"`scheduler` to be one of {', '.join(SCHEDULERS)}", _quoted(scheduler))
    size = _size(tensors, models[model])
    return Request(
        model=model,
        prompt=_prompt(tensors),
        negative_prompt=_short(tensors, "negative_prompt"),
        seeds=_seeds(tensors),
        steps=_whole(tensors, "steps", 50, 1, MAX_STEPS),
        guidance_scale=_guidance_scale(tensors),
        scheduler=scheduler,
        size=size,
        picture=_picture(tensors, size),
        strength=_strength(tensors),
        preview_every=_whole(tensors, "preview_every", 0, 0, 2**31 - 1),
        lora_scale=_lora_scale(tensors, models[model], model),
        speed=_speed(tensors, models[model]),
        mask=_mask(tensors, size),
        control=_control(tensors, size, models[model], model),
    )


def _check_tensor(name: str, array: NDArray[Any]) -> None:
    wire_type, _, dims = INPUTS[name].partition(" ")
    rank = dims.count(",") + 1
    fits = array.dtype == np.dtype(DTYPES[wire_type]) and array.ndim == rank
    if fits and dims == "[1]":
        fits = array.shape == (1,)
    elif fits and name == "size":
        fits = array.shape == (2,)
    elif fits and rank == 3:
        fits = array.shape[2] == 3
    if not fits:
        came = next((key for key, code in DTYPES.items() if array.dtype == np.dtype(code)), str(array.dtype))
        _refuse(f"`{name}` to be {INPUTS[name]}", f"{came} {list(array.shape)}")


def _text(tensors: Tensors, name: str, default: str) -> str:
    if name not in tensors:
        return default
    value = tensors[name][0]
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        _refuse(f"`{name}` to be a text", type(value).__name__)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        _refuse(f"`{name}` to be UTF-8", f"{len(value)} bytes that are not")


def _short(tensors: Tensors, name: str) -> str:
    text = _text(tensors, name, "")
    # In UTF-16 units, as the bot counts them.
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > MAX_PROMPT_CHARACTERS:
        _refuse(f"`{name}` to have at most {MAX_PROMPT_CHARACTERS} characters", str(length))
    return text


def _prompt(tensors: Tensors) -> str:
    text = _short(tensors, "prompt")
    if not text.strip():
        _refuse("`prompt` to say what to draw", "none" if "prompt" not in tensors else "an empty text")
    return text


def _seeds(tensors: Tensors) -> tuple[int, ...]:
    seeds = tuple(int(seed) for seed in tensors["seeds"]) if "seeds" in tensors else ()
    if not 1 <= len(seeds) <= MAX_PICTURES:
        _refuse(f"1 to {MAX_PICTURES} `seeds`, one a picture", str(len(seeds)))
    for seed in seeds:
        if seed < 0:
            _refuse("each of `seeds` to be a whole number from 0 and up", str(seed))
    return seeds


def _whole(tensors: Tensors, name: str, default: int, least: int, most: int) -> int:
    value = int(tensors[name][0]) if name in tensors else default
    if not least <= value <= most:
        _refuse(f"`{name}` to be a whole number from {least} to {most}", str(value))
    return value


def _guidance_scale(tensors: Tensors) -> float:
    value = float(tensors["guidance_scale"][0]) if "guidance_scale" in tensors else 7.5
    if not 0 <= value <= MAX_GUIDANCE_SCALE:
        _refuse(f"`guidance_scale` to be a number from 0 to {MAX_GUIDANCE_SCALE}", str(value))
    return value


def _size(tensors: Tensors, description: Description) -> Size:
    height, width = (int(side) for side in tensors["size"]) if "size" in tensors else (512, 512)
    offered = description.offered_sizes(from_picture="init_image" in tensors)
    if (height, width) not in offered:
        names = ", ".join(f"[{h}, {w}]" for h, w in offered)
        _refuse(f"`size` (height, width) to be one of {names}", f"[{height}, {width}]")
    return height, width


def _speed(tensors: Tensors, description: Description) -> str:
    speed = _text(tensors, "speed", "exact")
    if speed not in description.speeds:
        _refuse(f"`speed` to be one of {', '.join(description.speeds)}", _quoted(speed))
    return speed


def _picture(tensors: Tensors, size: Size) -> NDArray[np.uint8] | None:
    picture = tensors.get("init_image")
    if picture is not None and picture.shape != (*size, 3):
        _refuse(f"`init_image` to be of the `size` asked for, {[*size, 3]}", str(list(picture.shape)))
    return picture


def _mask(tensors: Tensors, size: Size) -> NDArray[np.uint8] | None:
    mask = tensors.get("mask")
    if mask is None:
        return None
    if "init_image" not in tensors:
        _refuse("`mask` together with `init_image` and `strength`", "only the mask")
    if mask.shape != size:
        _refuse(f"`mask` to be of the `size` asked for, {list(size)}", str(list(mask.shape)))
    return mask


def _control(tensors: Tensors, size: Size, description: Description, model: str) -> Control | None:
    picture = tensors.get("control_image")
    if picture is None:
        for name in ("control", "control_scale"):
            if name in tensors:
                _refuse(f"no `{name}` without a `control_image`", "one")
        return None
    kinds = tuple(description.controls)
    if not kinds:
        _refuse(f"no `control_image`, because `{model}` cannot follow one", "one")
    kind = _text(tensors, "control", kinds[0])
    if kind not in kinds:
        _refuse(f"`control` to be one of {', '.join(kinds)}", _quoted(kind))
    if picture.shape != (*size, 3):
        _refuse(f"`control_image` to be of the `size` asked for, {[*size, 3]}", str(list(picture.shape)))
    scale = float(tensors["control_scale"][0]) if "control_scale" in tensors else 1.0
    if not 0 <= scale <= MAX_CONTROL_SCALE:
        _refuse(f"`control_scale` to be a number from 0 to {MAX_CONTROL_SCALE}", str(scale))
    return Control(kind, picture, scale)


def _strength(tensors: Tensors) -> float | None:
    if ("strength" in tensors) != ("init_image" in tensors):
        _refuse("`init_image` and `strength` together", "only one of them")
    if "strength" not in tensors:
        return None
    value = float(tensors["strength"][0])
    if not 0 < value <= 1:
        _refuse("`strength` to be above 0 and at most 1", str(value))
    # The shortest decimal: 0.7 as float32 has it would make 6 and not 7 of 10 steps.
    return float(str(tensors["strength"][0]))


def _lora_scale(tensors: Tensors, description: Description, model: str) -> float | None:
    if "lora_scale" not in tensors:
        return None
    if description.lora_scale is None:
        _refuse(f"no `lora_scale`, because `{model}` has no LoRA", "one")
    value = float(tensors["lora_scale"][0])
    if not 0 <= value <= MOST_LORA_SCALE:
        _refuse(f"`lora_scale` to be a number from 0 to {MOST_LORA_SCALE:g}", str(value))
    return value


def _quoted(text: str) -> str:
    """What came may be anything of any length."""
    return repr(text[:80])


def _refuse(expected: str, got: str) -> NoReturn:
    raise RequestError(f"Expected {expected}, got {got}.")
