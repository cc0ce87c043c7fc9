"""What we believe of TensorRT's Python API, against NVIDIA's own bindings.

They are read where they are installed (the package `tensorrt_cu12_bindings`), or from the folders in
QUARTET_TENSORRT_BINDINGS, one for each version; nothing of them is kept here.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from export.bindings import STUB, Api, Member, common, read_bindings, render
from quartet_pipeline.errors import ModelError


def found_bindings() -> list[Path]:
    named = [Path(folder) for folder in os.environ.get("QUARTET_TENSORRT_BINDINGS", "").split(os.pathsep) if folder]
    spec = importlib.util.find_spec("tensorrt_bindings")
    return named or ([Path(spec.origin).parent] if spec is not None and spec.origin is not None else [])


@pytest.mark.skipif(not found_bindings(), reason="needs NVIDIA's bindings (see the docstring)")
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler for the empty libraries")
def test_every_call_is_one_that_the_bindings_know() -> None:
    stub = STUB.read_text("utf-8")
    versions = [read_bindings(folder) for folder in found_bindings()]
    if len(versions) > 1:
        assert render(common(versions)) == stub
    # One version knows more forms of some calls than all have in common.
    signatures = {line.strip() for line in stub.splitlines() if line.strip().startswith(("def ", "class "))}
    for version in versions:
        said = {line.strip() for line in render(version).splitlines()}
        assert {line for line in signatures if line not in said} == set()


def member(*signatures: str) -> Member:
    return Member("method", signatures)


def test_only_what_all_versions_have_is_written() -> None:
    old: Api = {"Runtime": {"open": member("(self, data: Buffer) -> Engine", "(self, reader: Old) -> Engine")}}
    new: Api = {"Runtime": {"open": member("(self, data: Buffer) -> Engine", "(self, reader: New) -> Engine")}}
    assert common([old, new]) == {"Runtime": {"open": member("(self, data: Buffer) -> Engine")}}
    assert "    def open(self, data: Buffer) -> Engine: ..." in render(common([old, new]))


def test_a_call_that_no_version_shares_with_the_others_is_named() -> None:
    old: Api = {"Runtime": {"open": member("(self, data: Buffer) -> Engine")}}
    new: Api = {"Runtime": {"open": member("(self, path: str) -> Engine")}}
    with pytest.raises(ModelError, match=r"Expected `Runtime\.open` alike in all versions"):
        common([old, new])


def test_a_folder_without_bindings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"to hold tensorrt\.so, got none"):
        read_bindings(tmp_path)
