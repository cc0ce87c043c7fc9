"""The tokenizer: byte-level BPE learnt from our own captions, stored in the Hugging Face format.

Byte-level, so that any text has tokens, and split by Unicode classes rather than by `\\w`, so that the JavaScript
reader (@huggingface/tokenizers) and this one agree on every text.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

START: Final = "<|startoftext|>"
END: Final = "<|endoftext|>"


def train_tokenizer(captions: Iterable[str], *, vocabulary: int) -> Tokenizer:
    """Learn at most `vocabulary` tokens: the 256 bytes, the start and end of text, and frequent pieces of words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = Regex(r"[\p{L}\p{M}]+|\p{N}|[^\s\p{L}\p{M}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (START, END)],
    )
    return tokenizer


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read `tokenizer.json` of a model folder."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The number of a token that must be there."""
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ValueError(f"Expected a vocabulary with the token `{token}`, got one without it")
    return number


def encode(tokenizer: Tokenizer, prompts: Sequence[str], *, max_tokens: int) -> NDArray[np.int64]:
    """Token ids, cut or padded with the end token: int64 [n, max_tokens].

    A prompt that is cut keeps its end token in the last place, as CLIP's does.
    """
    end = token_id(tokenizer, END)
    ids = np.full((len(prompts), max_tokens), end, dtype=np.int64)
    for row, encoding in zip(ids, tokenizer.encode_batch(list(prompts)), strict=True):
        kept = encoding.ids[:max_tokens]
        row[: len(kept)] = kept
    ids[:, -1] = end
    return ids


def mirror_table(tokenizer: Tokenizer) -> NDArray[np.int16]:
    """For each token the one that stands in its place when the picture is mirrored: int16 [vocabulary]."""
    table = np.arange(tokenizer.get_vocab_size(), dtype=np.int16)
    left, right = token_id(tokenizer, "left"), token_id(tokenizer, "right")
    table[[left, right]] = right, left
    return table
