"""The starter's tokenizer: byte-level BPE in CLIP's form, trained on captions of the world.

Every byte has a token, so any text at all can be tokenised; words of the world mostly are one token each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

MAX_TOKENS = 32
"""Ten more than the longest caption of the world has: every token costs as much as a word in training and painting."""

_ENDS = ("<|startoftext|>", "<|endoftext|>")


def tokenizer_from_captions(captions: Iterable[str], *, size: int = 1000) -> CLIPTokenizer:
    """A tokenizer of at most `size` tokens, its byte alphabet included, whose merges are those of `captions`."""
    blank = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = blank.normalizer, blank.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=letters, end_of_word_suffix="</w>", min_frequency=3, show_progress=False
    )
    learner.train_from_iterator(captions, trainer)
    return _in_clip_order(letters, learner)


def _in_clip_order(letters: list[str], learner: Tokenizer) -> CLIPTokenizer:
    learned = learner.get_vocab(with_added_tokens=False)
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += [word for word in sorted(learned, key=learned.__getitem__) if word not in set(words)]
    vocabulary = {word: index for index, word in enumerate([*words, *_ENDS])}
    merges = [tuple(pair) for pair in _merges(learner)]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)


def _merges(learner: Tokenizer) -> list[list[str]]:
    merges: list[list[str]] = json.loads(learner.to_str())["model"]["merges"]
    return merges
