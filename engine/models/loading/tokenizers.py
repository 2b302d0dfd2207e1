"""Tokenizers that fit their text encoders: how long a text may be, and whether its words are known."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.models.files.json_files import shown
from engine.models.loading.errors import UnusableFiles

_OF_SENTENCEPIECE = ("spiece.model", "tokenizer.model", "sentencepiece.bpe.model")
# A beginning, an end, and one token of the text.
_LEAST_TOKENS = 3
# transformers takes this for "the largest number in the text", as old configurations have it.
_END_OF_OLD = 2
# Of the encoder's tokens; without its vocabulary a tokenizer knows only the special ones.
_LEAST_KNOWN = 0.1


def check_libraries(name: str, folder: Path) -> None:
    """Check that a tokenizer that only SentencePiece reads finds its libraries; transformers 5.23 asks for another.

    Raises: UnusableFiles.
    """
    if (folder / "tokenizer.json").exists():
        return
    file = next((file for file in _OF_SENTENCEPIECE if (folder / file).exists()), None)
    missing = [library for library in ("sentencepiece", "google.protobuf") if not _is_installed(library)]
    if file is not None and missing:
        named = " and ".join(missing).replace("google.", "")
        raise UnusableFiles(
            f"its {name} has only {file}, for which {named} must be installed, or a tokenizer.json be there"
        )


def _is_installed(library: str) -> bool:
    parent = library.rpartition(".")[0]
    return (not parent or find_spec(parent) is not None) and find_spec(library) is not None


def check_tokenizer(name: str, tokenizer: Any, encoder: Any) -> None:
    """Check a tokenizer against the encoder that reads its tokens, and limit its `model_max_length` to the encoder's.

    Without a length in its files a tokenizer says 1e30, and texts are padded to that.
    encoder: None where the pipeline has none; then only the tokenizer is checked.

    Raises: UnusableFiles for a tokenizer without its vocabulary, which loads and knows no word, of no length, or
        with tokens that the encoder does not know.
    """
    config: Any = None if encoder is None else encoder.config.get_text_config()
    length, positions = tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)
    is_number = isinstance(length, int | float) and not isinstance(length, bool)
    if not is_number or length < _LEAST_TOKENS or length % 1:
        accepted = f"which must be a whole number of at least {_LEAST_TOKENS}"
        raise UnusableFiles(f"its {name} has a model_max_length of {shown(length)}, {accepted}")
    tokenizer.model_max_length = int(length if positions is None else min(length, positions))
    num_known, num_read = len(tokenizer), getattr(config, "vocab_size", 0)
    if num_known < num_read * _LEAST_KNOWN:
        raise UnusableFiles(f"its {name} knows {num_known} of {num_read} tokens: the file of its vocabulary is missing")
    vocabulary: Mapping[str, int] = tokenizer.get_vocab()
    if num_read and (unread := [token for token, number in vocabulary.items() if number >= num_read]):
        more = f" and {len(unread) - 1} more tokens" if len(unread) > 1 else ""
        raise UnusableFiles(f"its {name} has {unread[0]}{more} beyond the {num_read} that its text encoder knows")
    _check_end(name, tokenizer, config)


def _check_end(name: str, tokenizer: Any, config: Any) -> None:
    """Check the token after which a CLIP reads nothing: it would take the meaning of a text from another place."""
    end, ends = getattr(config, "eos_token_id", None), (_END_OF_OLD, tokenizer.eos_token_id)
    if getattr(config, "model_type", None) == "clip_text_model" and end not in ends:
        part = name.replace("tokenizer", "text_encoder")
        told = f"{part}/config.json sets eos_token_id to {shown(end)}, which must be {ends[1]}, as in its {name}"
        raise UnusableFiles(f"its {told}, or {_END_OF_OLD}")
