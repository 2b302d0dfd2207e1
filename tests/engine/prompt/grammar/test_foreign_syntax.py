"""Prompts pasted from other programs: LoRA tags are adapters, the rest is told with what to write instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.prompt import Limits, ModelCapabilities, PromptDefaults, PromptErrors, format_errors, parse, render
from tests.engine.prompt.outcomes import error

SERVER = Limits(adapters=("ink", "paper-wash"), adapter_files={"Ink Wash v2": "ink", "paper_xl": "paper-wash"})


@pytest.mark.parametrize(
    ("text", "words", "adapters"),
    [
        ("a fox <lora:ink:0.8> in snow", "a fox in snow", ("ink:0.8",)),
        ("a fox <lora:ink>", "a fox", ("ink:1",)),
        ("<LORA:ink:1.0>a fox", "a fox", ("ink:1",)),
        ("a fox <lora:ink:-0.5:-0.5>", "a fox", ("ink:-0.5",)),
        ("a fox <lora:ink:te=0.5:unet=0.5>", "a fox", ("ink:0.5",)),
        ("a fox <lyco:ink:.5> <lora:paper_xl:1>", "a fox", ("ink:0.5", "paper-wash:1")),
        ("a fox <lora:styles/Ink Wash v2.safetensors:0.7>", "a fox", ("ink:0.7",)),
        ("a fox <lora:INK:1>", "a fox", ("ink:1",)),
        ("a fox < lora : ink : 0.8 >", "a fox", ("ink:0.8",)),
        ("a fox <lora=ink:0.8>", "a fox", ("ink:0.8",)),
        ("a fox <lora:ink:0.8> --lora paper-wash:0.5", "a fox", ("paper-wash:0.5", "ink:0.8")),
        ("a fox <lora:ink:0.8> --lora ink:0.8", "a fox", ("ink:0.8",)),
    ],
)
def test_a_lora_tag_is_an_adapter(text: str, words: str, adapters: tuple[str, ...]) -> None:
    """As `--lora` would name it; the canonical prompt says it that way."""
    result = parse(text, limits=SERVER)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert [part.text for part in result[0].parts] == [words]
    assert result[0].parameters["lora"] == adapters
    assert parse(result[0].prompt, limits=SERVER) == result


def test_a_lora_tag_in_a_set_is_of_its_option() -> None:
    result = parse("a {fox <lora:ink:1>, hen}", limits=SERVER)
    assert not isinstance(result, PromptErrors)
    assert [dict(spec.parameters) for spec in result] == [{"lora": ("ink:1",)}, {}]


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("a fox <lora:inc:0.8> in snow", "inc", "Did you mean ink?"),
        ("a fox <lora:ink:3>", "3", "Try ink:2."),
        ("a fox <lora:ink:0.8:0.2>", "0.2", "one weight"),
        ("a fox <lora:ink:1:lbw=MIDD>", "lbw=MIDD", "one weight"),
        ("a fox <lora::1>", "<lora::1>", "no name. Write <lora:ink:0.8>."),
        ("a fox <lora:>", "<lora:>", "no name"),
        ("a fox <lora>", "<lora>", "no name"),
        ("a fox < Lora : : 1 >", "< Lora : : 1 >", "no name"),
        ("a fox <lora:ink:>", ":", "no weight after the colon. Write <lora:ink:0.8>."),
        ("a fox <lora:ink:0.8> --lora ink:0.5", "ink:0.8", "conflicts with ink:0.5"),
        ("a fox --no fog <lora:ink:1>", "<lora:ink:1>", "no effect here"),
    ],
)
def test_a_lora_tag_that_cannot_be_used_is_told(text: str, place: str, told: str) -> None:
    found, message = error(text, limits=SERVER)
    assert (found, told in message) == (place, True), message


def test_a_lora_tag_that_does_not_fit_the_model_is_told() -> None:
    """As for `--lora`: by the model's abilities, and by its layers."""
    for known in (
        ModelCapabilities(name="plain", abilities=frozenset()),
        ModelCapabilities(name="plain", incompatible_adapters={"ink": "unet.x"}),
    ):
        limits = Limits(models=(known,), default_model="plain", adapters=("ink",))
        assert "plain" in error("a fox <lora:ink:1>", limits=limits)[1]


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("a fox BREAK snow", "BREAK", "::"),
        ("a cat AND a dog", "AND", "a cat:: a dog"),
        ("a cat AND a dog :1.2", "AND", "a cat:: a dog::1.2"),
        ("a cat AND_SALT a dog", "AND_SALT", "a cat:: a dog"),
        ("a cat AND_PERP a dog", "AND_PERP", "a cat:: a dog"),
        ("a cat AND_TOPK a dog", "AND_TOPK", "a cat:: a dog"),
        ("salt AND pepper", "AND", "\\AND"),
        ("a cat COUPLE a dog", "COUPLE", "\\COUPLE"),
        ("a cat COUPLE(0 0.5) a dog", "COUPLE(0 0.5)", "\\("),
        ("a cat MASK(0 0.5, 0 1) a dog", "MASK(0 0.5, 0 1)", "\\("),
        ("a cat IMASK(1, 0.5)", "IMASK(1, 0.5)", "\\("),
        ("FILL() a cat", "FILL()", "\\("),
        ("a cat AREA(0 0.5", "AREA(0 0.5", "\\("),
        ("a cat AREA()", "AREA()", "\\("),
        ("a cat STYLE(A1111, mean)", "STYLE(A1111, mean)", "\\("),
        ('("a fox").withLora(ink, 0.5)', ".withLora(ink, 0.5)", "<lora:name:0.8>"),
        ("a fox withLora(ink,0.5)", "withLora(ink,0.5)", "<lora:name:0.8>"),
        ("a fox lora:ink:0.8", "lora:ink:0.8", "<lora:name:0.8>"),
        ("a fox @lora:ink", "@lora:ink", "<lora:name:0.8>"),
        ("a fox <lora:ink:0.8", "lora:ink:0.8", "<lora:name:0.8>"),
        ('("a fox", "a hen").and()', ".and()", "::"),
        ("a cat.swap(dog)", ".swap(dog)", "::"),
        ("a fox++ in snow", "fox++", "(word:1.3)"),
        ("a (red)-- fox", "--", "(word:1.3)"),
        ("2::red fox ::", "2::", "(word:1.3)"),
        ("a <embedding:cute> fox", "<embedding:cute>", "embeddings"),
        ("a <cat-toy> in snow", "<cat-toy>", "Embeddings"),
        ("a $animal in snow", "$animal", "\\$"),
        ("a ${animal} in snow", "${animal}", "Variables"),
        ("a ${animal=fox, hen}", "${animal=fox, hen}", "Variables"),
        ("a {2$$fox, hen, cat}", "{2$$fox, hen, cat}", "{a, b}"),
        ("a {{red}} fox", "{{red}}", "(word:1.1)"),
        ("a {{{red fox}}}", "{{{red fox}}}", "(word:1.1)"),
        ("a fox // in snow", "// in snow", "\\/"),
        ("a fox //snow\nand fog", "//snow", "\\/"),
        ("a /* red */ fox", "/* red */", "\\/"),
        ("a fox\n# in snow", "# in snow", "Comments"),
        ("a <hypernet> fox", "<hypernet>", "hypernetworks"),
        ("a <comment:red> fox", "<comment:red>", "Remove it"),
        ("a [fox:hen:0.2,0.5]", "[fox:hen:0.2,0.5]", "(a:0.5)"),
        ("a fox negative_prompt: fog", "negative_prompt:", "--no"),
        ("a __animal__ in snow", "__animal__", "{red, green}"),
        ("a __animals/wild-*__", "__animals/wild-*__", "{red, green}"),
        ("a [cat:dog:0.5] in snow", "[cat:dog:0.5]", "(a:0.5)"),
        ("a [cat:10] in snow", "[cat:10]", "(a:0.5)"),
        ("a [cat::0.5] in snow", "[cat::0.5]", "(a:0.5)"),
        ("a [cat:dog: 0.5 ] in snow", "[cat:dog: 0.5 ]", "(a:0.5)"),
        ("a [(cat:1.2):dog:.5]", "[(cat:1.2):dog:.5]", "(a:0.5)"),
        ("a [cat|dog] in snow", "[cat|dog]", "{a, b}"),
        ("a {cat|dog} in snow", "{cat|dog}", "{a, b}"),
        ("a {2$$cat|dog}", "{2$$cat|dog}", "{a, b}"),
        ("a {red hair, blue eyes|green hair}", "{red hair, blue eyes|green hair}", "{a, b}"),
        ("a fox <hypernet:ink:1>", "<hypernet:ink:1>", "hypernetworks"),
        ("a fox <wildcard:animal>", "<wildcard:animal>", "{red, green}"),
        ("a <fromto[0.5]:fox,hen>", "<fromto[0.5]:fox,hen>", "{red, green}"),
        ("a fox ADDCOL a hen", "ADDCOL", "Regions"),
        ("a fox <refiner:x>", "<refiner:x>", "Remove it"),
        ("a fox embedding:cute.pt", "embedding:cute.pt", "Embeddings"),
        ("a fox (embedding:cute:1.2)", "embedding:cute", "Embeddings"),
        ("a fox --no EasyNegative, fog", "EasyNegative", "Embeddings"),
        ("a fox --no fog BREAK", "BREAK", "\\BREAK"),
        ("a fox (red)++", "++", "(word:1.3)"),
        ("a fox (red)1.3 tail", "1.3", "(word:1.3)"),
        ('("a fox", "a hen").blend(1, 2)', ".blend(1, 2)", "::"),
        ("1.2::red fox ::", "1.2::", "(word:1.3)"),
        ("a fox\nNegative prompt: fog", "Negative prompt:", "--no"),
        ("a fox\nSteps: 20, Sampler: Euler a", "Steps: 20, Sampler: Euler a", "--steps 20"),
        ("a fox, steps: 30, cfg: 7", "steps: 30, cfg: 7", "--steps 20"),
        ("a fox\nSeed: 1234", "Seed: 1234", "--seed 1"),
        ("a fox\nSampler: DPM++ 2M, Size: 512x768", "Sampler: DPM++ 2M, Size: 512x768", "--sampler euler"),
        ("a fox, Model hash: 6ce0161689", "Model hash: 6ce0161689", "--steps 20"),
        ("a fox, Clip skip: 2", "Clip skip: 2", "--steps 20"),
        ("a fox, schedule type: Karras", "schedule type: Karras", "--steps 20"),
        ("a fox -s 20", "-s 20", "two dashes"),
        ("/imagine prompt: a fox --seed 1", "/imagine prompt:", "Remove it"),
        ("Positive prompt: a fox", "Positive prompt:", "Remove it"),
        ("-1::fog ::", "-1::", "(word:1.3)"),
        ("a fox, -1.5::fog::", "-1.5::", "(word:1.3)"),
        ('{"prompt": "a fox", "seed": 1}', '{"prompt": "a fox", "seed": 1}', "the words of the prompt alone"),
        ("{'3': {'inputs': {}, 'x': []}}", "{'3': {'inputs': {}, 'x': []}}", "the words of the prompt alone"),
        ('[{"role": "user", "seed": 5}]', '[{"role": "user", "seed": 5}]', "the words of the prompt alone"),
    ],
)
def test_what_is_not_supported_is_told_with_what_to_write(text: str, place: str, told: str) -> None:
    """Each at its place, and nothing else in the prompt is wrong then."""
    found, message = error(text)
    assert (found, told in message) == (place, True), message


