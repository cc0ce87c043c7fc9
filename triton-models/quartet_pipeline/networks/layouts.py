"""Names of tensors in single-file checkpoints (the layout of the original training code), as diffusers has them."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from quartet_pipeline.errors import ModelError

Tensors = Mapping[str, Tensor]
Rules = Sequence[tuple[str, str]]

PREFIXES = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "text_encoder": "cond_stage_model.transformer.",
}
UNET_ENDS: Rules = (
    (r"in_layers\.0\.", "norm1."),
    (r"in_layers\.2\.", "conv1."),
    (r"emb_layers\.1\.", "time_emb_proj."),
    (r"out_layers\.0\.", "norm2."),
    (r"out_layers\.3\.", "conv2."),
    (r"skip_connection\.", "conv_shortcut."),
)
UNET_WHOLES: Rules = (
    (r"^time_embed\.0\.", "time_embedding.linear_1."),
    (r"^time_embed\.2\.", "time_embedding.linear_2."),
    (r"^input_blocks\.0\.0\.", "conv_in."),
    (r"^out\.0\.", "conv_norm_out."),
    (r"^out\.2\.", "conv_out."),
    (r"^middle_block\.0\.", "mid_block.resnets.0."),
    (r"^middle_block\.1\.", "mid_block.attentions.0."),
    (r"^middle_block\.2\.", "mid_block.resnets.1."),
)
VAE_RULES: Rules = (
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
    (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
    (r"\.mid\.attn_1\.proj_out\.", ".mid_block.attentions.0.to_out.0."),
    (r"\.norm_out\.", ".conv_norm_out."),
    (r"nin_shortcut\.", "conv_shortcut."),
    (r"^encoder\.down\.(\d+)\.block\.", r"encoder.down_blocks.\1.resnets."),
    (r"^encoder\.down\.(\d+)\.downsample\.", r"encoder.down_blocks.\1.downsamplers.0."),
)
BLOCKS = 3
"""Entries of `input_blocks` and `output_blocks` a level."""


def name_as_diffusers(tensors: Tensors) -> dict[str, dict[str, Tensor]]:
    """The tensors of a Stable Diffusion 1.x checkpoint by part, under diffusers' names."""
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PREFIXES}
    levels = 1 + max(
        (int(found[1]) for name in tensors if (found := re.search(r"decoder\.up\.(\d+)\.", name))), default=3
    )
    for name, tensor in tensors.items():
        for part, prefix in PREFIXES.items():
            if name.startswith(prefix):
                parts[part][_rename(part, name.removeprefix(prefix), levels)] = tensor
    empty = [part for part in parts if not parts[part]]
    if empty:
        raise ModelError(
            f"Expected a Stable Diffusion 1.x checkpoint with a {empty[0].replace('_', ' ')}, "
            f"got {len(tensors)} tensors without one."
        )
    return parts


CONTROL_PREFIX = "control_model."
CONTROL_RULES: Rules = (
    (r"^input_hint_block\.0\.", "controlnet_cond_embedding.conv_in."),
    (r"^input_hint_block\.14\.", "controlnet_cond_embedding.conv_out."),
    (r"^zero_convs\.(\d+)\.0\.", r"controlnet_down_blocks.\1."),
    (r"^middle_block_out\.0\.", "controlnet_mid_block."),
)


def name_control_as_diffusers(tensors: Tensors) -> dict[str, Tensor]:
    """The tensors of a ControlNet's single file under diffusers' names, which it may have already."""
    inner = {name.removeprefix(CONTROL_PREFIX): tensor for name, tensor in tensors.items()}
    if "middle_block_out.0.weight" not in inner:
        return inner
    return {_control_name(name): tensor for name, tensor in inner.items()}


def _control_name(name: str) -> str:
    # Every other entry of the hint's is a SiLU.
    found = re.match(r"input_hint_block\.(\d+)\.(.*)", name)
    if found and 0 < int(found[1]) < 14:
        return f"controlnet_cond_embedding.blocks.{int(found[1]) // 2 - 1}.{found[2]}"
    for old, new in CONTROL_RULES:
        name = re.sub(old, new, name)
    return _unet_name(name)


def _rename(part: str, name: str, levels: int) -> str:
    if part == "unet":
        return _unet_name(name)
    if part == "vae":
        for old, new in VAE_RULES:
            name = re.sub(old, new, name)
        # The decoder's levels are counted from the finest there, and from the coarsest in diffusers.
        found = re.match(r"decoder\.up\.(\d+)\.(block|upsample)\.(.*)", name)
        if found:
            kind = "resnets" if found[2] == "block" else "upsamplers.0"
            name = f"decoder.up_blocks.{levels - 1 - int(found[1])}.{kind}.{found[3]}"
    return name


def _unet_name(name: str) -> str:
    for old, new in UNET_WHOLES:
        name = re.sub(old, new, name)
    found = re.match(r"(input|output)_blocks\.(\d+)\.(\d+)\.(.*)", name)
    if found:
        way, entry, place, rest = found[1], int(found[2]), int(found[3]), found[4]
        level, block = divmod(entry - 1 if way == "input" else entry, BLOCKS)
        side = "down" if way == "input" else "up"
        if rest.startswith(("op.", "conv.")):
            kind = f"{side}samplers.0.conv"
            rest = rest.partition(".")[2]
        else:
            kind = f"{'attentions' if place else 'resnets'}.{block}"
        name = f"{side}_blocks.{level}.{kind}.{rest}"
    for old, new in UNET_ENDS:
        name = re.sub(old, new, name)
    return name
