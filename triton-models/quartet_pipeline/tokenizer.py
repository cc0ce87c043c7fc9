"""Prompts to the ids that the text encoder takes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from quartet_pipeline.description import Description
from quartet_pipeline.errors import ModelError

PromptEncoder = Callable[[str], NDArray[np.int64]]


def open_prompt_encoder(folder: Path, description: Description) -> PromptEncoder:
    """A function from a prompt to int64 [max_tokens]: start, as much of the prompt as fits, end, padding."""
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise ModelError(f"Expected {path} to hold a working tokenizer, got: {str(error)[:120]}.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    length = description.max_tokens

    def encode(prompt: str) -> NDArray[np.int64]:
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids[: length - 2]
        framed = [description.bos_token_id, *ids, description.eos_token_id]
        return np.array(framed + [description.pad_token_id] * (length - len(framed)), np.int64)

    return encode
