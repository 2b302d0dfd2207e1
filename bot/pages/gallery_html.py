"""The public gallery as HTML, whole without a script: a list of pictures, one of them with its recipe, and problems.

Everything that a member wrote is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from babel.dates import format_date

from bot.language import Phrase, _, language, plural
from bot.pages.thumbnails import WIDTHS
from bot.store.finding.wanted import BestOf
from bot.store.gallery.pages import PublicJob, PublicPage
from engine.contract.jobs import Job, Picture

_BEST: Mapping[BestOf, Phrase] = {
    BestOf.DAY: Phrase("Best of the day"),
    BestOf.WEEK: Phrase("Best of the week"),
    BestOf.MONTH: Phrase("Best of the month"),
    BestOf.ALL: Phrase("Best of all time"),
}
_NEWEST = Phrase("Newest")
_GALLERY, _BACK, _NOT_HERE = Phrase("Gallery"), Phrase("Back to the gallery"), Phrase("Not here")
_MADE, _WHICH, _PAGES = Phrase("A model painted this."), Phrase("Which pictures"), Phrase("Pages")
_FIRST, _OLDER, _MORE = Phrase("First page"), Phrase("Older"), Phrase("More")
_HASH_LENGTH = 16

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title} - Easel</title>
<link rel="icon" href="/gallery/files/icon.svg">
<link rel="stylesheet" href="/gallery/files/theme.css">
<link rel="stylesheet" href="/gallery/files/gallery.css">
</head>
<body>
<a class="skip" href="#main">{skip}</a>
{body}
</body>
</html>
"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(language=language(), skip=_("Skip to the pictures"), title=title, body=body)


def list_html(key: str, page: PublicPage, best: BestOf | None, *, is_first: bool) -> str:
    """Return a page of the list."""
    title = str(_NEWEST if best is None else _BEST[best])
    tiles = "\n".join(_tile(key, one, is_early=number < 6) for number, one in enumerate(page.jobs))
    shown = f'<ul class="tiles">\n{tiles}\n</ul>' if tiles else f'<p class="status">{_nothing(page, is_first)}</p>'
    body = f"""<header><h1>{_GALLERY}</h1>{_choices(key, best)}</header>
<main id="main" tabindex="-1" aria-label="{title}">
{shown}
</main>
{_turning(key, page, best, is_first)}"""
    return _page(_("Gallery: {title}", title=title), body)


def job_html(key: str, shown: PublicJob) -> str:
    """Return the page of one job, with all of its pictures, its prompt and what it was painted with."""
    job, count = shown.job, len(shown.pictures)
    figures = "\n".join(
        f"<li>{_image(key, picture, _alt(job, number, count), WIDTHS[-1], is_early=True)}</li>"
        for number, picture in enumerate(shown.pictures, 1)
    )
    facts = "\n".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in _facts(shown).items())
    body = f"""<nav aria-label="{_GALLERY}"><a class="back" href="/gallery/{key}">{_BACK}</a></nav>
<main id="main" class="job" tabindex="-1">
<ul class="pictures pictures--{count}">
{figures}
</ul>
<section class="recipe">
<h1>{escape(_line(job.spec.prompt))}</h1>
<dl>
{facts}
</dl>
<p class="made">{_MADE}</p>
</section>
</main>"""
    return _page(escape(_short(job.spec.prompt)), body)


def problem_html(sentence: str, key: str | None = None) -> str:
    """Return a page that says what is wrong."""
    back = f'<p><a class="back" href="/gallery/{key}">{_BACK}</a></p>' if key else ""
    body = f'<main id="main" tabindex="-1"><h1>{_NOT_HERE}</h1><p class="status">{escape(sentence)}</p>{back}</main>'
    return _page(str(_NOT_HERE), body)


def file_name(picture: Picture, width: int) -> str:
    """Return the last part of a picture's address: it changes with the file, so that it can be kept for long."""
    digest = "".join(filter(str.isalnum, picture.object_key))[-_HASH_LENGTH:]
    return f"{picture.slot + 1}-{digest}-{width}.webp"


def _tile(key: str, one: PublicJob, *, is_early: bool) -> str:
    job, first, number = one.job, one.first, len(one.pictures)
    image = _image(key, first, _alt(job, one.pictures.index(first) + 1, number), WIDTHS[0], is_early=is_early)
    counts = [plural(number, "{n} picture", "{n} pictures")] if number > 1 else []
    counts += [_likes(one)] if one.votes.number else []
    more = f'<span class="count">{" · ".join(counts)}</span>' if counts else ""
    prompt = escape(_line(job.spec.prompt))
    return f'<li><a href="/gallery/{key}/{job.id}">{image}<span class="prompt">{prompt}</span>{more}</a></li>'


def _likes(one: PublicJob) -> str:
    return plural(one.votes.number, "liked by {n} member", "liked by {n} members")


def _image(key: str, picture: Picture, alt: str, width: int, *, is_early: bool) -> str:
    scale = min(1.0, width / max(picture.width, picture.height))
    size = f'width="{round(picture.width * scale)}" height="{round(picture.height * scale)}"'
    loading = "" if is_early else ' loading="lazy"'
    source = f"/gallery/{key}/{picture.job_id}/{file_name(picture, width)}"
    return f'<img src="{source}" {size} alt="{escape(alt)}"{loading} decoding="async">'


def _choices(key: str, best: BestOf | None) -> str:
    links = [(f"/gallery/{key}", _NEWEST, best is None)]
    links += [(f"/gallery/{key}?best={one}", name, best is one) for one, name in _BEST.items()]
    items = "".join(
        f'<li><a href="{address}"{" aria-current=page" if is_here else ""}>{name}</a></li>'
        for address, name, is_here in links
    )
    return f'<nav aria-label="{_WHICH}"><ul class="choices">{items}</ul></nav>'


def _turning(key: str, page: PublicPage, best: BestOf | None, is_first: bool) -> str:
    first = f"/gallery/{key}" + (f"?best={best}" if best else "")
    back = "" if is_first else f'<a href="{first}">{_FIRST}</a>'
    further = ""
    if page.next_start:
        further = f'<a rel="next" href="/gallery/{key}?before={page.next_start}">{_OLDER}</a>'
    elif page.next_number and best:
        further = f'<a rel="next" href="/gallery/{key}?best={best}&amp;page={page.next_number}">{_MORE}</a>'
    return f'<nav class="turning" aria-label="{_PAGES}">{back}{further}</nav>' if back or further else ""


def _nothing(page: PublicPage, is_first: bool) -> str:
    if page.next_start:
        return _("None of the newest pictures may be shown here. Older ones may.")
    return _("There are no pictures here yet.") if is_first else _("There is nothing more.")


def _facts(shown: PublicJob) -> Mapping[str, str]:
    first = shown.pictures[0]
    facts = {
        _("Model"): first.recipe.get("model"),
        _("Size"): f"{first.width} x {first.height}",
        _("Steps"): first.recipe.get("steps"),
        _("Guidance"): first.recipe.get("guidance"),
        _("Sampler"): first.recipe.get("sampler"),
        _("Seed"): ", ".join(str(picture.seed) for picture in shown.pictures),
        _("Painted"): format_date(shown.job.created_at, format="long", locale=language()),
    }
    return {name: str(fact) for name, fact in facts.items() if fact is not None}


def _alt(job: Job, number: int, count: int) -> str:
    prompt = _short(job.spec.prompt)
    if count == 1:
        return prompt
    return _("{prompt}, picture {number} of {count}", prompt=prompt, number=number, count=count)


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str, limit: int = 160) -> str:
    line = _line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
