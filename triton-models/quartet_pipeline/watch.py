"""Keeps a Triton serving what lies in a directory of models, while folders come and go.

    python -m quartet_pipeline.watch REPOSITORY MODELS --url http://127.0.0.1:8000

Triton has to run in explicit mode on REPOSITORY, which this program writes. It loads the new set of models beside the
old one and changes over when it is ready: what is being drawn is drawn to its end. Needs Python's own library only.
"""

import argparse
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from quartet_pipeline.errors import ModelError
from quartet_pipeline.models_directory import Traces, check_model, files_of, model_folders, traces_of
from quartet_pipeline.repository import SMALL_MODEL, describe, write_repository

LOOK_EVERY_S = 1.0
MOST_LOADING_S = 900
"""A card that is new to us measures its kernels first."""

Load = Callable[[], str | None]
"""Makes Triton load what the repository says; gives a sentence where that fails, and then Triton goes on as before."""


class Watch:
    """What a Triton serves, and what it was last told about the directory."""

    def __init__(
        self, repository: Path, directory: Path, load: Load, tell: Callable[[str], None], *, first: Sequence[Path] = ()
    ) -> None:
        self._repository = repository
        self._directory = directory
        self._load = load
        self._tell = tell
        self._first = list(first)
        self._seen: Traces | None = None
        self._handled: Traces | None = None
        self._served: dict[Path, Traces] = {}
        self._told: dict[Path, str] = {}
        self._failed: dict[Path, Traces] = {}
        """What Triton could not load, as it was then."""

    def look(self) -> None:
        """One look at the directory. What has changed is served once it stays the same until the next look."""
        now = traces_of([self._directory]) if self._directory.is_dir() else frozenset()
        is_settled = now == self._seen or self._seen is None
        self._seen = now
        if now == self._handled or not is_settled:
            return
        self._handled = now
        self._serve(self._check())

    def _check(self) -> dict[Path, Traces]:
        """The models that are whole; says of each other one what is wrong, once."""
        folders = model_folders(self._directory) if self._directory.is_dir() else []
        good: dict[Path, Traces] = {}
        names: dict[str, Path] = {}
        told = {}
        for folder in [*self._first, *(folder for folder in folders if folder not in self._first)]:
            try:
                traces = files_of(check_model(folder))
                name = describe(folder)["id"]
                if name in names:
                    raise ModelError(
                        f"Expected each model to have a name of its own, got {name!r} of {names[name]} too."
                    )
            except (ModelError, OSError, KeyError, ValueError, TypeError) as error:
                told[folder] = f"{folder.name} is left out. {error}"
                continue
            names[name] = folder
            if self._failed.get(folder) == traces:
                told[folder] = self._told[folder]
            else:
                good[folder] = traces
        for folder, sentence in told.items():
            if self._told.get(folder) != sentence:
                self._tell(sentence)
        self._told = told
        # There is always something to draw with.
        return good or {SMALL_MODEL: files_of(check_model(SMALL_MODEL))}

    def _serve(self, wanted: dict[Path, Traces]) -> None:
        if list(wanted.items()) == list(self._served.items()):
            return
        new = [folder for folder, traces in wanted.items() if self._served.get(folder) != traces]
        problem = self._try(wanted)
        if problem is None:
            return
        # One that cannot be loaded is not to keep the others away: they are tried one by one.
        kept = {folder: traces for folder, traces in wanted.items() if folder not in new}
        for folder in new:
            if len(new) > 1:
                more = {one: traces for one, traces in wanted.items() if one in kept or one == folder}
                problem = self._try(more)
                if problem is None:
                    kept = more
                    continue
            self._failed[folder] = wanted[folder]
            self._told[folder] = f"{folder.name} is left out. {problem}"
            self._tell(self._told[folder])
        kept = kept or {SMALL_MODEL: files_of(check_model(SMALL_MODEL))}
        if kept != self._served and (problem := self._try(kept)) is not None:
            self._tell(f"The models could not be changed. {problem}")
            kept = self._served
        if kept:
            write_repository(self._repository, list(kept))

    def _try(self, folders: dict[Path, Traces]) -> str | None:
        write_repository(self._repository, list(folders))
        problem = self._load()
        if problem is None:
            self._served = dict(folders)
            names = ", ".join(describe(folder)["id"] for folder in folders)
            self._tell(f"Models that can be drawn with now: {names}.")
        return problem


def load_in_triton(url: str) -> str | None:
    """A `Load` by Triton's HTTP endpoint."""
    request = urllib.request.Request(f"{url}/v2/repository/models/stable_diffusion/load", data=b"{}", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=MOST_LOADING_S):
            return None
    except urllib.error.HTTPError as error:
        return _sentence(error.read().decode("utf-8", "replace"))
    except OSError as error:
        return f"Triton does not answer: {error}"


def _sentence(answer: str) -> str:
    """Of what Triton answers, what our own model said: the rest is a stack of calls."""
    try:
        told = str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        told = answer
    said = told.partition("ModelError: ")[2] or told
    return said.strip().splitlines()[0][:500]


def keep_watching(watch: Watch, stopping: threading.Event, every_s: float = LOOK_EVERY_S) -> None:
    """Looks until told to stop."""
    while not stopping.is_set():
        watch.look()
        stopping.wait(every_s)


def wait_until_live(url: str, stopping: threading.Event, every_s: float = 0.1) -> None:
    """Until Triton answers: it serves nothing yet."""
    while not stopping.is_set():
        try:
            with urllib.request.urlopen(f"{url}/v2/health/live", timeout=1):
                return
        except OSError:
            stopping.wait(every_s)


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep a Triton serving the folders of a directory of models.")
    parser.add_argument("repository", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="Triton's HTTP endpoint")
    options = parser.parse_args()
    stopping = threading.Event()
    wait_until_live(options.url, stopping)
    watch = Watch(
        options.repository, options.models, lambda: load_in_triton(options.url), lambda line: print(line, flush=True)
    )
    keep_watching(watch, stopping)


if __name__ == "__main__":
    main()
