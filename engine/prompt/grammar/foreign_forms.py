"""The syntax of other programs that a pasted prompt may have, as patterns with what to write instead.

Source: the documentation of AUTOMATIC1111 and its extensions Neutral Prompt, Attention Couple and Regional Prompter,
ComfyUI and Prompt Control, InvokeAI and Compel, NovelAI, SwarmUI and Dynamic Prompts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from engine.prompt.sentences import Code, Sentence, sentence

LORA_TAGS = ("lora", "lyco", "locon", "loha", "lokr")
# Tags of other programs, by name: what to do about them.
OTHER_TAGS: Mapping[str, Code] = MappingProxyType(
    {
        **dict.fromkeys(("hypernet", "hypernetwork"), Code.NO_HYPERNETWORKS),
        **dict.fromkeys(("embed", "embedding", "ti"), Code.NO_EMBEDDINGS),
        **dict.fromkeys(
            ("wildcard", "wc", "random", "rnd", "alternate", "alt", "fromto"),
            Code.VARIANTS,
        ),
        **dict.fromkeys(("segment", "object", "region", "clear"), Code.NO_REGIONS),
        **dict.fromkeys(("model", "sampler", "preset", "param"), Code.PARAMETERS_INSTEAD),
        **dict.fromkeys(
            ("base", "refiner", "video", "extend", "repeat", "setvar", "var", "setmacro", "macro", "comment", "break",
             "trigger"),
            Code.REMOVE,
        ),
    }
)  # fmt: skip
# Tags that mean something without a colon too, and are no tags of HTML.
BARE_TAGS = (*LORA_TAGS, "hypernet", "hypernetwork", "embed", "embedding", "refiner", "break", "trigger")
_TAG_NAMES = "|".join((*LORA_TAGS, *OTHER_TAGS))
TAG_START = rf"<\s*(?:{_TAG_NAMES})\s*(?:\[[^<>\[\]]*\])?\s*"
TAG = re.compile(
    rf"<\s*(?P<kind>{_TAG_NAMES})\s*(?:\[[^<>\[\]]*\])?\s*[:=](?P<inside>[^<>]*)>"
    rf"|<\s*(?P<bare>{'|'.join(BARE_TAGS)})\s*>",
    re.IGNORECASE,
)

KEYWORD = r"(?:AND(?:_[A-Z]+)*|BREAK|COUPLE|ADD(?:COL|ROW|COMM|BASE))"
"""Words that are commands of other programs in capitals; a backslash makes them words."""

_FUNCTIONS = "COUPLE|I?MASK|MASK_SIZE|MASKW|AREA|FILL|FEATHER|ATTN|SDXL|STYLE|SHUFFLE|SHIFT|NOISE|DEF|AVG|TE_WEIGHT"
# Names that only mean something to a program that has the embedding.
EMBEDDINGS = ("easynegative", "easynegativev2", "badhandv4", "bad-hands-5", "bad_prompt_version2", "fastnegativev2",
              "ng_deepnegative_v1_75t", "verybadimagenegative_v1.3", "negative_hand", "baddream", "unrealisticdream",
              "negativexl_d", "unaestheticxl")  # fmt: skip
_EMBEDDING_NAMES = "|".join(map(re.escape, EMBEDDINGS))
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
SCHEDULE = rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*"
"""The steps at which words in brackets change, between the colon and the bracket."""

# The names of settings, each with what its value begins with, as AUTOMATIC1111 and others write them under a picture.
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "steps|seed|cfg(?: scale)?|guidance(?: scale)?|clip skip|ensd": _NUMBER,
        "denoising strength|hires (?:upscale|steps)": _NUMBER,
        "size": "[0-9]{3,} ?x ?[0-9]{3,}",
        "(?:model|vae|lora|ti)[ _]hash(?:es)?": r"\S",
        "sampler|sampling method": "(?:euler|dpm|ddim|ddpm|lms|heun|plms|unipc|lcm|restart|k_)",
        "schedule(?:r| type)": "(?:karras|automatic|normal|simple|exponential|sgm|beta|uniform|polyexponential)",
    }
)
SETTING_NAMES = "|".join(_SETTINGS)
LABEL = r"(?:positive[ _])?prompts?\s?"
"""What stands before the colon at the beginning of a prompt that was pasted with its name."""

_KEYWORDS: Mapping[str, tuple[Sentence, Sentence]] = MappingProxyType(
    {
        "AND": (sentence(Code.UNSUPPORTED, what="AND"), sentence(Code.PARTS_FOR_AND)),
        "BREAK": (sentence(Code.UNSUPPORTED, what="BREAK"), sentence(Code.PARTS_FOR_BREAK)),
        "COUPLE": (sentence(Code.UNSUPPORTED, what="COUPLE"), sentence(Code.PLACES_OR_COUPLE)),
        "ADD": (sentence(Code.REGIONS), sentence(Code.PLACES)),
    }
)

FORMS: Mapping[str, tuple[str, Code, Code]] = MappingProxyType(
    {
        "function": (
            rf"(?<![\w\\])(?:{_FUNCTIONS})\([^()]*\)?",
            Code.FUNCTION,
            Code.SAY_IN_WORDS,
        ),
        # What to say depends on the keyword.
        "keyword": (rf"(?<!\w){KEYWORD}(?!\w)", Code.UNSUPPORTED, Code.REMOVE),
        "wildcard": (
            r"(?<!\w)__(?!_)[\w*./~-]{1,64}?__(?!\w)",
            Code.WILDCARD,
            Code.LIST_OPTIONS,
        ),
        "variable": (
            r"(?<![\w\\$])\$[a-z_]\w*(?![\w$])",
            Code.VARIABLE,
            Code.LITERAL_DOLLAR,
        ),
        "adapter": (
            rf"(?i:(?<!\w)@?(?:{'|'.join((*LORA_TAGS, 'hypernet'))}):(?=[^\s:])[^\s,()\[\]]*"
            r"|(?<![\w\\])\.?withLora\([^()]*\)?)",
            Code.LORA_WRITTEN_OTHERWISE,
            Code.LORA_FORMS,
        ),
        "embedding": (
            rf"(?i:(?<!\w)embedding:(?=[^\s:])[^\s,()\[\]:]*|(?<![\w\\-])(?:{_EMBEDDING_NAMES})(?![\w-]))"
            r"|(?<!\\)<[a-z0-9]+(?:-[a-z0-9]+)+>",
            Code.EMBEDDING,
            Code.REMOVE_OR_WRITE_OUT,
        ),
        "negative": (
            r"(?<!\w)(?i:negative[ _]prompt) ?:(?!:)",
            Code.NEGATIVE_PROMPT,
            Code.WRITE_NO,
        ),
        "settings": (
            rf"(?<!\w)(?i:{'|'.join(f'(?:{name}): *{value}' for name, value in _SETTINGS.items())})[^\n]*",
            Code.SETTINGS,
            Code.WRITE_PARAMETERS,
        ),
        "flag": (
            r"(?<=\s)-[A-Za-z] ?[0-9]+(?:\.[0-9]+)?(?=\s|\Z)",
            Code.ONE_DASH,
            Code.TWO_DASHES,
        ),
        "label": (
            rf"\A\s*(?i:/imagine(?!\w)(?:\s+prompt\s*:?)?|{LABEL}:(?!:))",
            Code.LABEL,
            Code.REMOVE,
        ),
        "attention": (
            rf"(?<=\))(?:\++|--+|(?=[0-9]*\.){_NUMBER})(?=[\s,]|::|\Z)"
            r"|(?<=[\w)\"'])\.(?:and|blend|swap)\([^()]*\)?"
            r"|(?<![\w\\])[a-z]{3,}\+{2,}(?=[\s,]|::|\Z)",
            Code.FORM_OF_WEIGHTS,
            Code.WRITE_WEIGHTS,
        ),
        "emphasis": (
            r"(?:(?<![\w.:-])-?[0-9]+\.[0-9]+|(?:\A|(?<=, )|(?<=:: ))-?[0-9]+)::(?=[^\W\d_])",
            Code.WEIGHT_AHEAD,
            Code.WEIGHT_BEHIND,
        ),
    }
)
# Nearly no prompt has any of them, and the pattern of all forms is slow.
SIGNS_OF_FORMS = ("AND", "BREAK", "ADD", "COUPLE", "__", "::", ")+", ")--", ").", "++", "$", "@", "<",
                  ".and(", ".blend(", ".swap(", " -", *(f"){digit}" for digit in range(10)),
                  *(f"{name}(" for name in _FUNCTIONS.replace("I?", "").split("|")))  # fmt: skip
NAMES_OF_FORMS = ("embedding:", "withlora(", "prompt", "/imagine", "steps:", "seed:", "cfg:", "scale:", "guidance:",
                  "skip:", "ensd:", "strength:", "upscale:", "size:", "hash:", "hashes:", "sampler:", "method:",
                  "scheduler:", "type:", *EMBEDDINGS,
                  *(f"{name}:" for name in (*LORA_TAGS, "hypernet")))  # fmt: skip


def keyword_advice(keyword: str) -> tuple[Sentence, Sentence]:
    """Return the message and the suggestion for a keyword."""
    return next(advice for name, advice in _KEYWORDS.items() if keyword.startswith(name))


def is_shouted(text: str, start: int, end: int) -> bool:
    """Return whether the keyword is a word of a sentence in capitals: a neighbour is, and none is in small letters."""
    if text[start:end] not in _WORDS:
        return False
    before, after = _WORD_BEFORE.search(text, max(0, start - _ROOM), start), _WORD_AFTER.match(text, end)
    neighbours = [match[1] for match in (before, after) if match]
    is_capital = any(len(word) > 1 and word.isupper() for word in neighbours)
    return is_capital and all(word == word.upper() for word in neighbours)


_WORDS = frozenset({"AND", "BREAK", "COUPLE"})
_ROOM = 64
_WORD_BEFORE = re.compile(r"([^\W\d_]+)\s+\\?\Z")
_WORD_AFTER = re.compile(r"\s+\\?([^\W\d_]+)")
