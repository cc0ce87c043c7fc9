"""The wire contract: whatever comes, a request or one sentence."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quartet_pipeline.description import read_description
from quartet_pipeline.errors import RequestError
from quartet_pipeline.request import DTYPES, INPUTS, Request, parse_request

TINY = Path(__file__).parents[2] / "test/engines/onnx/tiny-pipeline"
MODELS = {"tiny": read_description(TINY)}


STARTING = {"init_image": np.zeros((64, 64, 3), np.uint8), "strength": np.array([1], np.float32)}
CONTROL = np.zeros((64, 64, 3), np.uint8)


def text(value: bytes) -> NDArray[Any]:
    return np.array([value], object)


def tensors(**changes: Any) -> dict[str, NDArray[Any]]:
    """The least request that can be drawn, with changes; None leaves an input out."""
    whole = {
        "prompt": text(b"a red boat"),
        "seeds": np.array([7], np.int64),
        "size": np.array([64, 64], np.int32),
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def parse(**changes: Any) -> Request:
    return parse_request(tensors(**changes), MODELS)


def test_fills_in_what_the_contract_says() -> None:
    request = parse()
    assert (request.model, request.negative_prompt, request.steps, request.guidance_scale) == ("tiny", "", 50, 7.5)
    assert (request.scheduler, request.size, request.picture, request.strength) == ("ddim", (64, 64), None, None)
    assert request.preview_every == 0
    assert request.speed == "exact"


def test_takes_a_speed_that_the_model_has() -> None:
    models = {"tiny": replace(MODELS["tiny"], speeds=("exact", "cutoff", "fast"))}
    assert parse_request(tensors(speed=text(b"cutoff")), models).speed == "cutoff"
    with pytest.raises(RequestError, match=r"^Expected `speed` to be one of exact, cutoff, fast, got 'cached'\.$"):
        parse_request(tensors(speed=text(b"cached")), models)


def test_takes_how_strong_a_lora_is_where_the_model_has_one() -> None:
    models = {"tiny": replace(MODELS["tiny"], lora_scale=0.8)}
    assert parse_request(tensors(), models).lora_scale is None
    assert parse_request(tensors(lora_scale=np.array([0.5], np.float32)), models).lora_scale == 0.5
    for value in (-0.5, 2.5, np.nan):
        with pytest.raises(RequestError, match=r"^Expected `lora_scale` to be a number from 0 to 2, got .+\.$"):
            parse_request(tensors(lora_scale=np.array([value], np.float32)), models)


def test_takes_a_picture_to_start_from() -> None:
    picture = np.zeros((64, 128, 3), np.uint8)
    request = parse(init_image=picture, strength=np.array([0.7], np.float32), size=np.array([64, 128], np.int32))
    assert request.picture is picture
    # 0.7 of 10 steps are 7 steps; 0.7 as float32 has it would give 6.
    assert request.strength == 0.7


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompt": None}, "Expected `prompt` to say what to draw, got none."),
        ({"prompt": text(b"  ")}, "Expected `prompt` to say what to draw, got an empty text."),
        ({"prompt": text(b"\xff\xfe")}, "Expected `prompt` to be UTF-8, got 2 bytes that are not."),
        ({"prompt": text(b"a" * 2001)}, "Expected `prompt` to have at most 2000 characters, got 2001."),
        ({"seeds": None}, "Expected 1 to 4 `seeds`, one a picture, got 0."),
        ({"seeds": np.arange(5, dtype=np.int64)}, "Expected 1 to 4 `seeds`, one a picture, got 5."),
        ({"seeds": np.array([-1], np.int64)}, "Expected each of `seeds` to be a whole number from 0 and up, got -1."),
        ({"seeds": np.array([1.0])}, "Expected `seeds` to be INT64 [1 to 4], got float64 [1]."),
        ({"steps": np.array([0], np.int32)}, "Expected `steps` to be a whole number from 1 to 150, got 0."),
        ({"steps": np.array([1, 2], np.int32)}, "Expected `steps` to be INT32 [1], got INT32 [2]."),
        (
            {"guidance_scale": np.array([np.nan], np.float32)},
            "Expected `guidance_scale` to be a number from 0 to 30, got nan.",
        ),
        (
            {"scheduler": text(b"eval")},
            "Expected `scheduler` to be one of ddim, dpmpp_2m, unipc, euler, euler_ancestral, got 'eval'.",
        ),
        (
            {"size": np.array([512, 511], np.int32)},
            "Expected `size` (height, width) to be one of [64, 64], [64, 128], got [512, 511].",
        ),
        ({"model": text(b"../other")}, "Expected `model` to be one of tiny, got '../other'."),
        (
            {"init_image": np.zeros((64, 64, 3), np.uint8)},
            "Expected `init_image` and `strength` together, got only one of them.",
        ),
        (
            {"init_image": np.zeros((8, 8, 3), np.uint8), "strength": np.array([1], np.float32)},
            "Expected `init_image` to be of the `size` asked for, [64, 64, 3], got [8, 8, 3].",
        ),
        (
            {"mask": np.zeros((64, 64), np.uint8)},
            "Expected `mask` together with `init_image` and `strength`, got only the mask.",
        ),
        (
            {**STARTING, "mask": np.zeros((64, 8), np.uint8)},
            "Expected `mask` to be of the `size` asked for, [64, 64], got [64, 8].",
        ),
        (
            {**STARTING, "mask": np.zeros((64, 64, 1), np.uint8)},
            "Expected `mask` to be UINT8 [height, width], got UINT8 [64, 64, 1].",
        ),
        (
            {"control_image": np.zeros((64, 64, 3), np.uint8)},
            "Expected no `control_image`, because `tiny` cannot follow one, got one.",
        ),
        ({"control": text(b"canny")}, "Expected no `control` without a `control_image`, got one."),
        (
            {"control_scale": np.array([1], np.float32)},
            "Expected no `control_scale` without a `control_image`, got one.",
        ),
        (
            {"lora_scale": np.array([1], np.float32)},
            "Expected no `lora_scale`, because `tiny` has no LoRA, got one.",
        ),
        ({"speed": text(b"fast")}, "Expected `speed` to be one of exact, got 'fast'."),
        ({"speed": np.array([2], np.int32)}, "Expected `speed` to be BYTES [1], got INT32 [1]."),
        ({"lora": text(b"x")}, "Expected inputs of " + ", ".join(INPUTS) + ", got 'lora'."),
    ],
)
def test_says_what_it_expected_and_what_came(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError, match=f"^{re.escape(sentence)}$"):
        parse(**changes)


def test_takes_a_mask_with_the_picture_that_it_is_for() -> None:
    mask = np.zeros((64, 64), np.uint8)
    assert parse(**STARTING, mask=mask).mask is mask
    assert parse(**STARTING).mask is None


def test_takes_a_control_of_the_model_and_by_default_its_first() -> None:
    controlled = {"some": replace(MODELS["tiny"], controls={"canny": "controlnet-canny", "depth": "controlnet-depth"})}
    control = parse_request(tensors(control_image=CONTROL), controlled).control
    assert control is not None
    assert (control.kind, control.scale) == ("canny", 1.0)
    assert control.picture is CONTROL
    named = tensors(control_image=CONTROL, control=text(b"depth"), control_scale=np.array([0.5], np.float32))
    control = parse_request(named, controlled).control
    assert control is not None
    assert (control.kind, control.scale) == ("depth", 0.5)
    for changes, sentence in (
        ({"control": text(b"pose")}, "Expected `control` to be one of canny, depth, got 'pose'."),
        ({"control_scale": np.array([3], np.float32)}, "Expected `control_scale` to be a number from 0 to 2, got 3.0."),
        ({"control_image": CONTROL[:8]}, "of the `size` asked for, [64, 64, 3], got [8, 64, 3]."),
    ):
        with pytest.raises(RequestError, match=re.escape(sentence)):
            parse_request(tensors(**{"control_image": CONTROL, **changes}), controlled)


def garbage(random: np.random.Generator) -> NDArray[Any]:
    shape = tuple(random.integers(0, 5, random.integers(0, 4)))
    dtype = random.choice([*DTYPES.values(), "f8", "?", "i2"])
    if dtype == "O":
        values = [random.bytes(int(random.integers(0, 3000))), "text", None, b"ddim", 7, b""]
        array = np.empty(shape, object)
        for index in np.ndindex(*shape):
            array[index] = values[random.integers(len(values))]
        return array
    raw = random.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return np.frombuffer(raw, dtype).reshape(shape)


def outcome(sent: dict[str, NDArray[Any]]) -> Request | str:
    try:
        with np.errstate(all="ignore"):
            return parse_request(sent, MODELS)
    except RequestError as error:
        return str(error)


def test_whatever_comes_gives_a_request_or_one_sentence() -> None:
    random = np.random.default_rng(5)
    drawable = 0
    for _ in range(3000):
        sent = tensors()
        for name in random.choice([*INPUTS, "unknown"], random.integers(1, 4)):
            if random.random() < 0.2:
                sent.pop(name, None)
            else:
                sent[name] = garbage(random)
        got = outcome(sent)
        if isinstance(got, Request):
            drawable += 1
            assert 1 <= got.steps <= 150
        else:
            assert re.fullmatch(r"Expected .+, got .*\.", got, re.DOTALL), got
            assert len(got) < 500
    assert drawable > 0
