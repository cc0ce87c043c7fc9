"""The exported graphs against the networks that they were written from."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from small_networks import small_networks

from export.graph import OPSET
from export.sessions import open_graph
from export.symbols import Symbol
from export.trace import OPERATIONS, PARTS, trace
from export.write import network_of, write_model
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.plans.folder import Exported, batches, read_list
from quartet_pipeline.plans.weights import form_all, read_base, read_weights_map

SIZE = (64, 96)
"""Not square: swapped axes would show."""
ERRORS = {torch.float32: 1e-5, torch.float16: 5e-3}


@pytest.fixture(scope="module", params=[torch.float32, torch.float16], ids=["float32", "float16"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.dtype]:
    folder = tmp_path_factory.mktemp("graphs")
    write_model(small_networks(request.param, OPERATIONS), folder, size=SIZE, counts=[1, 2])
    return folder, request.param


def reference(dtype: torch.dtype) -> StableDiffusionNetworks:
    """The same weights, rounded alike, in float32."""
    networks = small_networks(dtype)
    for part in PARTS:
        network_of(networks, part).float()
    return StableDiffusionNetworks(networks, torch.device("cpu"))


def run(folder: Path, name: str, **inputs: torch.Tensor) -> np.ndarray:
    session = open_graph(folder / f"{name}.onnx")
    kinds = {"tensor(float16)": torch.float16, "tensor(float)": torch.float32, "tensor(int32)": torch.int32}
    feeds = {one.name: inputs[one.name].to(kinds[one.type]).numpy() for one in session.get_inputs()}
    (output,) = session.run(None, feeds)
    return np.asarray(output)


def close(ours: np.ndarray, theirs: torch.Tensor, error: float) -> None:
    wide, expected = ours.astype(np.float64), theirs.double().numpy()
    assert wide.shape == expected.shape
    assert expected.std() > 0.1, "a flat reference would prove nothing"
    assert np.linalg.norm(wide - expected) < error * np.linalg.norm(expected)


@torch.no_grad()
def test_every_graph_computes_what_its_network_does(written: tuple[Path, torch.dtype]) -> None:
    folder, dtype = written
    theirs, error = reference(dtype), ERRORS[dtype]
    generator = torch.Generator().manual_seed(4)
    ids = torch.randint(0, 99, (2, 16), generator=generator)
    states = theirs.networks.text_encoder(ids)
    close(run(folder, "text_encoder-2", input_ids=ids), states, error)
    sample, states = torch.randn(4, 4, 8, 12, generator=generator), states.repeat(2, 1, 1)
    for timestep in (1.0, 981.0):
        time = torch.tensor([timestep])
        expected = theirs.denoise(sample, theirs.prepare_times(time)[0], theirs.networks.unet.prepare_text(states))
        close(run(folder, "unet-4", sample=sample, timestep=time, encoder_hidden_states=states), expected, error)
    latents, pictures = torch.randn(2, 4, 8, 12, generator=generator), torch.randn(1, 3, *SIZE, generator=generator)
    levels = ((theirs.decode(latents) + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1)
    images = run(folder, "vae_decoder-2", latent_sample=latents)
    assert images.dtype == np.uint8
    # Where a level lies between two, rounding may tip.
    close(images, levels, max(error, 1e-3))
    close(run(folder, "vae_encoder-1", sample=pictures), theirs.encode(pictures), error)


def test_no_axes_are_changed_around_convolutions(written: tuple[Path, torch.dtype]) -> None:
    folder, _ = written
    transformers = sum(1 for _ in small_networks().unet.transformers())
    kinds = {
        name: Counter(node.op_type for node in onnx.load(folder / f"{name}.onnx", load_external_data=False).graph.node)
        for name in ("unet-2", "vae_decoder-1", "vae_encoder-1")
    }
    # Of a transformer: into tokens and out again, and the heads of queries, keys, values and results, twice.
    assert kinds["unet-2"]["Transpose"] == 10 * transformers
    assert kinds["unet-2"]["Conv"] > 40
    # Into tokens, the keys, and out again; and of the decoder its pictures.
    assert kinds["vae_decoder-1"]["Transpose"] == 4
    assert kinds["vae_encoder-1"]["Transpose"] == 3


def test_norms_and_softmax_are_in_float32_whatever_the_rest(written: tuple[Path, torch.dtype]) -> None:
    folder, _ = written
    graph = onnx.load(folder / "unet-2.onnx", load_external_data=False).graph
    types = {info.name: info.type.tensor_type.elem_type for info in graph.value_info}
    for kind in ("InstanceNormalization", "Softmax", "Erf"):
        nodes = [node for node in graph.node if node.op_type == kind]
        assert nodes
        assert {types[node.input[0]] for node in nodes} == {onnx.TensorProto.FLOAT}


def test_shapes_are_fixed_and_weights_lie_outside_under_the_names_of_parameters(
    written: tuple[Path, torch.dtype],
) -> None:
    folder, dtype = written
    exported = read_list(folder)
    assert {(entry.part, entry.batch) for entry in exported.entries} == {
        (part, batch) for part, each in batches([1, 2]).items() for batch in each
    }
    maps = read_weights_map(folder / "weights.json")
    for entry in exported.entries:
        model = onnx.load(folder / entry.file, load_external_data=False)
        assert model.opset_import[0].version == OPSET
        for info in (*model.graph.input, *model.graph.output):
            assert all(dim.dim_value > 0 for dim in info.type.tensor_type.shape.dim)
        outside = {one.name for one in model.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL}
        assert outside == maps[entry.part].keys()
        parameters = dict(network_of(small_networks(dtype), entry.part).named_parameters())
        read = {weight.parameter for weight in maps[entry.part].values()}
        # That one is kept for merging LoRA files, and read by no operation.
        assert read == {name for name in parameters if not name.endswith(".bias4")}


def test_the_map_makes_of_parameters_what_the_file_holds(written: tuple[Path, torch.dtype]) -> None:
    folder, dtype = written
    networks = small_networks(dtype)
    for part, weights in read_weights_map(folder / "weights.json").items():
        formed = form_all(dict(network_of(networks, part).named_parameters()), weights)
        base = read_base(folder / f"{part}.weights", weights)
        assert len(formed) == len(base) > 10
        assert all(torch.equal(formed[name], base[name]) for name in formed)


def test_a_parameter_that_is_missing_or_of_another_shape_is_named(written: tuple[Path, torch.dtype]) -> None:
    folder, dtype = written
    weights = read_weights_map(folder / "weights.json")["unet"]
    parameters = dict(small_networks(dtype).unet.named_parameters())
    with pytest.raises(ModelError, match=r"Expected `conv_in\.weight` to fill \[32, 4, 3, 3\], got \[1\]"):
        form_all({**parameters, "conv_in.weight": torch.zeros(1)}, weights)
    del parameters["conv_in.weight"]
    with pytest.raises(ModelError, match=r"Expected weights with `conv_in\.weight`, got \d+ without it"):
        form_all(parameters, weights)


def test_a_broken_list_or_map_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"plans\.json to list exported networks .* Write it with"):
        read_list(tmp_path)
    (tmp_path / "weights.json").write_text('{"format": 7}')
    with pytest.raises(ModelError, match=r"weights\.json to map weights \(format 1\), got: format 7"):
        read_weights_map(tmp_path / "weights.json")


def test_an_operation_that_export_does_not_know_is_named() -> None:
    graph = trace(small_networks(operations=OPERATIONS), "text_encoder", 2, SIZE)
    symbol = Symbol(graph, graph.input("more", (1,), "float32"))
    with pytest.raises(TypeError, match=r"Expected an operation that export knows, got .*cumsum"):
        torch.cumsum(symbol, 0)  # type: ignore[call-overload]


def test_some_parts_are_written_anew_beside_the_others(tmp_path: Path) -> None:
    write_model(small_networks(torch.float16, OPERATIONS), tmp_path, size=SIZE, counts=[1])
    wide = small_networks(torch.float32, OPERATIONS)
    exported: Exported = write_model(wide, tmp_path, size=SIZE, counts=[1], parts=["vae_decoder"])
    assert {entry.part: entry.precision for entry in exported.entries} == {
        "text_encoder": "float16",
        "unet": "float16",
        "vae_encoder": "float16",
        "vae_decoder": "float32",
    }
    assert read_weights_map(tmp_path / "weights.json").keys() == set(PARTS)


def test_a_unet_that_paints_within_masks_is_refused(tmp_path: Path) -> None:
    networks = small_networks(operations=OPERATIONS)
    networks.unet.config = replace(networks.unet.config, in_channels=9)
    with pytest.raises(ModelError, match=r"Expected a UNet that sees 4 channels, got one with 9"):
        write_model(networks, tmp_path, size=SIZE, counts=[1])
