"""LoRA files merged into our networks, against PEFT's in diffusers' and transformers'."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.lora import Lora, read_lora
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import make_networks, read_configs, read_weights

pytest.importorskip("diffusers", reason="needs diffusers (the extra `test`)")
pytest.importorskip("transformers", reason="needs transformers (the extra `test`)")

from tests.test_networks import Theirs, close, make_theirs

CPU = torch.device("cpu")
RANK = 3
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
REST = ["proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "time_emb_proj", "conv1", "conv2", "conv_shortcut", "conv"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
Matrices = dict[str, dict[str, Tensor]]
"""By layer: `down`, `up`, perhaps `mid` and `alpha`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base")
    make_theirs().save(path)
    return path


@pytest.fixture
def ours(folder: Path) -> StableDiffusionNetworks:
    networks = make_networks(read_configs(folder))
    return StableDiffusionNetworks(networks, CPU, weights=read_weights(folder, networks, dtype=torch.float32))


def use(ours: StableDiffusionNetworks, folder: Path, lora: Lora | None, scale: float = 1.0) -> list[str]:
    return ours.use(read_weights(folder, ours.networks, dtype=torch.float32), lora, scale)


def random_matrices(network: nn.Module, endings: list[str], *, with_mid: bool = False) -> Matrices:
    generator = torch.Generator().manual_seed(5)
    made: Matrices = {}
    for path, layer in network.named_modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d) or not path.endswith(tuple(f".{one}" for one in endings)):
            continue
        outputs, channels, *kernel = layer.weight.shape
        ones = [1] * len(kernel)
        is_split = with_mid and kernel == [3, 3]
        shapes = {"down": [RANK, channels, *(ones if is_split else kernel)], "up": [outputs, RANK, *ones]}
        if is_split:
            shapes["mid"] = [RANK, RANK, 3, 3]
        made[path] = {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    assert made
    return made


def add_to(network: nn.Module, matrices: Matrices, factor: float) -> None:
    """The change as its layers would make it, from the definition."""
    for path, one in matrices.items():
        weight = network.get_submodule(path).weight
        chain = one["down"].flatten(1)
        if "mid" in one:
            delta = torch.einsum("oi,ijhw,jc->ochw", one["up"].flatten(1), one["mid"], chain)
        else:
            delta = (one["up"].flatten(1) @ chain).view(weight.shape)
        weight.data += factor * delta


def as_kohya(unet: Matrices, text: Matrices, alpha: float | None) -> dict[str, Tensor]:
    tensors = {}
    for prefix, matrices in (("lora_unet", unet), ("lora_te", text)):
        for path, one in matrices.items():
            before = f"{prefix}_{path.replace('.', '_')}"
            tensors |= {f"{before}.lora_{name}.weight": tensor.contiguous() for name, tensor in one.items()}
            if alpha is not None:
                tensors[f"{before}.alpha"] = torch.tensor(alpha)
    return tensors


def check_same(ours: StableDiffusionNetworks, theirs: Theirs) -> None:
    generator = torch.Generator().manual_seed(9)
    sample, ids = torch.randn(2, 4, 16, 8, generator=generator), torch.randint(0, 99, (2, 16), generator=generator)
    states = theirs.text_encoder(ids).last_hidden_state
    close(ours.networks.text_encoder(ids), states)
    time = ours.prepare_times(torch.tensor([321.0]))[0]
    close(ours.denoise(sample, time, ours.prepare_text(ours.encode_text(ids))), theirs.unet(sample, 321, states).sample)


def text_model_of(theirs: Theirs) -> Matrices:
    return random_matrices(theirs.text_encoder, TEXT)


def with_prefix(path: str) -> str:
    return path if path.startswith("text_model.") else f"text_model.{path}"


Format = Callable[[str, str, str], str]
FORMATS: dict[str, Format] = {
    "kohya": lambda part, path, end: f"{kohya_name(part, path)}.lora_{end}.weight",
    "kohya with A and B": lambda part, path, end: f"{kohya_name(part, path)}.lora_{letter(end)}.weight",
    "PEFT": lambda part, path, end: f"{part}.{path}.lora_{letter(end)}.weight",
    "old diffusers": lambda part, path, end: old_name(part, path, end),
}


def kohya_name(part: str, path: str) -> str:
    return f"lora_{'unet' if part == 'unet' else 'te'}_{path.replace('.', '_')}"


def letter(end: str) -> str:
    return "A" if end == "down" else "B"


def old_name(part: str, path: str, end: str) -> str:
    if part != "unet":
        return f"{part}.{path}.lora_linear_layer.{end}.weight"
    before, _, layer = path.removesuffix(".0").rpartition(".")
    return f"unet.{before}.processor.{layer}_lora.{end}.weight"


@pytest.mark.parametrize("written", FORMATS)
@torch.no_grad()
def test_attention_in_both_networks_changes_as_the_definition_says_in_every_format(
    ours: StableDiffusionNetworks, folder: Path, tmp_path: Path, written: str
) -> None:
    theirs = make_theirs()
    unet, text = random_matrices(theirs.unet, ATTENTION), random_matrices(theirs.text_encoder, TEXT[:4])
    tensors = {
        FORMATS[written](part, with_prefix(path) if part == "text_encoder" else path, end): tensor
        for part, matrices in (("unet", unet), ("text_encoder", text))
        for path, one in matrices.items()
        for end, tensor in one.items()
    }
    save_file(tensors, tmp_path / "one.safetensors")
    add_to(theirs.unet, unet, 0.8)
    add_to(theirs.text_encoder, text, 0.8)
    lora = read_lora(tmp_path / "one.safetensors", ours.networks)
    assert use(ours, folder, lora, 0.8) == ["text_encoder", "unet", "encoder", "decoder"]
    check_same(ours, theirs)


@pytest.mark.parametrize("with_mid", [False, True])
@torch.no_grad()
def test_every_other_layer_changes_too_convolutions_and_moved_biases_included(
    ours: StableDiffusionNetworks, folder: Path, tmp_path: Path, with_mid: bool
) -> None:
    theirs = make_theirs()
    unet = random_matrices(theirs.unet, REST, with_mid=with_mid)
    assert any("upsamplers" in path for path in unet)
    text = {with_prefix(path): one for path, one in random_matrices(theirs.text_encoder, TEXT[4:]).items()}
    save_file(as_kohya(unet, text, alpha=2.0), tmp_path / "one.safetensors")
    add_to(theirs.unet, unet, 0.5 * 2 / RANK)
    add_to(theirs.text_encoder, random_matrices(theirs.text_encoder, TEXT[4:]), 0.5 * 2 / RANK)
    use(ours, folder, read_lora(tmp_path / "one.safetensors", ours.networks), 0.5)
    check_same(ours, theirs)


@torch.no_grad()
def test_merging_and_unmerging_50_times_leaves_the_base_bit_for_bit(
    ours: StableDiffusionNetworks, folder: Path, tmp_path: Path
) -> None:
    theirs = make_theirs()
    text = {with_prefix(path): one for path, one in text_model_of(theirs).items()}
    save_file(as_kohya(random_matrices(theirs.unet, ATTENTION + REST), text, 2.0), tmp_path / "one.safetensors")
    lora = read_lora(tmp_path / "one.safetensors", ours.networks)
    weights = read_weights(folder, ours.networks, dtype=torch.float32)
    ours.use(weights)
    before = {part: buffer.memory.clone() for part, buffer in ours.buffers.items()}
    merged = set()
    for turn in range(50):
        assert ours.use(weights, lora, 0.1 + 0.03 * turn) == ["text_encoder", "unet"]
        merged.add(
            ours.networks.unet.conv_in.weight.sum().item() + ours.networks.unet.texts.weight.double().sum().item()
        )
        assert ours.use(weights) == ["text_encoder", "unet"]
        assert all(torch.equal(buffer.memory, before[part]) for part, buffer in ours.buffers.items())
    assert len(merged) == 50


@torch.no_grad()
def test_half_precision_is_rounded_once(folder: Path, tmp_path: Path) -> None:
    networks = make_networks(read_configs(folder))
    weights = read_weights(folder, networks, dtype=torch.float16)
    ours = StableDiffusionNetworks(networks, CPU, weights=weights)
    unet = random_matrices(make_theirs().unet, ["to_v"])
    save_file(as_kohya(unet, {}, None), tmp_path / "one.safetensors")
    ours.use(weights, read_lora(tmp_path / "one.safetensors", networks), 0.7)
    path = "mid_block.attentions.0.transformer_blocks.0.attn1.to_v"
    base = weights["unet"].views["mid_block.attentions.0.to_qkv.weight"]
    expected = base.float().clone()
    expected[128:] += 0.7 * (unet[path]["up"] @ unet[path]["down"])
    assert torch.equal(networks.unet.mid_block.attentions[0].to_qkv.weight, expected.half())


@pytest.fixture
def peft(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = pytest.importorskip("peft", reason="needs peft (the extra `test`)")
    # transformers asks for a version that is not out everywhere yet.
    monkeypatch.setattr("transformers.integrations.peft.MIN_PEFT_VERSION", "0.17.0", raising=False)
    return module


def peft_file(peft: Any, theirs: Theirs, path: Path, *, with_settings: bool) -> None:
    """What diffusers writes after training with PEFT; leaves the networks with the change switched on."""
    import diffusers

    torch.manual_seed(8)
    layers = {}
    settings = {}
    for part, network, endings in (
        ("unet", theirs.unet, [*ATTENTION, "proj_in", "proj_out", "conv1", "conv_shortcut", "conv", "ff.net.2"]),
        ("text_encoder", theirs.text_encoder, TEXT),
    ):
        config = peft.LoraConfig(
            r=RANK, lora_alpha=5 if with_settings else RANK, target_modules=endings, init_lora_weights=False
        )
        network.add_adapter(config)
        layers[f"{part}_lora_layers"] = peft.get_peft_model_state_dict(network)
        if with_settings:
            settings[f"{part}_lora_adapter_metadata"] = config.to_dict()
    diffusers.StableDiffusionPipeline.save_lora_weights(path, **layers, **settings)


@pytest.mark.parametrize("with_settings", [False, True])
@torch.no_grad()
def test_a_file_that_diffusers_wrote_gives_what_peft_gives(
    ours: StableDiffusionNetworks, folder: Path, tmp_path: Path, peft: Any, with_settings: bool
) -> None:
    theirs = make_theirs()
    peft_file(peft, theirs, tmp_path, with_settings=with_settings)
    use(ours, folder, read_lora(tmp_path / "pytorch_lora_weights.safetensors", ours.networks))
    check_same(ours, theirs)


@torch.no_grad()
def test_a_kohya_file_gives_what_diffusers_makes_of_it(
    ours: StableDiffusionNetworks, folder: Path, tmp_path: Path, peft: Any
) -> None:
    assert peft
    import diffusers

    theirs = make_theirs()
    unet = random_matrices(theirs.unet, [*ATTENTION, "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"])
    text = {with_prefix(path): one for path, one in text_model_of(theirs).items()}
    save_file(as_kohya(unet, text, 2.0), tmp_path / "kohya.safetensors")
    pipeline = diffusers.StableDiffusionPipeline(
        theirs.vae,
        theirs.text_encoder,
        None,
        theirs.unet,
        diffusers.DDIMScheduler(),
        None,
        None,
        requires_safety_checker=False,
    )
    pipeline.load_lora_weights(tmp_path, weight_name="kohya.safetensors")
    pipeline.fuse_lora(lora_scale=0.6)
    use(ours, folder, read_lora(tmp_path / "kohya.safetensors", ours.networks), 0.6)
    check_same(ours, theirs)


KOHYA = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({f"{KOHYA}.hada_w1_a": [3, 64]}, rf"tensors of a LoRA \(down, up, mid, alpha\), got `{KOHYA}.hada_w1_a`"),
        ({"lora_unet_mid_block_9.lora_up.weight": [64, 3]}, r"got `lora_unet_mid_block_9.lora_up.weight`"),
        ({"lora_te2_text_model.lora_up.weight": [64, 3]}, r"got `lora_te2_text_model.lora_up.weight`"),
        ({f"{KOHYA}.lora_up.weight": None}, rf"tensor `up` beside `{KOHYA}.lora_down.weight`, got none"),
        (
            {f"{KOHYA}.lora_up.weight": [32, 3]},
            r"Expected a change of the shape \[64, 64\], got `.*up.weight` \[32, 3\]",
        ),
        (
            {f"{KOHYA}.lora_up.weight": [64, 4]},
            r"Expected a change of the shape \[64, 64\], got `.*up.weight` \[64, 4\]",
        ),
    ],
)
def test_what_is_not_understood_is_named(
    ours: StableDiffusionNetworks, tmp_path: Path, change: dict[str, list[int] | None], sentence: str
) -> None:
    shapes: dict[str, list[int] | None] = {f"{KOHYA}.lora_down.weight": [3, 64], f"{KOHYA}.lora_up.weight": [64, 3]}
    tensors = {name: torch.ones(shape) for name, shape in {**shapes, **change}.items() if shape}
    save_file(tensors, tmp_path / "bad.safetensors")
    with pytest.raises(ModelError, match=sentence):
        read_lora(tmp_path / "bad.safetensors", ours.networks)
