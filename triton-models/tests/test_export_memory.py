"""What graphs need and what fits, before anything is built."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from small_networks import small_networks

from bench.random_model import TEXT, TEXT_REST, UNET, VAE
from export.build import Settings, refusal
from export.cards import CARDS, CONTEXT, GIB, Card, Choice, GraphNeeds, budget, fits, fitting_choices
from export.memory import Need, fuse, measure
from export.trace import OPERATIONS
from export.write import write_model
from quartet_pipeline.plans.folder import batches

MODELS = Path(__file__).parents[1]


def graph_of(nodes: list[onnx.NodeProto], sizes: dict[str, int], ends: tuple[str, str], kind: int) -> onnx.ModelProto:
    infos = {name: helper.make_tensor_value_info(name, kind, [size]) for name, size in sizes.items()}
    inside = [info for name, info in infos.items() if name not in ends]
    graph = helper.make_graph(nodes, "test", [infos[ends[0]]], [infos[ends[1]]], value_info=inside)
    return helper.make_model(graph)


def test_a_value_lives_from_its_maker_to_its_last_reader() -> None:
    # a (10) is read last by the third step, b (20) by the second, c (40) by the third.
    nodes = [
        helper.make_node("Conv", ["x"], ["a"]),
        helper.make_node("Conv", ["a"], ["b"]),
        helper.make_node("Conv", ["b"], ["c"]),
        helper.make_node("Concat", ["a", "c"], ["y"]),
    ]
    need = measure(
        graph_of(nodes, {"x": 5, "a": 10, "b": 20, "c": 40, "y": 50}, ("x", "y"), TensorProto.FLOAT),
        is_attention_fused=True,
    )
    assert need.activations == 4 * (10 + 20 + 40)
    assert need.ends == 4 * (5 + 50)
    assert need.where == "Conv (step 3 of 4)"


def test_pointwise_steps_and_views_take_no_memory_of_their_own() -> None:
    nodes = [
        helper.make_node("Conv", ["x"], ["a"]),
        helper.make_node("Sigmoid", ["a"], ["b"]),
        helper.make_node("Mul", ["a", "b"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["d"]),
        helper.make_node("Conv", ["d"], ["y"]),
    ]
    sizes = dict.fromkeys(("x", "a", "b", "c", "d", "y"), 8)
    model = graph_of(nodes, sizes, ("x", "y"), TensorProto.FLOAT16)
    steps = fuse(model.graph, is_attention_fused=True)
    assert [step.kinds for step in steps] == [["Conv", "Sigmoid", "Mul"], ["Conv"]]
    assert measure(model, is_attention_fused=True).activations == 2 * 8


def test_attention_in_one_kernel_stores_no_scores() -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "x"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["shares"]),
        helper.make_node("MatMul", ["shares", "x"], ["mixed"]),
        helper.make_node("MatMul", ["mixed", "w"], ["y"]),
    ]
    model = graph_of(nodes, {"x": 4, "scores": 100, "shares": 100, "mixed": 4, "y": 4}, ("x", "y"), TensorProto.FLOAT16)
    assert measure(model, is_attention_fused=True).activations == 2 * 4
    assert measure(model, is_attention_fused=False).activations == 2 * 200


def needs(size: int) -> GraphNeeds:
    """Every batch takes so much for each entry; attention apart takes ten times as much."""
    return {
        (part, batch): (Need(GIB, batch * size, 0, ""), Need(GIB, 10 * batch * size, 0, ""))
        for part, each in batches([1, 2, 3, 4]).items()
        for batch in each
    }


def test_weights_add_up_and_scratch_is_shared() -> None:
    taken = budget(needs(1000), Choice((1, 4), GIB), CARDS["A100"])
    assert taken.weights == 6 * GIB
    assert taken.scratch == 8 * 1000
    assert taken.building == 2 * GIB + 2 * 80_000 + GIB + CONTEXT
    assert budget(needs(1000), Choice((1, 4), GIB), CARDS["T4"]).scratch == 80_000


def test_what_fits_is_offered_with_less_workspace_then_with_fewer_pictures() -> None:
    size = GIB // 40
    assert fits(budget(needs(size), Choice((1, 4), 4 * GIB), CARDS["A10"]), CARDS["A10"])
    choices = fitting_choices(needs(size), [1, 4], Card("small", 9 * GIB, fuses_attention=True))
    assert choices[0] == Choice((1, 4), GIB)
    assert [choice.counts for choice in choices] == [(1, 4), (1, 3), (1, 2), (1,)]
    workspaces = [choice.workspace for choice in choices]
    assert workspaces == sorted(workspaces)
    assert fitting_choices(needs(size), [1, 4], Card("tiny", GIB, fuses_attention=True)) == []


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stable Diffusion 1.5 as its configurations describe it, without weights."""
    folder = tmp_path_factory.mktemp("shapes")
    for part, config in (("text_encoder", {**TEXT, **TEXT_REST}), ("unet", UNET), ("vae", VAE)):
        (folder / part).mkdir()
        (folder / part / "config.json").write_text(json.dumps(config))
    return folder


def test_a_build_begins_only_with_graphs_that_passed_and_fit(tmp_path: Path) -> None:
    exported = write_model(small_networks(operations=OPERATIONS), tmp_path, size=(64, 64), counts=[1])
    settings, card = Settings(GIB, 3), CARDS["A10"]
    assert "check the graphs first" in str(refusal(tmp_path, exported, settings, card))
    (tmp_path / "quality.json").write_text('{"passed": false}')
    assert "Expected graphs that passed" in str(refusal(tmp_path, exported, settings, card))
    (tmp_path / "quality.json").write_text('{"passed": true}')
    assert refusal(tmp_path, exported, settings, card) is None
    small = Card("a small card", GIB, fuses_attention=True)
    assert "Expected 1.8 GiB to fit into 90% of the 1.0 GiB that are free on a small card" in str(
        refusal(tmp_path, exported, settings, small)
    )


def test_without_tensorrt_a_build_says_what_to_install(tmp_path: Path) -> None:
    write_model(small_networks(operations=OPERATIONS), tmp_path, size=(64, 64), counts=[1])
    if importlib.util.find_spec("tensorrt") is not None:
        pytest.skip("there is a TensorRT here")
    command = [sys.executable, "-m", "export.build", str(tmp_path)]
    said = subprocess.run(command, cwd=MODELS, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 1
    assert said.stderr.startswith("Expected TensorRT, got: No module named 'tensorrt'. Install")


def plan(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "export.plan", *arguments]
    return subprocess.run(command, cwd=MODELS, capture_output=True, text=True, check=False, timeout=120)


def test_a_t4_is_told_what_fits_instead(shapes: Path) -> None:
    said = plan("--card", "T4", str(shapes))
    assert said.returncode == 1, said.stderr
    assert "does not fit. This does:" in said.stdout
    assert "--counts 1 4 --workspace 0.5" in said.stdout
    assert "--counts 1 2 --workspace 4" in said.stdout


def test_an_a10_and_an_a100_hold_four_pictures(shapes: Path) -> None:
    for card in ("A10", "A100"):
        said = plan("--card", card, str(shapes))
        assert said.returncode == 0, said.stdout + said.stderr
        assert "  fits." in said.stdout


def test_a_card_too_small_for_any_plan_is_sent_to_the_torch_engine(shapes: Path) -> None:
    said = plan("--card", "4", str(shapes))
    assert said.returncode == 1
    assert "does not fit, nor does less. The torch engine draws there: `engine: torch`." in said.stdout
