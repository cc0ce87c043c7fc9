"""The quality gate: passes what is right, and says what is wrong."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_networks import small_networks

from bench.random_model import write_random_model
from export.check import compare, record
from export.quality import LIMITS, Report, find_problems, is_decoder_at_fault
from export.trace import OPERATIONS, PARTS
from export.write import network_of, write_model
from quartet_pipeline.networks.weights import StableDiffusion
from quartet_pipeline.plans.folder import read_list
from quartet_pipeline.plans.weights import read_weights_map

MODELS = Path(__file__).parents[1]
SIZE = (64, 64)
SMALL = {
    "text": {
        "vocab_size": 100,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
    },
    "unet": {"block_out_channels": (32, 64, 64, 64), "norm_num_groups": 8, "cross_attention_dim": 32},
    "vae": {"block_out_channels": (16, 16, 32, 32), "norm_num_groups": 8},
}


def wide(dtype: torch.dtype) -> StableDiffusion:
    networks = small_networks(dtype)
    for part in PARTS:
        network_of(networks, part).float()
    return networks


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_what_was_exported_passes_on_its_whole_loop(dtype: torch.dtype, tmp_path: Path) -> None:
    write_model(small_networks(dtype, OPERATIONS), tmp_path, size=SIZE, counts=[1])
    for scheduler in ("ddim", "dpmpp_2m", "euler_ancestral"):
        report = compare(record(wide(dtype), SIZE, steps=4, scheduler=scheduler), tmp_path)
        assert report.passed, report.problems
        assert len(report.step_errors) == 4
        # Half precision that showed no error at all would not have been half precision.
        assert (report.step_errors[0] > 1e-5) == (dtype is torch.float16)


def test_a_weight_in_the_wrong_place_fails_and_is_told(tmp_path: Path) -> None:
    write_model(small_networks(torch.float16, OPERATIONS), tmp_path, size=SIZE, counts=[1])
    weight = read_weights_map(tmp_path / "weights.json")["unet"]["mid_block.resnets.0.conv1.weight"]
    path = tmp_path / "unet.weights"
    numbers = np.memmap(path, np.float16, "r+", weight.offset, (weight.bytes // 2,))
    numbers[:] = numbers[::-1].copy()
    numbers.flush()
    report = compare(record(wide(torch.float16), SIZE, steps=2), tmp_path)
    assert not report.passed
    assert any("Expected the error of step" in problem for problem in report.problems)
    assert not is_decoder_at_fault(report)


REPORT = Report("float16", 1e-3, (1e-3, 2e-3), 1e-3, 0.1, 0.2, 1e-3, (), False, "float16", ())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"not_finite": ("unet",)}, "Expected finite numbers from unet, got NaN or infinity."),
        ({"step_errors": (1e-3, float("nan"))}, "Expected the error of step"),
        ({"step_errors": (0.5, 1e-3)}, "Expected the error of step 1 to be at most 0.005, got 0.5."),
        ({"is_black": True}, "Expected the picture to show what the reference shows, got a flat one."),
        ({"picture_difference": 9.0}, "Expected the decoder's mean difference in levels to be at most 2, got 9."),
    ],
)
def test_each_kind_of_fault_has_a_sentence(changed: dict[str, object], sentence: str) -> None:
    assert find_problems(REPORT, LIMITS["float16"]) == []
    problems = find_problems(replace(REPORT, **changed), LIMITS["float16"])  # type: ignore[arg-type]
    assert any(problem.startswith(sentence) for problem in problems), problems


def write_folder(folder: Path, *, decoder_scale: float) -> None:
    """A model folder whose decoder computes with numbers so many times larger, and draws the same."""
    write_random_model(folder, MODELS / "demo/model/tokenizer.json", **SMALL)
    path = next((folder / "vae").glob("*.safetensors"))
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    # What it puts in comes out again divided by the norm behind it.
    for name in ("decoder.conv_in.weight", "decoder.conv_in.bias"):
        tensors[name] *= decoder_scale
    save_file(tensors, path)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=MODELS, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_decoder_that_overflows_in_half_precision_is_written_in_float32(tmp_path: Path) -> None:
    write_folder(tmp_path, decoder_scale=3e6)
    wrote = run("export.write", str(tmp_path), "--counts", "1", "--size", "64", "64")
    assert wrote.returncode == 0, wrote.stderr
    checked = run("export.check", str(tmp_path), "--steps", "2")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Expected finite numbers from vae_decoder, got NaN or infinity." in checked.stdout
    assert "writing it in float32" in checked.stdout
    said = json.loads((tmp_path / "tensorrt/quality.json").read_text())
    assert said["passed"]
    assert said["decoder"] == "float32"
    precisions = {entry.part: entry.precision for entry in read_list(tmp_path / "tensorrt").entries}
    assert precisions == {
        "text_encoder": "float16", "unet": "float16", "vae_encoder": "float16", "vae_decoder": "float32"
    }  # fmt: skip


def test_graphs_of_another_model_fail_with_another_exit_code(tmp_path: Path) -> None:
    write_folder(tmp_path, decoder_scale=1)
    wrote = run("export.write", str(tmp_path), "--counts", "1", "--size", "64", "64")
    assert wrote.returncode == 0, wrote.stderr
    path = next((tmp_path / "unet").glob("*.safetensors"))
    save_file({name: tensor.flip(0).contiguous() for name, tensor in load_file(path).items()}, path)
    checked = run("export.check", str(tmp_path), "--steps", "1")
    assert checked.returncode == 1
    assert "FAILED: float16, decoder float16" in checked.stdout
    assert not json.loads((tmp_path / "tensorrt/quality.json").read_text())["passed"]
