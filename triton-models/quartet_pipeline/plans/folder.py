"""What lies in an export folder: graphs, their weights, `weights.json`, and `plans.json`, which says so.

tensorrt/
  plans.json           this list: size, precision, every graph, and every plan once it is built
  weights.json         which initializer holds which parameter
  unet-8.onnx          the UNet for a batch of 8
  unet.weights         its numbers, shared by every batch size
  unet-8.plan          built for one kind of card by one version of TensorRT
  timing.cache         what the builder has measured, so that the next build need not
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from quartet_pipeline.description import Size
from quartet_pipeline.errors import ModelError

FOLDER: Final = "tensorrt"
"""In a model folder, where the pipeline looks for plans."""
LIST: Final = "plans.json"
WEIGHTS_MAP: Final = "weights.json"
TIMINGS: Final = "timing.cache"
FORMAT: Final = 1


@dataclass(frozen=True)
class Built:
    """A plan runs with the version of TensorRT and the kind of card that it was built with, and with no other."""

    file: str
    tensorrt: str
    card: str
    scratch_bytes: int
    """Device memory that it needs while it runs, beside its weights."""


@dataclass(frozen=True)
class Entry:
    """One graph, and its plan once there is one."""

    part: str
    batch: int
    file: str
    precision: str
    """`float16` or `float32`."""
    plan: Built | None = None


@dataclass(frozen=True)
class Exported:
    """`plans.json`."""

    size: Size
    entries: tuple[Entry, ...]

    def of(self, part: str) -> tuple[Entry, ...]:
        """The entries of a part, smallest batch first."""
        return tuple(sorted((entry for entry in self.entries if entry.part == part), key=lambda entry: entry.batch))

    def with_entry(self, entry: Entry) -> "Exported":
        """With `entry` in place of the one of the same part and batch."""
        others = tuple(one for one in self.entries if (one.part, one.batch) != (entry.part, entry.batch))
        return replace(self, entries=(*others, entry))


def batches(counts: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Of each part, for requests of these numbers of pictures: with guidance the UNet sees each picture twice."""
    return {
        "text_encoder": (2,),
        "unet": tuple(2 * count for count in sorted(set(counts))),
        "vae_decoder": tuple(sorted(set(counts))),
        "vae_encoder": (1,),
    }


def write_list(folder: Path, exported: Exported) -> None:
    entries = [asdict(entry) for entry in exported.entries]
    text = json.dumps({"format": FORMAT, "size": exported.size, "entries": entries}, indent=1)
    # Whoever reads it meanwhile sees the old list or the new one.
    partial = folder / f"{LIST}.part"
    partial.write_text(text + "\n", "utf-8")
    partial.replace(folder / LIST)


def read_list(folder: Path) -> Exported:
    """Reads `plans.json`; a ModelError says what is wrong with it."""
    path = folder / LIST
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if fields["format"] != FORMAT:
            raise ValueError(f"format {fields['format']!r}")
        height, width = fields["size"]
        return Exported((int(height), int(width)), tuple(_read_entry(one) for one in fields["entries"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"Expected {path} to list exported networks (format {FORMAT}), got: {str(error)[:120]}. "
            "Write it with `python -m export.write`."
        ) from error


def has_plans(model: Path) -> bool:
    """Whether plans lie in a model's folder, and every one was built."""
    if not (model / FOLDER / LIST).is_file():
        return False
    return all(entry.plan is not None for entry in read_list(model / FOLDER).entries)


def cover(rows: int, batches: Sequence[int]) -> list[int]:
    """Which of the built batches to run, one after the other, for so many rows; the last may be filled up.

    The fewest runs, and of those the smallest batch for what is left: a row takes the same time used or not.
    """
    largest = max(batches)
    runs = [largest] * (rows // largest)
    rest = rows % largest
    return runs + ([min(batch for batch in batches if batch >= rest)] if rest else [])


def _read_entry(fields: dict[str, Any]) -> Entry:
    plan = fields.pop("plan")
    return Entry(**fields, plan=None if plan is None else Built(**plan))
