"""The chat page's rendering of Discord markdown and times."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser import BROWSER
from tests.sandbox.page.discord_objects import ADA, BEN, EASEL, GALLERY, message, sandbox_state
from tests.sandbox.page.fake_discord import FakeDiscord

pytestmark = BROWSER

CASES = {
    "**bold** *it* _it_": "<p><strong>bold</strong> <em>it</em> <em>it</em></p>",
    "__under__ ~~gone~~": "<p><u>under</u> <s>gone</s></p>",
    "***both*** and **a *b* c**": "<p><strong><em>both</em></strong> and <strong>a <em>b</em> c</strong></p>",
    "snake_case_name 2 * 3 * 4": "<p>snake_case_name 2 * 3 * 4</p>",
    r"\*not\* `**code**`": "<p>*not* <code>**code**</code></p>",
    "# One\n### Three\n-# small": "<h3>One</h3><h5>Three</h5><p>small</p>",
    "> a\n> b\nafter": "<blockquote><p>a\nb</p></blockquote><p>after</p>",
    "before\n>>> a\n\nb": "<p>before</p><blockquote><p>a\n\nb</p></blockquote>",
    "- a\n- b\n\n3. c": "<ul><li>a</li><li>b</li></ul><p></p><ol><li>c</li></ol>",
    "```py\nx = '**1**'\n```": "<pre><code>x = '**1**'</code></pre>",
    "[site](https://example.org) <https://a.org/b_c_d>": "<p><a>site</a> <a>https://a.org/b_c_d</a></p>",
    "[bad](javascript:alert(1)) <script>": "<p>[bad](javascript:alert(1)) &lt;script&gt;</p>",
    f"<@{ADA['id']}> <#{GALLERY}> <@&1> </imagine:5> <@99>": (
        "<p><span>@Ada</span> <span>#gallery</span> <span>@role</span> <span>/imagine</span> "
        "<span>@Unknown user</span></p>"
    ),
    "**open ||spoil *t": "<p>**open ||spoil *t</p>",
}
BARE = """node => {
  const copy = node.cloneNode(true);
  for (const each of copy.querySelectorAll("*")) each.getAttributeNames().forEach((name) => each.removeAttribute(name));
  return copy.innerHTML;
}"""


async def test_markdown_is_read_as_discord_reads_it(page: Page, discord: FakeDiscord) -> None:
    """Each text becomes these elements and no others."""
    discord.state = sandbox_state(studio=[message(BEN, source) for source in CASES])
    await page.goto(discord.url)
    texts = page.locator(".message__text")
    await expect(texts).to_have_count(len(CASES))
    read = [await text.evaluate(BARE) for text in await texts.all()]
    assert dict(zip(CASES, read, strict=True)) == CASES


HOSTILE = [
    "*" * 4000,
    "||" * 2000,
    "[" * 4000,
    "`" * 3999,
    "**a _b ~~c " * 360,
    ">" * 4000,
    "```" * 1333,
    "<@" * 2000,
    "_a" * 2000,
]
LENGTHS = """async (sources) => {
  const { parseMarkdown } = await import("/page/text/markdown.js");
  const text = (nodes) => nodes.map((n) => n.value ?? text(n.children ?? [])).join("");
  return sources.map((source) => text(parseMarkdown(source)).length);
}"""


async def test_hostile_text_is_read_to_its_end(visit: Page) -> None:
    """Thousands of unclosed marks neither hang the page nor overflow its stack."""
    lengths = await visit.evaluate(LENGTHS, HOSTILE)
    assert len(lengths) == len(HOSTILE)


async def test_spoilers_open_on_demand(visit: Page, discord: FakeDiscord) -> None:
    """A spoiler is hidden until it is pressed, by mouse or keyboard."""
    await discord.push("MESSAGE_CREATE", message(BEN, "it is ||a fox||"))
    cover = visit.get_by_role("button", name="Spoiler, press to reveal")
    await expect(visit.locator(".spoiler__text")).to_have_css("opacity", "0")
    await cover.focus()
    await visit.keyboard.press("Enter")
    await expect(visit.locator(".spoiler__text")).to_have_css("opacity", "1")


async def test_links_to_messages_lead_there(visit: Page, discord: FakeDiscord) -> None:
    """The address of a message of this server is a button that opens its channel and shows it; others are links."""
    there = message(BEN, "the one", channel_id=GALLERY)
    await discord.push("MESSAGE_CREATE", there)
    address = "https://discord.com/channels/{}/{}/{}"
    text = f"{address.format(1, GALLERY, there['id'])} {address.format(2, 3, 4)}"
    await discord.push("MESSAGE_CREATE", message(EASEL, text))
    await expect(visit.get_by_role("link", name=address.format(2, 3, 4))).to_be_visible()
    await visit.get_by_role("button", name="#gallery › message").click()
    await expect(visit.locator(f"[data-message-id='{there['id']}']")).to_be_focused()


async def test_links_leave_safely(visit: Page, discord: FakeDiscord) -> None:
    """A link opens in a new tab without a referrer."""
    await discord.push("MESSAGE_CREATE", message(BEN, "https://example.org/a?b=c."))
    link = visit.get_by_role("link", name="https://example.org/a?b=c", exact=True)
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(link).to_have_attribute("target", "_blank")


async def test_times_are_relative_and_told_in_full(visit: Page, discord: FakeDiscord) -> None:
    """A fresh message is from just now, its full time is a hover away; <t:..:R> is relative."""
    await discord.push("MESSAGE_CREATE", message(BEN, "<t:0:D> <t:946684800:R>"))
    await expect(visit.locator(".message__time")).to_have_text("just now")
    await expect(visit.locator(".stamp").first).to_have_text("1 January 1970")
    await expect(visit.locator(".stamp").last).to_contain_text("years ago")
    assert await visit.locator(".message__time").get_attribute("title")
