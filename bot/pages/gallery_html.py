"""The public gallery as HTML, whole without a script: a list of pictures, one of them with its recipe, and problems.

Everything that a member wrote is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from bot.pages.thumbnails import WIDTHS
from bot.store.finding.wanted import BestOf
from bot.store.gallery.pages import PublicJob, PublicPage
from engine.contract.jobs import Job, Picture

_BEST: Mapping[BestOf, str] = {
    BestOf.DAY: "Best of the day",
    BestOf.WEEK: "Best of the week",
    BestOf.MONTH: "Best of the month",
    BestOf.ALL: "Best of all time",
}
_NEWEST = "Newest"
_HASH_LENGTH = 16

_PAGE = """<!doctype html>
<html lang="en">
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
<a class="skip" href="#main">Skip to the pictures</a>
{body}
</body>
</html>
"""


def list_html(key: str, page: PublicPage, best: BestOf | None, *, is_first: bool) -> str:
    """Return a page of the list."""
    title = _NEWEST if best is None else _BEST[best]
    tiles = "\n".join(_tile(key, one, is_early=number < 6) for number, one in enumerate(page.jobs))
    shown = f'<ul class="tiles">\n{tiles}\n</ul>' if tiles else f'<p class="status">{_nothing(page, is_first)}</p>'
    body = f"""<header><h1>Gallery</h1>{_choices(key, best)}</header>
<main id="main" tabindex="-1" aria-label="{title}">
{shown}
</main>
{_turning(key, page, best, is_first)}"""
    return _PAGE.format(title=f"Gallery: {title}", body=body)


def job_html(key: str, shown: PublicJob) -> str:
    """Return the page of one job, with all of its pictures, its prompt and what it was painted with."""
    job, count = shown.job, len(shown.pictures)
    figures = "\n".join(
        f"<li>{_image(key, picture, _alt(job, number, count), WIDTHS[-1], is_early=True)}</li>"
        for number, picture in enumerate(shown.pictures, 1)
    )
    facts = "\n".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in _facts(shown).items())
    body = f"""<nav aria-label="Gallery"><a class="back" href="/gallery/{key}">Back to the gallery</a></nav>
<main id="main" class="job" tabindex="-1">
<ul class="pictures pictures--{count}">
{figures}
</ul>
<section class="recipe">
<h1>{escape(_line(job.spec.prompt))}</h1>
<dl>
{facts}
</dl>
<p class="made">A model painted this.</p>
</section>
</main>"""
    return _PAGE.format(title=escape(_short(job.spec.prompt)), body=body)


def problem_html(sentence: str, key: str | None = None) -> str:
    """Return a page that says what is wrong."""
    back = f'<p><a class="back" href="/gallery/{key}">Back to the gallery</a></p>' if key else ""
    body = f'<main id="main" tabindex="-1"><h1>Not here</h1><p class="status">{escape(sentence)}</p>{back}</main>'
    return _PAGE.format(title="Not here", body=body)


def file_name(picture: Picture, width: int) -> str:
    """Return the last part of a picture's address: it changes with the file, so that it can be kept for long."""
    digest = "".join(filter(str.isalnum, picture.object_key))[-_HASH_LENGTH:]
    return f"{picture.slot + 1}-{digest}-{width}.webp"


def _tile(key: str, one: PublicJob, *, is_early: bool) -> str:
    job, first = one.job, one.pictures[0]
    image = _image(key, first, _alt(job, 1, len(one.pictures)), WIDTHS[0], is_early=is_early)
    more = f'<span class="count">{len(one.pictures)} pictures</span>' if len(one.pictures) > 1 else ""
    prompt = escape(_line(job.spec.prompt))
    return f'<li><a href="/gallery/{key}/{job.id}">{image}<span class="prompt">{prompt}</span>{more}</a></li>'


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
    return f'<nav aria-label="Which pictures"><ul class="choices">{items}</ul></nav>'


def _turning(key: str, page: PublicPage, best: BestOf | None, is_first: bool) -> str:
    first = f"/gallery/{key}" + (f"?best={best}" if best else "")
    back = "" if is_first else f'<a href="{first}">First page</a>'
    further = ""
    if page.next_start:
        further = f'<a rel="next" href="/gallery/{key}?before={page.next_start}">Older</a>'
    elif page.next_number and best:
        further = f'<a rel="next" href="/gallery/{key}?best={best}&amp;page={page.next_number}">More</a>'
    return f'<nav class="turning" aria-label="Pages">{back}{further}</nav>' if back or further else ""


def _nothing(page: PublicPage, is_first: bool) -> str:
    if page.next_start:
        return "None of the newest pictures may be shown here. Older ones may."
    return "There are no pictures here yet." if is_first else "There is nothing more."


def _facts(shown: PublicJob) -> Mapping[str, str]:
    first = shown.pictures[0]
    facts = {
        "Model": first.recipe.get("model"),
        "Size": f"{first.width} x {first.height}",
        "Steps": first.recipe.get("steps"),
        "Guidance": first.recipe.get("guidance"),
        "Sampler": first.recipe.get("sampler"),
        "Seed": ", ".join(str(picture.seed) for picture in shown.pictures),
        "Painted": f"{shown.job.created_at:%d %B %Y}",
    }
    return {name: str(fact) for name, fact in facts.items() if fact is not None}


def _alt(job: Job, number: int, count: int) -> str:
    which = f", picture {number} of {count}" if count > 1 else ""
    return f"{_short(job.spec.prompt)}{which}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str, limit: int = 160) -> str:
    line = _line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