def test_a_form_in_a_custom_option_is_shown_there() -> None:
    result = parse("a fox --mine", PromptDefaults(options={"mine": "snow BREAK fog"}))
    assert isinstance(result, PromptErrors)
    assert "your option --mine" in format_errors(result)


ORDINARY = (
    "a ((red)) fox", "a (red:1.3) [fog] fox", "salt and pepper, break of day", "a fox__tail", "10:30 train",
    "<:fox:123> <a:fox:123> <@123>", "snake_case_words", "a cat | a dog", "Steps: up and down",
    "the embedding: a study", "girl \\(series\\)", "2:: cats", "BRANDY and BREAKFAST", "C++ code",
    "A FOX AND A HEN IN THE SNOW", "FOXES AND 狐", 'a sign that says "STOP AND GO"', "a poster, LUNCH BREAK",
    "A COUPLE IN LOVE", "seed: a plant", "a poster, size: 12x9 cm", "sampler: cross stitch", "prompt:: fox",
    "a prompt reply: yes", "a sign /imagine", "a stair of 20 steps: stone", "the scale: 7 notes", "5 -a day",
    "a -b 5c pencil",
    'the words "DO NOT BREAK THE GLASS" on a box', "AT&T AND IBM", "mail fox@example.org about it",
    "fox.and.hen@example.co.uk", "print(hello) on a screen", "f(x) = sin(x)", "console.log(fox)", "a mask (1994)",
    "a MASK on a wall", "NASA(1969)", "a $5 bill and $AAPL", "A$AP Rocky", "50% off", "either/or, 24/7",
    "AC/DC", "see example.org/a/b", "#1 fan", "the # sign", "a #hashtag", "C# and F#", "<3 and </3", "<b>bold</b>",
    "x < y > z", "Lora: a portrait of a girl", "a girl called Lora", "an A+ student, Disney+", "fox -- hen",
    "a fox; a hen: a cat", "the year 2024. 3 cats", "at 7:45 pm, 16:9", "1.5 litres", "rock 'n' roll, it's fine",
    "fill the area, mask on", "a (very (very)) old [worn] map", "¡hola! ¿qué tal?", "狐と雪", "🦊❄️", "a fox...",
    "mother-in-law", "http or ftp", "e = mc^2", "~40 foxes", "who?! me?!", "a_b", "1/2 cup",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_words_that_look_alike_stay_words(text: str) -> None:
    """Ordinary English, signs in capitals, addresses and prices are painted as they were typed."""
    result = parse(text)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert parse(result[0].prompt) == result


# Scripts without case have no sentences in capitals.
WORDS = sorted(
    {word for text in ORDINARY for word in text.lower().split() if word.isalpha() and word.islower() and word[1:]}
)


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),
    st.sampled_from([str.lower, str.capitalize, str.title, str.upper]),
    st.sampled_from(["{}", '"{}"', "({})", "{}.", "a sign: {}", "{}?!", "{}, {}"]),
)
def test_no_sentence_of_ordinary_words_is_refused(words: list[str], case: Callable[[str], str], form: str) -> None:
    """Whatever the case: in a sentence in capitals, AND and BREAK are words."""
    assume(len(words) > 2 and {words[0], words[-1]}.isdisjoint({"and", "break"}))
    sentence = case(" ".join(words))
    assert not isinstance(parse(form.format(sentence, sentence)), PromptErrors)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a \\AND b \\BREAK c", "a AND b BREAK c"),
        ("\\__x__", "__x__"),
        ("a <lora\\:ink:1> b", "a <lora:ink:1> b"),
        ("embedding\\:x", "embedding:x"),
        ("[a\\:b\\:0.5]", "[a:b:0.5]"),
        ("[a\\|b]", "[a|b]"),
        ("\\{a\\|b\\}", "{a|b}"),
        ("\\AND_SALT x", "AND_SALT x"),
        ("a \\COUPLE in love", "a COUPLE in love"),
        ("MASK\\(x\\)", "MASK\\(x\\)"),
        ("a \\$animal", "a $animal"),
        ("$\\{animal\\}", "${animal}"),
        ("a \\// b \\/* c */", "a // b /* c */"),
        ("lora\\:ink", "lora:ink"),
        ("<lora\\:\\:1>", "<lora::1>"),
        ("<fromto[0.5]\\:a>", "<fromto[0.5]:a>"),
        ("Negative prompt\\: x", "Negative prompt: x"),
    ],
)
def test_an_escaped_form_is_words(text: str, words: str) -> None:
    result = parse(text)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert [part.text for part in result[0].parts] == [words]
    assert parse(result[0].prompt) == result


PIECES = ("AND", "BREAK", "__", "x", "<lora:", "ink", ":", "0.5", ">", "[", "]", "|", "{", "}", "\\", " ", "::", "(",
          ")", "embedding:", "Steps: 2, S", "Negative prompt:", " --no ", ",", "_", "1.2", "+", "$", "/", "*", "fox",
          "COUPLE", "AND_SALT", "MASK(", "<", "-", "#", "\n", "LORA", "lora", "=", "SNOW", "A", "withLora(",
          "easynegative", ".and(", "<cat-", "2::", "// ", ", ")  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_what_is_accepted_reads_back_from_its_canonical_prompt(text: str) -> None:
    """Whatever of these forms became words by an escape stays words."""
    result = parse(text)
    assume(not isinstance(result, PromptErrors))
    for spec in result if not isinstance(result, PromptErrors) else ():
        assert parse(render(spec)) == (spec,)
