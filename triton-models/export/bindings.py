"""Writes `typings/tensorrt.pyi`: what we call of TensorRT's Python API, as the bindings of several versions have it.

    python -m export.bindings [--check] BINDINGS ...

BINDINGS are folders of unpacked `tensorrt_cu12_bindings` wheels for this Python. The bindings know every class and
signature, but load NVIDIA's libraries, which are large and want a GPU's driver: here empty libraries of the same names
take their place (a C compiler is needed), so that names and types can be read and nothing can run. Only what every
version has in the same form is written; with --check nothing is written, and a difference is an error.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from quartet_pipeline.errors import ModelError

STUB: Final = Path(__file__).resolve().parents[1] / "typings/tensorrt.pyi"
CALLED: Final[dict[str, tuple[str, ...]]] = {
    "DataType": ("FLOAT", "HALF", "INT32", "INT64", "UINT8", "BOOL"),
    "BuilderFlag": ("REFIT_INDIVIDUAL",),
    "NetworkDefinitionCreationFlag": ("STRONGLY_TYPED", "__int__"),
    "MemoryPoolType": ("WORKSPACE",),
    "ProfilingVerbosity": ("DETAILED",),
    "ExecutionContextAllocationStrategy": ("USER_MANAGED",),
    "TensorLocation": ("HOST", "DEVICE"),
    "TensorIOMode": ("INPUT", "OUTPUT"),
    "ILogger": (),
    "Logger": ("__init__", "WARNING", "INFO"),
    "Dims": ("__len__", "__getitem__"),
    "Weights": ("__init__",),
    "IHostMemory": ("nbytes",),
    "ITimingCache": ("serialize",),
    "ParserError": ("desc",),
    "INetworkDefinition": ("mark_weights_refittable",),
    "IBuilderConfig": (
        "set_flag",
        "set_memory_pool_limit",
        "builder_optimization_level",
        "profiling_verbosity",
        "create_timing_cache",
        "set_timing_cache",
        "get_timing_cache",
    ),
    "Builder": ("__init__", "create_network", "create_builder_config", "build_serialized_network"),
    "OnnxParser": ("__init__", "parse_from_file", "num_errors", "get_error"),
    "Runtime": ("__init__", "deserialize_cuda_engine"),
    "ICudaEngine": (
        "create_execution_context",
        "device_memory_size_v2",
        "num_io_tensors",
        "get_tensor_name",
        "get_tensor_shape",
        "get_tensor_dtype",
        "get_tensor_mode",
        "refittable",
    ),
    "IExecutionContext": ("set_device_memory", "set_tensor_address", "execute_async_v3"),
    "Refitter": (
        "__init__",
        "get_all_weights",
        "set_named_weights",
        "get_missing_weights",
        "refit_cuda_engine_async",
    ),
}
SYMBOLS: Final = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "getBuilderPluginRegistry",
    "getPluginRegistry",
    "getNvOnnxParserVersion",
    "initLibNvInferPlugins",
)
LIBRARIES: Final = ("nvinfer", "nvinfer_plugin", "nvonnxparser")


@dataclass(frozen=True)
class Member:
    """Of a class."""

    kind: Literal["value", "property", "method"]
    signatures: tuple[str, ...]
    """Of a value none, of a property that of reading it, and of writing it where that can be done."""


Api = dict[str, dict[str, Member]]

READER: Final = """
import json, sys, tensorrt
api = {}
for kind, members in json.load(sys.stdin).items():
    owner = getattr(tensorrt, kind)
    api[kind] = {}
    for member in members:
        found = getattr(owner, member)
        if isinstance(vars(owner).get(member), property):
            said = "property", [one.__doc__ for one in (found.fget, found.fset) if one]
        elif callable(found):
            said = "method", [found.__doc__]
        else:
            said = "value", []
        api[kind][member] = said
