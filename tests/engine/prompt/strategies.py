"""Strategies for the property tests: prompts as people and phones write them, and random ones."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st

from engine.prompt import PARAMETERS, ParameterKind

WORDS = (
    "cat",
    "a",
    "red fox",
    "3d",
    "sea::",
    "house::2",
    "tree::-.5",
    "x::1.5.3",
    "9:16",
    "é",
    "鳥",
    "👩‍🎨",
    "e\u0301",
)
SIGNS = (
    "{",
    "}",
    ",",
    "\\",
    "\\,",
    "\\{",
    "\\}",
    "\\:",
    "\\(",
    "\\\\",
    "::",
    ":",
    "::2",
    "::-.5",
    "(",
    ")",
    "[",
    "]",
    ":1.3)",
    "--",
    "—",
    "–",
    "\\--",
    "Steps: 20",
    "prompt:",
    "/imagine",
    " -s 20",
    '{"a": 1',
    " ",
    "\n",
    "\u200b",
    "\u200d",
    "\u3000",
    "“",
    "，",
    "：",
    "\x00",
    "\ud800",
    "`",
    "https://a.org/x.png",
    "<https://a.org/y.JPG?q=1>",
    "https://a.org/none",
    "blob:https://a",
    "@",
    "=",
)

names = st.sampled_from([spelling for row in PARAMETERS for spelling in (row.name, *row.aliases)])
values = st.sampled_from(
    [
        "3:2",
        "0",
        "7",
        "-1",
        "2.5",
        "raw",
        "euler",
        "random",
        "ink:.5",
        "https://a.org/s.png::2",
        "red, green",
        "",
        "own",
    ]
)
parameters = st.builds("--{} {} ".format, names, values)
slices = st.one_of(st.sampled_from(WORDS), st.sampled_from(SIGNS), parameters, st.text(max_size=4))
signs = st.text(alphabet="{},\\:()[]-—. ar2", max_size=10)
prompts = st.one_of(
    signs, st.text(max_size=60), st.lists(slices, max_size=24).map("".join), st.lists(slices, max_size=24).map(" ".join)
)

plain_words = st.text(alphabet="abcdefgh éñ鳥", min_size=1, max_size=12).filter(str.strip)
weights = st.one_of(
    st.integers(-4, 9).map(float), st.floats(-9, 9, allow_nan=False).map(lambda weight: round(weight, 3))
)

VALUES = {
    ParameterKind.FLAG: [""],
    ParameterKind.INTEGER: ["10", "40"],
    ParameterKind.DECIMAL: ["1", "2.5", ".5"],
    ParameterKind.RATIO: ["3:2", "1920:1080", "1:1"],
    ParameterKind.CHOICE: ["raw"],
    ParameterKind.MODEL: ["starter"],
    ParameterKind.WORDS: ["red", "red, two words"],
    ParameterKind.REFERENCES: ["random", "123 https://a.org/s.png::2"],
    ParameterKind.PICTURES: ["https://a.org/c.png"],
    ParameterKind.ADAPTERS: ["ink:0.5 paper", "ink"],
    ParameterKind.CONTROL: ["edges"],
    ParameterKind.RESULTS: [f"{UUID(int=1)} {UUID(int=0xABC)}"],
}
