"""Finds the sentences in the source, and brings the catalogs up to date with them."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from bot.language.catalogs import ENGLISH, LANGUAGES, path_of, read_catalog
from engine.contract.exports import EXPORT_CHOICES
from engine.prompt import COMMAND_HELP, OPTION_HELP, PARAMETERS, PROMPT_HELP, Code

SOURCE = Path(__file__).parent.parent
KEYWORDS = {"_": None, "Phrase": None, "plural": (2, 3)}
_OF_PARAMETERS = tuple(text for row in PARAMETERS for text in (row.help, row.meaning) if text)
_OF_COMMANDS = (COMMAND_HELP, PROMPT_HELP, *OPTION_HELP.values(), *_OF_PARAMETERS)
PROMPT_TEXTS = (*_OF_COMMANDS, *(code.value for code in Code))
"""Those of the prompt language, which knows no other languages."""

_OF_PAGES = re.compile(r"\{\{(.+?)\}\}")
_WIDTH = 120
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def extracted() -> Catalog:
    """Return every sentence of the bot, with the files that say it, without translations."""
    found = Catalog(project="Easel", header_comment="")
    # Babel complains of f-strings, which may be what fills a field in.
    with redirect_stderr(io.StringIO()):
        texts = tuple(extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS))
    for name, _line, text, comments, context in texts:
        found.add(text, None, [(f"bot/{name}", 0)], auto_comments=comments, context=context)
    for text in PROMPT_TEXTS:
        found.add(text, None, [("engine/prompt", 0)])
    for text in EXPORT_CHOICES.values():
        found.add(text, None, [("engine/contract/exports", 0)])
    for page in sorted(SOURCE.rglob("static/*.html")):
        for text in _OF_PAGES.findall(page.read_text()):
            found.add(text, None, [(f"bot/{page.relative_to(SOURCE)}", 0)])
    return found


def update() -> None:
    """Add what is new to each catalog, without a translation, and drop what is said no more."""
    for language in LANGUAGES:
        if language != ENGLISH:
            catalog = read_catalog(language)
            catalog.update(extracted(), no_fuzzy_matching=True, update_header_comment=False)
            catalog.obsolete.clear()
            path_of(language).write_bytes(_text_of(catalog))


def _text_of(catalog: Catalog) -> bytes:
    """Return the catalog as its file has it: with nothing that changes although no sentence does, such as dates."""
    body = io.BytesIO()
    write_po(body, catalog, width=_WIDTH, sort_by_file=True, include_lineno=False, omit_header=True)
    header = _HEADER.format(language=catalog.locale, plural_forms=catalog.plural_forms)
    return header.encode() + body.getvalue()