json.dump(api, sys.stdout)
"""


def read_bindings(folder: Path) -> Api:
    """What the bindings in `folder` say of what we call; a ModelError where they lack something or cannot be read."""
    binding = next(folder.glob("**/tensorrt.so"), None)
    if binding is None:
        raise ModelError(
            f"Expected {folder} to hold tensorrt.so, got none: unpack a tensorrt_cu12_bindings wheel there."
        )
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        shutil.copy(binding, place)
        for name in LIBRARIES:
            _make_empty_library(place, name, binding)
        environment = {**os.environ, "LD_LIBRARY_PATH": temporary, "PYTHONPATH": temporary}
        ran = subprocess.run(
            [sys.executable, "-c", READER],
            input=json.dumps(CALLED), env=environment, cwd=place, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if ran.returncode:
        raise ModelError(f"Expected {binding} to have all that we call, got: {ran.stderr.strip().splitlines()[-1]}.")
    said: dict[str, Any] = json.loads(ran.stdout)
    return {
        owner: {member: Member(kind, tuple(_signatures(member, texts))) for member, (kind, texts) in members.items()}
        for owner, members in said.items()
    }


def _make_empty_library(place: Path, name: str, binding: Path) -> None:
    """A library that exports what the bindings look for, and does nothing."""
    found = re.search(rb"lib%s\.so\.\d+" % name.encode(), binding.read_bytes())
    if found is None:
        raise ModelError(f"Expected {binding} to name lib{name}, got a file that does not.")
    soname = found[0].decode()
    source = place / f"{name}.c"
    source.write_text("\n".join(f"void *{symbol}(void) {{ return 0; }}" for symbol in SYMBOLS))
    command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-o", str(place / soname), str(source)]
    subprocess.run(command, check=True, capture_output=True)


def _signatures(member: str, texts: list[str]) -> list[str]:
    """The signatures in the documentation that pybind11 writes, in the spelling of a stub."""
    found = []
    for text in texts:
        for line in text.splitlines():
            match = re.match(rf"(?:\d+\. )?(?:{re.escape(member)})?(\(.*\) -> .+)$", line.strip())
            if match and "*args" not in line:
                found.append(_spell(match[1]))
    return found


def _spell(signature: str) -> str:
    for old, new in (
        (r"tensorrt(?:\.tensorrt)?\.", ""),
        (r"nvinfer1::", ""),
        (r"typing\.SupportsInt", "int"),
        (r"\b(?:List|typing\.List)\[", "list["),
        (r"(?:collections\.abc\.)?Sequence\[", "list["),
        (r"typing_extensions\.Buffer|\bbuffer\b", "Buffer"),
        (r"numpy\.ndarray(?:\[[^\]]*\])?", "Any"),
        (r"= <[^>]*>", "= ..."),
        (r": \w+ = None", ": Any = None"),
        (r"\bself: \w+", "self"),
        (r"ILogger\.Severity", "Any"),
        (r"IParserError", "ParserError"),
        (r"\btuple\b", "tuple[int, ...]"),
        (r"^\(arg0: \w+", "(self"),
        (r"\(self, /", "(self"),
        (r"\bnvonnxparser::", ""),
    ):
        signature = re.sub(old, new, signature)
    return signature


def common(versions: Sequence[Api]) -> Api:
    """What all versions have; a ModelError names a member that no signature of is in all of them."""
    first, *others = versions
    shared: Api = {}
    for owner, members in first.items():
        shared[owner] = {}
        for name, member in members.items():
            theirs = [other[owner][name] for other in others]
            kept = tuple(one for one in member.signatures if all(one in other.signatures for other in theirs))
            if any(other.kind != member.kind for other in theirs) or (member.signatures and not kept):
                raise ModelError(f"Expected `{owner}.{name}` alike in all versions, got {member} and {theirs}.")
            shared[owner][name] = Member(member.kind, kept)
    return shared


def render(api: Api) -> str:
    """The stub."""
    lines = [
        '"""What we call of TensorRT, in the form that every version which was looked at has.',
        "",
        "Written by `python -m export.bindings`: do not edit.",
        '"""',
        "",
        "from typing import Any, overload",
        "",
        "from typing_extensions import Buffer",
        "",
        "__version__: str",
        "",
    ]
    # pybind11 says nothing of the buffer protocol in a signature.
    bases = {"Logger": "(ILogger)", "IHostMemory": "(Buffer)"}
    for owner, members in api.items():
        lines.append(f"class {owner}{bases.get(owner, '')}:" + ("" if members else " ..."))
        for name, member in members.items():
            lines += _render_member(owner, name, member)
        lines.append("")
    return "\n".join(lines)


def _render_member(owner: str, name: str, member: Member) -> list[str]:
    signatures = member.signatures
    if member.kind == "value":
        return [f"    {name}: {'Any' if owner == 'Logger' else owner}"]
    if member.kind == "property":
        lines = ["    @property", f"    def {name}{signatures[0]}: ..."]
        for setter in signatures[1:]:
            lines += [f"    @{name}.setter", f"    def {name}{setter}: ..."]
        return lines
    mark = ["    @overload"] if len(signatures) > 1 else []
    return [line for signature in signatures for line in (*mark, f"    def {name}{signature}: ...")]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write what we call of TensorRT's Python API as a stub.")
    parser.add_argument("bindings", type=Path, nargs="+")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = render(common([read_bindings(folder) for folder in options.bindings]))
    if not options.check:
        STUB.write_text(text, "utf-8")
    elif STUB.read_text("utf-8") != text:
        sys.exit(f"Expected {STUB.name} to be what these bindings say, got a difference: write it anew and look.")
    print(f"{STUB.name}: {sum(len(members) for members in CALLED.values())} members of {len(CALLED)} classes")


if __name__ == "__main__":
    main()
