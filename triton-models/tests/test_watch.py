"""A directory of models that come and go, watched beside a server that is asked to load them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from quartet_pipeline.errors import ModelError
from quartet_pipeline.models_directory import check_model, files_of, model_folders
from quartet_pipeline.watch import Watch

TINY = Path(__file__).parents[2] / "test/engines/onnx/tiny-pipeline"


def add_model(directory: Path, folder_name: str, name: str | None = None) -> Path:
    """Another folder of the tiny pipeline."""
    folder = directory / folder_name
    shutil.copytree(TINY, folder)
    described = json.loads((folder / "pipeline.json").read_text())
    (folder / "pipeline.json").write_text(json.dumps({**described, "name": name or folder_name}))
    return folder


class Served:
    """A repository, and what it said each time it was to be loaded; `refused` are models that cannot be."""

    def __init__(self, path: Path, directory: Path, *first: Path) -> None:
        self.repository = path / "repository"
        self.loads: list[list[str]] = []
        self.told: list[str] = []
        self.refused: set[str] = set()
        self.watch = Watch(self.repository, directory, self.load, self.told.append, first=first)

    def written(self) -> list[str]:
        config = (self.repository / "stable_diffusion/config.pbtxt").read_text()
        line = next(line for line in config.splitlines() if "quartet_description" in line and "parameters" in line)
        described = line.partition("string_value: ")[2].removesuffix(" } }")
        return [model["id"] for model in json.loads(json.loads(described))["models"]]

    def load(self) -> str | None:
        ids = self.written()
        self.loads.append(ids)
        bad = self.refused.intersection(ids)
        return f"Expected better than {min(bad)}." if bad else None

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.watch.look()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "models"
    path.mkdir()
    return path


@pytest.fixture
def served(tmp_path: Path, directory: Path) -> Served:
    return Served(tmp_path, directory)


def test_what_is_there_at_first_is_served_at_once_and_then_left_alone(served: Served, directory: Path) -> None:
    add_model(directory, "b")
    add_model(directory, "a")
    (directory / "lora.safetensors").touch()
    (directory / "controlnet").mkdir()
    served.look(3)
    assert served.loads == [["a", "b"]]
    assert served.told == ["Models that can be drawn with now: a, b."]


def test_a_folder_that_comes_or_goes_is_noticed_when_nothing_about_it_changes_any_more(
    served: Served, directory: Path
) -> None:
    add_model(directory, "a")
    served.look(1)
    folder = add_model(directory, "b")
    served.look(1)
    (folder / "unet.onnx").touch()
    served.look(1)
    assert served.loads == [["a"]]
    served.look(1)
    shutil.rmtree(directory / "a")
    served.look()
    assert served.loads == [["a"], ["a", "b"], ["b"]]


def test_models_that_are_named_come_before_those_of_the_directory(tmp_path: Path, directory: Path) -> None:
    served = Served(tmp_path, directory, add_model(tmp_path, "z"))
    add_model(directory, "a")
    served.look()
    assert served.loads == [["z", "a"]]


def test_an_empty_directory_is_served_with_the_small_model(served: Served, directory: Path) -> None:
    served.look()
    add_model(directory, "a")
    served.look()
    assert served.loads == [["quartet-demo"], ["a"]]


def test_a_broken_folder_is_told_once_and_the_others_go_on(served: Served, directory: Path) -> None:
    add_model(directory, "a")
    broken = add_model(directory, "b")
    (broken / "unet.onnx").unlink()
    same = add_model(directory, "c", name="a")
    served.look(3)
    assert served.loads == [["a"]]
    assert [line.partition(". ")[0] for line in served.told[:2]] == ["b is left out", "c is left out"]
    assert "lacks unet.onnx" in served.told[0]
    assert f"Expected each model to have a name of its own, got 'a' of {directory / 'a'} too." in served.told[1]
    shutil.rmtree(same)
    shutil.copy(TINY / "unet.onnx", broken)
    served.look()
    assert served.loads == [["a"], ["a", "b"]]
    assert len(served.told) == 4


def test_what_the_server_cannot_load_is_left_out_until_it_changes(served: Served, directory: Path) -> None:
    served.refused = {"bad"}
    for name in ("a", "bad", "c"):
        add_model(directory, name)
    served.look(3)
    assert served.loads == [["a", "bad", "c"], ["a"], ["a", "bad"], ["a", "c"]]
    assert "bad is left out. Expected better than bad." in served.told
    assert served.written() == ["a", "c"]
    add_model(directory, "d")
    served.look()
    assert served.loads[4:] == [["a", "c", "d"]]
    assert len([line for line in served.told if "bad is left out" in line]) == 1
    served.refused = set()
    (directory / "bad/unet.onnx").touch()
    served.look()
    assert served.loads[5:] == [["a", "bad", "c", "d"]]


def test_when_nothing_can_be_loaded_the_repository_stays_as_it_is_served(served: Served, directory: Path) -> None:
    add_model(directory, "a")
    served.look()
    served.refused = {"b"}
    add_model(directory, "b")
    served.look(3)
    assert served.loads == [["a"], ["a", "b"]]
    assert served.written() == ["a"]


def write_safetensors(file: Path, *, missing: int = 0) -> None:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16 - missing))


def make_diffusers(folder: Path, write: Callable[[Path], None]) -> None:
    for part in ("text_encoder", "unet", "vae"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text("{}")
        write(folder / part / "model.safetensors")
    shutil.copy(TINY / "tokenizer.json", folder)
    (folder / "pipeline.json").write_text(
        json.dumps({**json.loads((TINY / "pipeline.json").read_text()), "name": folder.name})
    )


def test_weights_that_are_still_being_copied_are_told_as_such(directory: Path) -> None:
    make_diffusers(directory / "whole", write_safetensors)
    assert check_model(directory / "whole").path == directory / "whole"
    make_diffusers(directory / "half", lambda file: write_safetensors(file, missing=5))
    with pytest.raises(ModelError, match=r"model.safetensors to have \d+ bytes, got \d+; copy it again"):
        check_model(directory / "half")
    make_diffusers(directory / "none", lambda file: file.write_bytes(b"abc"))
    with pytest.raises(ModelError, match=r"model.safetensors to be a safetensors file, got"):
        check_model(directory / "none")


def test_a_model_is_also_what_its_base_and_its_lora_are(directory: Path) -> None:
    make_diffusers(directory / "base", write_safetensors)
    write_safetensors(directory / "ink.safetensors")
    (directory / "drawn").mkdir()
    fields = {"name": "drawn", "base": "base", "lora": "ink.safetensors"}
    (directory / "drawn/pipeline.json").write_text(json.dumps(fields))
    assert [folder.name for folder in model_folders(directory)] == ["base", "drawn"]
    before = files_of(check_model(directory / "drawn"))
    (directory / "ink.safetensors").touch()
    after = files_of(check_model(directory / "drawn"))
    assert after != before
    (directory / "base/unet/model.safetensors").touch()
    assert files_of(check_model(directory / "drawn")) != after
