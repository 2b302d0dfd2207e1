"""What is said about a prompt, as data: the code of a sentence and its fields. The English of each code is here alone.

`str` of a sentence is its English, as the API, the `easel` command and logs print it. Who speaks other languages calls
`written` with what translates the English of a code; braces that are no fields are doubled in it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, unique
from typing import NamedTuple, TypeAlias


@unique
class Code(Enum):
    """Which sentence, or which words within one, in English.

    Fields: `text`, `value` and `name` are quoted from the prompt, `parameter` is spelled with its dashes.
    """

    TWO_SENTENCES = "{first} {second}"
    AND = "{others} and {last}"
    MORE_ERRORS = "... and {count} more."
    IN_OPTION = "In the option {name}:"
    IN_FIELD = "In the field {name}:"
    IN_OWN_OPTION = "In your option --{name}:"
    IN_SUFFIX = "In your suffix:"
    IN_NAME = "In the name:"

    REMOVE = "Remove it."
    LEAVE_OUT = "Leave it out."
    REMOVE_ONE = "Remove one of them."
    REMOVE_OTHERS = "Remove the others."
    WRITE = "Write {text}."
    TRY = "Try {text}."
    FOR_EXAMPLE = "For example {text}."
    DID_YOU_MEAN = "Did you mean {name}?"
    AVAILABLE = "Available: {names}."
    NONE_AVAILABLE = "None are available on this server. Remove it."

    TEXT_TOO_LONG = "The text has {length} characters. The limit is {limit}."
    EXPANDED_TOO_LONG = "With everything expanded, the prompt has {length} characters. The limit is {limit}."
    OPTIONS_TOO_LONG = "With your custom options expanded, the prompt has {length} characters. The limit is {limit}."
    SHORTEN = "Shorten it."
    SHORTEN_OPTION = "Shorten the option."
    SUFFIX_OF_WORDS = "A suffix can only contain parameters."
    START_SUFFIX = "Start it with --, or use a custom option for words."
    NAME_INVALID = "A name starts with a letter, followed by up to 31 letters, digits, _ or -."
    NAME_TAKEN = "--{name} is already a parameter."
    OTHER_NAME = "Choose another name."
    TOO_MANY_JOBS = "This creates {count} jobs. The limit is {limit}."
    FAR_TOO_MANY_JOBS = "This creates more than {count} jobs. The limit is {limit}."
    FEWER_OPTIONS = "Remove some options."
    TOO_MANY_RELAXED = "--relax allows {limit} job at a time, and this prompt creates {count}."
    ONE_AT_A_TIME = "Remove --relax, or send them one at a time."
    UNREADABLE = "Unreadable character ({name})."
    BRACE_OPEN = "This {{ is not closed."
    CLOSE_BRACE = "Add }}, or write \\{{ for a literal brace."
    BRACE_UNMATCHED = "This }} has no matching {{."
    LITERAL_BRACE = "Write \\}} for a literal brace."
    BRACES_EMPTY = "These braces are empty."
    ADD_OPTIONS = "Add options, for example {{a, b}}."
    NO_WORDS = "The prompt has no words."
    DESCRIBE = "Describe what the pictures should show."
    ONE_PICTURE = "One picture is not enough."
    ADD_WORDS_OR_PICTURE = "Add words, or another picture."

    UNKNOWN_PARAMETER = "Unknown parameter --{name}."
    LOWER_CASE = "Use lower case: --{name}."
    LITERAL_DASH = "For a literal dash, write \\--."
    CONFLICT = "{parameter} conflicts with {text}."
    NEEDS_VALUE = "{parameter} needs a value."
    NEEDS_WORDS = "{parameter} needs words."
    WORDS_AFTER_VALUE = "{parameter} takes one value, but more words follow."
    WORDS_AFTER_TWO = "{parameter} takes two results, but more words follow."
    WORDS_AFTER_FLAG = "{parameter} takes no value, but more words follow."
    MOVE_WORDS = "Move the words before the first --."
    OUT_OF_RANGE = "{parameter} must be between {low} and {high}."
    INVALID_VALUE = "{parameter} takes {values}, not {text}."
    UNKNOWN_VALUE = "Unknown {parameter} value {value}."
    UNKNOWN_MODEL = "Unknown model {name}."
    UNKNOWN_STYLE = "Unknown style {name}."
    WEIGHT_IN_NO = "{parameter} does not support weights."
    WEIGHT_BEFORE = "Write words::-2 before the first parameter instead."
    LINK_IN_NO = "{parameter} takes words, not links."
    STYLE_WEIGHT = "The weight of a style must be greater than 0 and at most {limit}."
    ADAPTER_WEIGHT = "The weight of an adapter is a number, not {text}."
    ADAPTER_WEIGHT_RANGE = "The weight of an adapter must be between {low} and {high}."
    WEIGHT_MISSING = "The weight is missing."
    NO_EFFECT_WITHOUT = "{parameter} has no effect without {needed}."
    ADD_NEEDED = "Add {needed} or remove the parameter."
    NEEDS_TWO = "{parameter} needs two results."
    BETWEEN_PICTURES = "With --between, the pictures are painted from the two results alone."
    A_PICTURE = "a picture"
    TWO_ENDS = "exactly two pictures or two parts (a cat:: a dog)"

    NOTHING = "nothing"
    WHOLE_NUMBER = "a whole number from {low} to {high}"
    NUMBER = "a number from {low} to {high}"
    RATIO = "two whole numbers, width:height"
    MODEL_NAME = "the name of a model"
    MODEL_VERSION = "a model's version"
    VERSION_OR_NOTHING = "a version, or nothing"
    WORD_LIST = "words, separated by commas"
    STYLES = "picture links, style codes or random"
    PICTURE_LINKS = "picture links"
    ADAPTERS = "name or name:weight, separated by spaces, each weight from {low} to {high}"
    CONTROL_NAME = "the name of a ControlNet"
    RESULT_IDS = "two results, by their ids or message links"

    BLOB_LINK = "A blob: link works only in your own browser."
    NO_WEB_LINK = "This is not a web link. It must start with http:// or https://."
    NUMBERED_LINK = "Links with a number in brackets as address are not supported."
    NO_PICTURE_LINK = "This is not a picture link. It must end in .png, .gif, .webp, .jpg or .jpeg."
    UPLOAD = "Upload the picture and paste its link."
    NAME_SERVER = "Use a link with the name of its server, or upload the picture."
    LINK_TOUCHES = "There is no space before this link."
    MOVE_LINK_APART = "Add a space before it, or write https\\:// for literal text."
    PICTURE_WEIGHT = "The weight of a picture must be greater than 0 and at most {limit}."
    EXCLUDE_WITH_NO = "To exclude something, use --no."
    WEIGHT_WITHOUT_WORDS = "This weight has no words before it."
    WORDS_THEN_WEIGHT = "Write the words, then :: and the number."
    WEIGHT_RANGE = "A weight must be between {low} and {high}."
    ONLY_RATIO = "Only the ratio of weights matters."
    WEIGHT_SUM = "The weights add up to {sum}. The sum must be greater than 0."
    EXCLUDE_AFTER = "A weight applies to all words before it. Write :: before the words to exclude."
    ONE_LIST = "Use one list: {text}."
    RAISE_WEIGHT = "Raise a positive weight, or move a negative one closer to 0."
    BRACKET_WEIGHT = "The weight of words in brackets must be 0 to {limit}, not {weight}."
    LITERAL_BRACKETS = "For literal brackets, write \\( and \\)."

    UNSUPPORTED = "{what} is not supported."
    PARTS_FOR_AND = "Write a cat:: a dog::1.2 for parts with weights, or \\AND for the word."
    PARTS_FOR_BREAK = (
        "Remove it: long prompts are split automatically. For separate parts write ::, for the word \\BREAK."
    )
    REGIONS = "Regions are not supported."
    PLACES = "Describe where things are in words."
    PLACES_OR_COUPLE = "Describe where things are in words. For the word, write \\COUPLE."
    FUNCTION = "This function is not supported."
    SAY_IN_WORDS = "Say it in words, or write \\( and \\) for literal brackets."
    WILDCARD = "Wildcards are not supported."
    LIST_OPTIONS = "List the options, as in {{red, green}}, for one job each."
    VARIABLE = "Variables are not supported."
    LITERAL_DOLLAR = "Write what it stands for, or \\$ for the sign."
    EMBEDDING = "Embeddings are not supported."
    REMOVE_OR_WRITE_OUT = "Remove it, or write what it stands for."
    NEGATIVE_PROMPT = "A negative prompt is written differently here."
    WRITE_NO = "Write --no and the words, separated by commas, after the prompt."
    SETTINGS = "Settings are written differently here."
    WRITE_PARAMETERS = "Write parameters, such as --steps 20 --cfg 7 --seed 1 --sampler euler."
    ONE_DASH = "Parameters begin with two dashes here."
    TWO_DASHES = "Write --steps 20 or --seed 1, or \\- for a literal dash."
    LABEL = "The prompt begins after this."
    FORM_OF_WEIGHTS = "This form of weights is not supported."
    WRITE_WEIGHTS = "Write (word:1.3) for a weight, or a cat:: a dog::1.2 for parts with weights."
    WEIGHT_AHEAD = "A weight before its words is not supported."
    WEIGHT_BEHIND = "Write (word:1.3), or word::1.3 for a part of its own."
    ALTERNATING = "[a|b] is not supported: words cannot alternate."
    MIX = "Write {{a, b}} for one job each, or a:: b to mix them."
    SCHEDULED = "[a:b:0.5] is not supported: words cannot change during the steps."
    CHOOSE_ONE = "Choose one of them, or write (a:0.5) for a weight."
    COMMENT = "Comments are not supported: they would be painted."
    LITERAL_SLASH = "Remove it, or write \\/ for a literal slash."
    REMOVE_LINE = "Remove the line."
    JSON = "This is data of another program, not a prompt."
    WORDS_ALONE = "Write the words of the prompt alone."
    BRACES_AROUND_BRACES = "Braces around braces have no effect."
    SET_OR_WEIGHT = "Write {{a, b}} for one job each, or (word:1.1) for a weight."
    COUNTED_OPTIONS = "A number of options is not supported."
    SET = "Write {{a, b}} for one job each."
    BAR = "Options in braces are separated by commas."
    LITERAL_BAR = "Write {{a, b}}, or \\| for a literal bar."
    VARIANTS = "For several variants, write {{red, green}}."
    NO_HYPERNETWORKS = "Easel has no hypernetworks. Remove it."
    NO_EMBEDDINGS = "Easel has no embeddings. Remove it."
    NO_REGIONS = "Easel has no regions. Remove it."
    PARAMETERS_INSTEAD = "Write parameters such as --model instead."

    LORA_WRITTEN_OTHERWISE = "A LoRA is written differently here."
    LORA_FORMS = "Write <lora:name:0.8>, or --lora name:0.8 after the prompt."
    LORA_WITHOUT_NAME = "This LoRA has no name."
    LORA_WITHOUT_WEIGHT = "This LoRA has no weight after the colon."
    LORA_WITH_WEIGHTS = "A LoRA has one weight here."
    LORA_AFTER_WORDS = "A LoRA has no effect here."
    LORA_BEFORE_PARAMETERS = "Write it before the first parameter."

    WRITE_CREF = "Write --cref with a link to a picture."
    WRITE_CW = "Write --cw, which goes with --cref."
    STYLE_VERSION = "Remove it: style versions are Midjourney's."
    NOTHING_LIKE_IT = "Remove it: this release of Easel has nothing like it."
    UPSCALE_INSTEAD = "Upscale a picture of the grid instead."
    CHOOSE_MODEL = "Choose a model with --model."
    GRID_BUTTONS = "Remove it and use the buttons below the grid."
    ZOOM_BUTTONS = "Remove it and use the zoom buttons under a picture."
    TRY_RATIO = "Try --ar with width:height."
    FILMS_REPEAT = "Remove it: films play again and again."

    NOT_WITH_MODEL = "{what} is not available with {model}."
    NOT_ON_SERVER = "{what} is not available on this server."
    START_PICTURE = "A picture"
    ABLE_MODEL = "Remove it, or choose a model that supports it: --model {model}."
    NO_ABLE_MODEL = "Remove it: no model on this server supports it."
    OTHER_MODEL = "Choose another model with --model."
    REMOVE_OR_OTHER_MODEL = "Remove it, or choose another model with --model."
    ONLY_VARIES = "{model} can only vary existing pictures."
    STEPS_OF_MODEL = "{parameter} must be between 1 and {most} with {model}."
    STEPS_OF_SAMPLER = "The sampler {sampler} supports at most {most} steps, and this job has {steps}."
    SAMPLER_UNSUPPORTED = "{model} does not support the sampler {sampler}."
    ADAPTER_UNFIT = "{name} does not fit {model}: {reason}."
    FOR_FAMILY = "it is for family {family}"
    FOR_MODEL = "it is for model {model}"
    DAMAGED = "its file is damaged or is not a safetensors file"
    NO_LORA = "it contains no LoRA tensors"
    QUANTIZED = "{layer} is quantized, and LoRAs must be of 16 or 32 bits"
    OTHER_KIND = (
        "{layer} is not a plain LoRA but {kind} ({tensor}), which is not supported. Use a plain LoRA in its place, or"
        " merge it into the model with the program that made it and register that model"
    )
    LOHA = "a LoHa"
    LOKR = "a LoKr"
    OFT = "an OFT"
    GLORA = "a GLoRA"
    DORA = "a DoRA"
    IA3 = "an IA3"
    THIRD_MATRIX = "a LoRA with a third matrix (CP decomposition)"
    FULL_DIFFERENCE = "a full difference"
    NOT_WHOLE = "{layer} is not whole"
    UNEQUAL_RANKS = "{layer} has matrices of different ranks"
    EMPTY_LAYER = "{layer} is empty"
    METADATA_WRONG = "its metadata cannot be read or contradicts its layers"
    OTHER_PREDICTION = "it is made for models that predict something else"
    FITTING_ADAPTERS = "Remove it, or use one that fits: {names}."
    BRACKETS_UNSUPPORTED = "{model} does not support weights in brackets."
    STYLE_CODE = "A style is a picture here: style codes are Midjourney's."
    STYLE_LINK = "Give a link to a picture in that style."
    RATIO_BEYOND_SIZES = "{model} does not support {ratio}, only ratios from {tallest} to {widest}."
    RATIO_BEYOND_SIDES = "{model} does not support {ratio}. Its sides must be {least} to {most} pixels."
    NO_CONTROL = "No ControlNet is installed for {model}."
    CONTROL_UNKNOWN = "{model} has no ControlNet {name}."
    MODEL_WITH_CONTROL = "Remove it, or choose a model that has it: {model}."
    ONE_CONTROL_PICTURE = "--control reads one picture."
    CONTROL_WITHOUT_WORDS = "With --control, the words say what to paint, and there are none."
    ADD_WORDS = "Add words."
    CONTROL_STARTS_FROM_NOISE = "{parameter} has no effect with --control, because the pictures start from noise."

    OWN_WORDS = "With --between, the words are those of the two results. Remove yours."
    OWN_SETTING = "{parameter} is not what the two results were painted with. Remove it."
    END_FROM_PICTURE = (
        "{name} was not painted from words alone, so that nothing lies between it and another result. Choose a grid"
        " of /imagine without pictures, --chaos, --interpolate or --between."
    )
    ENDS_OF_MODELS = "The two results are of different models, {one} and {other}. Choose two of the same model."
    ENDS_OF_SHAPES = "The two results have different shapes, {one} and {other}. Choose two of the same shape."
    ENDS_OF_SETTINGS = (
        "The two results were painted with different values of {parameter}. Choose two that are painted alike."
    )
    RESULT_UNKNOWN = "There is no finished grid {name}. Copy the link of its message, or choose it in /between."

    CONTRADICTION = "The prompt asks for {words} and excludes it too. Remove one of the two."
    CONTRADICTIONS = "The prompt asks for {words} and excludes them too. Remove one of the two."
    SIMPLE_SHAPES = "simple shapes"
    UNKNOWN_SUBJECTS = (
        "The model {model} paints {paints}: {words}. Your prompt has none of them. For anything else, install a real"
        " model with easel models add."
    )
    STYLE_UNTRAINED = "No style of the community has been trained for {model} yet, so {parameter} changes nothing."
    ONE_FOR_NEW_GRIDS = "{parameters} changes nothing here, only in new grids."
    SEVERAL_FOR_NEW_GRIDS = "{parameters} change nothing here, only in new grids."
    ONE_FOR_FILMS = "{parameters} changes nothing here, only in films: use /animate."
    SEVERAL_FOR_FILMS = "{parameters} change nothing here, only in films: use /animate."
    ONE_WITHOUT_EFFECT = "{parameters} changes nothing with {other}."
    SEVERAL_WITHOUT_EFFECT = "{parameters} change nothing with {other}."
    PICTURES_UNREAD = "Pictures in the prompt change nothing here: {model} has no IP-Adapter that reads them."
    TILE_WITHOUT_EFFECT = "--tile changes nothing here: what is painted ends at the picture that is kept."


class Sentence(NamedTuple):
    """A sentence, or words within one: its code, and the fields by name. A whole number counts something."""

    code: Code
    fields: tuple[tuple[str, Field], ...] = ()

    def __str__(self) -> str:
        return written(self)


Field: TypeAlias = "str | int | Sentence"
Told: TypeAlias = "str | Sentence"
"""A text is said already, and shown as it is."""


def sentence(code: Code, /, **fields: Field) -> Sentence:
    """Return the sentence of that code with these fields."""
    return Sentence(code, tuple(fields.items()))


def written(told: Told, translated: Callable[[str], str] = str, number: Callable[[int], str] = "{:,}".format) -> str:
    """Return what is told as text, in English unless `translated` and `number` write another language."""
    if isinstance(told, str):
        return told
    filled = {
        name: number(field) if isinstance(field, int) else written(field, translated, number)
        for name, field in told.fields
    }
    return translated(told.code.value).format(**filled)
