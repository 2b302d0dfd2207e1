// Reads the summary, draws its charts, and draws them again when time, width or theme change.

import { View, parse, compile, expressionInterpreter } from "/stats/vega.js";
import { chartsOf, number, percent } from "/stats/charts.js";
import { adapterCharts, sheetsOf } from "/stats/adapters.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const views = [];
let shown = null;
let adapters = [];
let asked = 0;

const find = (id) => document.getElementById(id);

function element(tag, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

async function load(days) {
  const request = ++asked;
  say("Loading…");
  const problem = await fetchSummary(days, request);
  if (request === asked) say(problem, problem !== "");
}

async function fetchSummary(days, request) {
  try {
    const [response, listed] = await Promise.all([fetch(`/stats/summary?days=${days}`), fetch("/stats/adapters")]);
    for (const answer of [response, listed]) if (!answer.ok) return await answer.text();
    const found = [await response.json(), await listed.json()];
    if (request === asked) show(...found);
    return "";
  } catch {
    return "The bot does not answer. Is it running?";
  }
}

function say(words, isProblem = false) {
  find("status").textContent = words;
  find("status").classList.toggle("status--bad", isProblem);
}

function show(summary, learnt) {
  shown = summary;
  adapters = learnt;
  find("main").hidden = false;
  showFigures(summary);
  showCharts(summary);
  showSheet("best", summary.best);
  showSheet("worst", summary.worst);
  find("adapter-sheets").replaceChildren(...sheetsOf(adapters).map(pairsOf));
}

function pairsOf({ name, source, about, alt }) {
  const image = element("img", { src: source, loading: "lazy", alt });
  image.addEventListener("error", () => image.replaceWith(gone(alt)));
  return element("figure", {}, element("figcaption", {}, element("h3", { text: name }), element("p", { text: about })),
    element("a", { href: source, "aria-label": `Open the pictures of ${name}` }, image));
}

function showFigures({ raters, models, agreement }) {
  const ratings = models.reduce((sum, rated) => sum + rated.ratings, 0);
  const figures = [
    ["Presses", number(raters.presses)],
    ["Members who press", number(raters.members)],
    ["Ratings that stand", number(ratings)],
    ["Pairs answered by two or more", number(agreement.pairs)],
    ["Two of them agree", agreement.of_two === null ? "–" : percent(agreement.of_two)],
  ];
  find("figures").replaceChildren(...figures.map(([name, value]) =>
    element("div", {}, element("dt", { text: name }), element("dd", { text: value }))));
}

function showCharts(summary) {
  const open = new Set([...document.querySelectorAll(".chart details[open]")].map((details) => details.dataset.title));
  for (const view of views.splice(0)) view.finalize();
  const charts = chartsOf(summary);
  find("charts").replaceChildren(...charts.map((chart) => frame(chart, open.has(chart.title))));
  if (!charts.length) find("charts").append(element("p", { text: "Nothing was pressed in this time." }));
  charts.forEach((chart, index) => draw(chart, find("charts").children[index]));
  find("adapters").hidden = !adapters.length;
  const learnt = adapterCharts(adapters);
  find("adapter-charts").replaceChildren(...learnt.map((chart) => frame(chart, open.has(chart.title))));
  learnt.forEach((chart, index) => draw(chart, find("adapter-charts").children[index]));
}

function frame({ title, about, isWide, columns, rows }, isOpen) {
  const isNumber = (index) => index > 0 && rows.every((row) => /^[\d.,]+( %)?$/.test(row[index] || "0"));
  const kind = (index) => (isNumber(index) ? { class: "number" } : {});
  const head = element("tr", {}, ...columns.map((name, index) => element("th", { scope: "col", text: name, ...kind(index) })));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, index) => element("td", { text: cell, ...kind(index) }))));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const details = element("details", { "data-title": title },
    element("summary", { text: "Show as a table" }), element("div", { class: "chart__table" }, table));
  details.open = isOpen;
  return element("article", { class: isWide ? "chart chart--wide" : "chart" },
    element("h2", { text: title }), element("p", { text: about }), element("div", { class: "chart__drawing" }), details);
}

function draw({ title, drawing }, article) {
  const place = article.querySelector(".chart__drawing");
  const ink = getComputedStyle(document.body);
  const config = {
    background: null,
    font: ink.fontFamily,
    axis: { labelColor: ink.color, titleColor: ink.color, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.25, domainOpacity: 0.4, tickOpacity: 0.4 },
    axisY: { labelLimit: Math.min(170, 0.4 * place.clientWidth) },
    legend: { labelColor: ink.color, titleColor: ink.color, labelFontSize: 12, orient: "bottom", columns: Math.max(1, Math.min(4, Math.floor(place.clientWidth / LEGEND_WIDTH))) },
    view: { stroke: null },
    mark: { color: accent() },
    rule: { color: accent() },
    range: { category: dark.matches ? DARK : LIGHT },
  };
  const description = { width: place.clientWidth, height: 220, autosize: { type: "fit-x", contains: "padding" }, description: title, ...drawing };
  const { spec } = compile(description, { config, logger: silent });
  const view = new View(parse(spec, undefined, { ast: true }), { renderer: "svg", container: place, hover: true, expr: expressionInterpreter });
  views.push(view);
  view.runAsync();
}

const LEGEND_WIDTH = 110;
const accent = () => (dark.matches ? DARK : LIGHT)[0];
const LIGHT = ["#4054c4", "#1d7a52", "#b5622a", "#8a3a8f", "#277e94", "#a8354a", "#6b6f1d", "#555b66", "#c2457f", "#2f7ad1", "#7d5a3c"];
const DARK = ["#8da0ff", "#5cc294", "#efa36b", "#d58bdb", "#6cc5dc", "#f08a9a", "#c9cd6d", "#a9b0bd", "#f28dba", "#7cb7f7", "#cdaa88"];
const silent = { level() { return this; }, error() { return this; }, warn() { return this; }, info() { return this; }, debug() { return this; } };

function showSheet(id, results) {
  const none = element("li", { class: "sheet__none", text: "No rated results in this time." });
  find(id).replaceChildren(...(results.length ? results.map(resultCard) : [none]));
}

function resultCard({ prompt, model, pictures, ratings, score }) {
  const kind = pictures.length > 1 ? "sheet__pictures sheet__pictures--grid" : "sheet__pictures";
  const images = pictures.map((id, slot) => element("img", {
    src: `/stats/pictures/${id}`, loading: "lazy", alt: pictures.length > 1 ? `${prompt}, picture ${slot + 1}` : prompt,
  }));
  for (const image of images) image.addEventListener("error", () => image.replaceWith(gone(image.alt)));
  const times = ratings === 1 ? "1 rating" : `${number(ratings)} ratings`;
  return element("li", {},
    element("div", { class: kind }, ...images),
    element("div", { class: "sheet__words" },
      element("p", { class: "sheet__prompt", text: prompt, title: prompt }),
      element("p", { class: "sheet__about", text: `${score.toFixed(2)} of 4, ${times}, ${model ?? "model not recorded"}` })));
}

// In place of a picture whose file is damaged or missing.
const gone = (alt) => element("div", { class: "sheet__gone", role: "img", "aria-label": alt, text: "File missing" });

const chosen = () => document.querySelector("input[name=days]:checked").value;
const redraw = () => shown && showCharts(shown);
let resizing = 0;
document.querySelector(".range").addEventListener("change", () => load(chosen()));
dark.addEventListener("change", redraw);
addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(redraw, 150); });
load(chosen());
