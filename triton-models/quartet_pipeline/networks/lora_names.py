"""Names of tensors in LoRA files: from the kohya, PEFT and diffusers formats, old and new, to what they change.

Needs Python's own library only: files are checked before anything is loaded.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quartet_pipeline.errors import ModelError

PREFIXES = {
    "lora_unet_": "unet",
    "lora_te_": "text_encoder",
    "base_model.model.unet.": "unet",
    "base_model.model.text_encoder.": "text_encoder",
    "unet.": "unet",
    "text_encoder.": "text_encoder",
}
KINDS = {"down": "down", "A": "down", "up": "up", "B": "up", "mid": "mid"}
MATRIX = re.compile(r"(.+?)[._]lora(?:_linear_layer)?[._](down|up|mid|A|B)(?:\.default)?\.weight")
ALPHA = re.compile(r"(.+?)(?:[._]lora)?(?:_linear_layer)?\.alpha")


@dataclass(frozen=True)
class LoraModule:
    """The names of the tensors that change one linear layer or convolution."""

    down: str
    up: str
    mid: str | None
    """Between the two, where a convolution is split in three."""
    alpha: str | None


Modules = Mapping[str, Mapping[str, LoraModule]]
"""By part (`unet`, `text_encoder`), then by diffusers' name of what is changed."""


def read_lora_names(names: Iterable[str], known: Mapping[str, Iterable[str]]) -> Modules:
    """What the tensors of a LoRA file change; `known` has diffusers' names of what can be changed, by part.

    Raises a ModelError that names a tensor which is not understood.
    """
    tables = {part: _table(part, paths) for part, paths in known.items()}
    found: dict[str, dict[str, dict[str, str]]] = {part: {} for part in known}
    for name in names:
        part, path, kind = _read_name(name, tables)
        kinds = found[part].setdefault(path, {})
        if kind in kinds:
            raise ModelError(f"Expected one tensor `{kind}` for `{path}`, got `{kinds[kind]}` and `{name}`.")
        kinds[kind] = name
    for paths in found.values():
        for path, kinds in paths.items():
            for kind, missing in (("down", "up"), ("up", "down"), ("alpha", "down")):
                if kind in kinds and missing not in kinds:
                    raise ModelError(f"Expected a tensor `{missing}` beside `{kinds[kind]}`, got none for `{path}`.")
    if not any(found.values()):
        raise ModelError("Expected the tensors of a LoRA, got none.")
    return {
        part: {
            path: LoraModule(kinds["down"], kinds["up"], kinds.get("mid"), kinds.get("alpha"))
            for path, kinds in paths.items()
        }
        for part, paths in found.items()
    }


def _table(part: str, paths: Iterable[str]) -> dict[str, str]:
    """Every way in which a path is written, with underscores for its dots."""
    table = {}
    for path in paths:
        written = path.replace(".", "_")
        table[written] = path
        if written.endswith("_to_out_0"):
            table[written.removesuffix("_0")] = path
        if part == "text_encoder":
            table[f"text_model_{written}"] = path
            for old in ("q", "k", "v", "out"):
                if written.endswith(f"_self_attn_{old}_proj"):
                    table[f"text_model_{written.removesuffix(f'{old}_proj')}to_{old}"] = path
    return table


def _read_name(name: str, tables: Mapping[str, Mapping[str, str]]) -> tuple[str, str, str]:
    """Part, diffusers' name of what is changed, and which of its tensors this is."""
    matched = MATRIX.fullmatch(name)
    alpha = None if matched else ALPHA.fullmatch(name)
    if matched:
        written, kind = matched[1], KINDS[matched[2]]
    elif alpha:
        written, kind = alpha[1], "alpha"
    else:
        raise ModelError(f"Expected the tensors of a LoRA (down, up, mid, alpha), got `{name}`.")
    # A file that holds the UNet's alone may leave the prefix out.
    prefix = next((one for one in PREFIXES if written.startswith(one)), "")
    part = PREFIXES.get(prefix, "unet")
    key = written.removeprefix(prefix).replace(".processor.", ".").replace(".", "_")
    path = tables[part].get(key)
    if path is None:
        raise ModelError(f"Expected a LoRA for a layer of Stable Diffusion 1.x, got `{name}`.")
    return part, path, kind
