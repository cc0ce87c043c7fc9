"""What a model folder says about itself: `pipeline.json`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import ModelFolder, read_model_folder
from quartet_pipeline.schedulers import NoiseSchedule

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Description:
    """The checked fields of `pipeline.json` that drawing needs."""

    name: str
    id: str
    """The name as requests write it."""
    max_tokens: int
    bos_token_id: int
    eos_token_id: int
    pad_token_id: int
    latent_channels: int
    downscale: int
    scaling_factor: float
    schedule: NoiseSchedule
    sizes: tuple[Size, ...]
    enlarge_factor: int | None
    latent_rgb_weights: tuple[tuple[float, float, float], ...]
    latent_rgb_bias: tuple[float, float, float]
    controls: Mapping[str, Path] = field(default_factory=dict)
    """Kinds of control pictures that it follows, and the folder or file in which the ControlNet of each lies."""
    safety_checker: Path | None = None
    """The folder of its own checker, where it has one."""
    lora_scale: float | None = None
    """How strongly its LoRA changes it by default; None where it has none."""
    speeds: tuple[str, ...] = ("exact",)
    """What the engine that draws it has; not in the file."""

    def offered_sizes(self, *, from_picture: bool) -> tuple[Size, ...]:
        """The sizes that can be asked for; a picture can also be drawn again enlarged."""
        if not from_picture or self.enlarge_factor is None:
            return self.sizes
        return self.sizes + tuple((h * self.enlarge_factor, w * self.enlarge_factor) for h, w in self.sizes)


def read_description(folder: Path) -> Description:
    """Reads a model folder's description, or raises a ModelError that names what is wrong."""
    found = read_model_folder(folder)
    path = folder / "pipeline.json"
    try:
        description = parse_description(dict(found.fields))
        if found.is_onnx:
            if "controls" in found.fields:
                raise ValueError("Expected no `controls`, because ONNX files have none, got some.")
            return description
        return _with_conditions(found, description)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        problem = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"Expected {path} to describe a pipeline (format 1): {problem}") from error


def _with_conditions(found: ModelFolder, description: Description) -> Description:
    """What is so of Stable Diffusion only."""
    # Its coarsest feature maps have an eighth of the latents' sides, which have an eighth of the pictures'.
    odd = [side for size in description.sizes for side in size if side % 64]
    if odd:
        raise ValueError(f"Expected `sizes` of Stable Diffusion to be multiples of 64, got {odd[0]}.")
    controls = {kind: _find_control(found, kind, name) for kind, name in _controls(found.fields).items()}
    checkers = [place / "safety_checker" for place in (found.path, found.networks)]
    checker = next((place for place in checkers if (place / "config.json").is_file()), None)
    return replace(description, controls=controls, safety_checker=checker)


def _controls(fields: Mapping[str, Any]) -> dict[str, str]:
    """`{"canny": "controlnet-canny"}`: a kind as requests write it, and what lies in or beside the model's folder."""
    named = fields.get("controls", {})
    if not isinstance(named, dict) or not all(isinstance(where, str) for where in named.values()):
        raise ValueError(f"Expected `controls` to name a folder or file for each kind, got {named!r}.")
    for kind, where in named.items():
        if not re.fullmatch("[a-z0-9-]{1,40}", kind):
            raise ValueError(f"Expected `controls` to have names of small letters, digits and `-`, got {kind!r}.")
        if not where or Path(where).name != where:
            raise ValueError(f"Expected `controls` to name what lies in or beside the model's folder, got {where!r}.")
    return named


def _find_control(found: ModelFolder, kind: str, name: str) -> Path:
    """A diffusers folder or a `.safetensors` file, in the model's folder, that of its base, or beside."""
    for place in (found.path / name, found.networks / name, found.path.resolve().parent / name):
        if (place / "config.json").is_file() or (place.is_file() and place.suffix == ".safetensors"):
            return place.resolve()
    raise ValueError(f"Expected the control `{kind}` in {name}, in or beside the model's folder, got none.")


def parse_description(fields: dict[str, Any]) -> Description:
    """The fields of `pipeline.json`, or a ValueError, TypeError or KeyError that says what is wrong with them."""

    def number(name: str, holds: Callable[[float], bool], expected: str) -> Any:
        value = fields[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not holds(value):
            raise ValueError(f"Expected `{name}` to be {expected}, got {value!r}.")
        return value

    def choice(name: str, *choices: object) -> Any:
        if fields[name] not in choices:
            raise ValueError(f"Expected `{name}` to be {' or '.join(map(repr, choices))}, got {fields[name]!r}.")
        return fields[name]

    choice("format", 1)
    downscale = choice("downscale", 8)
    sizes = tuple((int(height), int(width)) for height, width in fields["sizes"])
    if not sizes or any(side % downscale or not 8 <= side <= 4096 for size in sizes for side in size):
        raise ValueError(f"Expected `sizes` to be multiples of 8 from 8 to 4096, got {fields['sizes']!r}.")
    fields = {"rescale_betas_zero_snr": False, **fields}
    if choice("rescale_betas_zero_snr", False, True) and fields["prediction_type"] != "v_prediction":
        # From pure noise, predicted noise says nothing of the picture.
        raise ValueError("Expected `prediction_type` to be 'v_prediction' where `rescale_betas_zero_snr` is true.")
    enlarge = fields.get("enlarge")
    channels = choice("latent_channels", 4)
    weights = tuple(_color(color) for color in fields["latent_rgb"]["weights"])
    if len(weights) != channels:
        raise ValueError(f"Expected `latent_rgb` to have {channels} weights, got {len(weights)}.")
    return Description(
        name=str(fields["name"]),
        id=re.sub(r"[^a-z0-9.]+", "-", str(fields["name"]).lower()),
        max_tokens=number("max_tokens", lambda value: 3 <= value <= 1024, "from 3 to 1024"),
        bos_token_id=number("bos_token_id", lambda value: value >= 0, "from 0 and up"),
        eos_token_id=number("eos_token_id", lambda value: value >= 0, "from 0 and up"),
        pad_token_id=number("pad_token_id", lambda value: value >= 0, "from 0 and up"),
        latent_channels=channels,
        downscale=downscale,
        scaling_factor=number("scaling_factor", lambda value: value > 0, "above 0"),
        schedule=NoiseSchedule(
            train_timesteps=number("num_train_timesteps", lambda value: 200 <= value <= 10_000, "from 200 to 10000"),
            beta_start=number("beta_start", lambda value: 0 < value <= 0.5, "above 0 and at most 0.5"),
            beta_end=number("beta_end", lambda value: 0 < value <= 0.5, "above 0 and at most 0.5"),
            beta_schedule=choice("beta_schedule", "scaled_linear", "linear"),
            timestep_spacing=choice("timestep_spacing", "leading", "trailing"),
            rescale_betas_zero_snr=fields["rescale_betas_zero_snr"],
            steps_offset=number("steps_offset", lambda value: 0 <= value <= 10, "from 0 to 10"),
            prediction_type=choice("prediction_type", "epsilon", "v_prediction"),
        ),
        sizes=sizes,
        enlarge_factor=None if enlarge is None else int(enlarge["factor"]),
        latent_rgb_weights=weights,
        latent_rgb_bias=_color(fields["latent_rgb"]["bias"]),
        lora_scale=float(fields.get("lora_scale", 1)) if "lora" in fields else None,
    )


def _color(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return float(red), float(green), float(blue)
