// Shows the picture, lets the member paint over it by touch, mouse or keyboard, and sends the mask with a prompt.

import { Strokes } from "/masks/strokes.js";

const find = (id) => document.getElementById(id);
const board = find("board");
const size = find("size");
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let strokes = null;
let at = [0, 0];
let pointer = null;
let isSent = false;

const words = document.body.dataset;
const side = () => Math.min(board.width, board.height);
const brush = () => Math.max(1, (side() * size.value) / 100);
const isErasing = () => document.querySelector("input[name=mode]:checked").value === "erase";

async function load() {
  try {
    const response = await fetch(`${location.pathname}/about`);
    if (!response.ok) return say(await response.text(), "bad");
    show(await response.json());
  } catch {
    say(words.silent, "bad");
  }
}

function show({ prompt, width, height }) {
  [board.width, board.height] = [width, height];
  at = [width / 2, height / 2];
  strokes = new Strokes(width, height);
  find("frame").style.setProperty("--ratio", width / height);
  find("picture").alt = words.picture.replace("[prompt]", () => prompt);
  find("picture").addEventListener("error", showLost);
  find("picture").src = `${location.pathname}/picture`;
  find("prompt").value = prompt;
  find("main").hidden = false;
  say("");
  new ResizeObserver(placeCursor).observe(board);
}

async function showLost() {
  const response = await fetch(`${location.pathname}/picture`);
  if (!response.ok) say(await response.text(), "bad");
}

function say(text, kind = "") {
  const status = find("status");
  status.textContent = text;
  status.className = `status ${kind && `status--${kind}`}`;
}

function draw() {
  const pen = board.getContext("2d");
  pen.clearRect(0, 0, board.width, board.height);
  pen.drawImage(strokes.mask, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = getComputedStyle(board).color;
  pen.fillRect(0, 0, board.width, board.height);
  pen.globalCompositeOperation = "source-over";
}

function finish() {
  draw();
  const share = strokes.covered();
  find("covered").textContent = coveredBy(share);
  find("send").disabled = isSent || share === 0;
  find("undo").disabled = find("clear").disabled = strokes.isEmpty;
}

function coveredBy(share) {
  if (share === 0) return words.nothing;
  if (share === 1) return words.all;
  const written = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
  return words.share.replace("[share]", share < 0.01 ? words.little : written.format(Math.min(0.99, share)));
}

function change(what) {
  strokes[what]();
  finish();
}

function resize(by) {
  size.value = Number(size.value) + by;
  showSize();
}

function showSize() {
  size.setAttribute("aria-valuetext", words.percent.replace("[number]", size.value));
  placeCursor();
}

function placeCursor() {
  const scale = board.clientWidth / board.width;
  const { style } = find("cursor");
  style.left = `${at[0] * scale}px`;
  style.top = `${at[1] * scale}px`;
  style.width = style.height = `${brush() * scale}px`;
}

function pointOf(event) {
  const box = board.getBoundingClientRect();
  return [((event.clientX - box.left) * board.width) / box.width, ((event.clientY - box.top) * board.height) / box.height];
}

function moveTo(point) {
  at = point;
  placeCursor();
}

function moveBy([across, down], isPainting) {
  const step = Math.max(1, brush() / 2);
  const within = (value, most) => Math.min(most, Math.max(0, value));
  const next = [within(at[0] + across * step, board.width), within(at[1] + down * step, board.height)];
  if (isPainting) {
    strokes.begin(at, brush(), isErasing());
    strokes.extend(next);
    finish();
  }
  moveTo(next);
}

function toggleMode() {
  const other = document.querySelector("input[name=mode]:not(:checked)");
  other.checked = true;
}

const KEYS = {
  " ": () => { strokes.begin(at, brush(), isErasing()); finish(); },
  e: toggleMode,
  "+": () => resize(2),
  "=": () => resize(2),
  "-": () => resize(-2),
  u: () => change("undo"),
  c: () => change("clear"),
  i: () => change("invert"),
};

function press(event) {
  if (event.altKey || (event.ctrlKey || event.metaKey) && event.key !== "z") return;
  const step = STEPS[event.key];
  const act = event.key === "z" ? (event.ctrlKey || event.metaKey) && KEYS.u : KEYS[event.key.toLowerCase()];
  if (!step && !act) return;
  event.preventDefault();
  if (step) moveBy(step, event.shiftKey);
  else act();
}

function startStroke(event) {
  if (event.button !== 0 || pointer !== null) return;
  pointer = event.pointerId;
  board.setPointerCapture(pointer);
  moveTo(pointOf(event));
  strokes.begin(at, brush(), isErasing());
  draw();
}

function continueStroke(event) {
  moveTo(pointOf(event));
  if (event.pointerId !== pointer) return;
  // Browsers bundle what a fast hand does between two frames.
  for (const one of event.getCoalescedEvents?.() ?? [event]) strokes.extend(pointOf(one));
  draw();
}

function endStroke(event) {
  if (event.pointerId !== pointer) return;
  pointer = null;
  finish();
}

async function send(event) {
  event.preventDefault();
  const form = new FormData();
  form.append("mask", await strokes.file(), "mask.png");
  form.append("prompt", find("prompt").value);
  find("send").disabled = true;
  say(words.sending);
  try {
    const response = await fetch(location.pathname, { method: "POST", body: form });
    isSent = response.ok || response.status === 409;
    say(await response.text(), response.ok ? "good" : "bad");
  } catch {
    say(words.unsent, "bad");
  }
  find("send").disabled = isSent;
}

board.addEventListener("pointerdown", startStroke);
board.addEventListener("pointermove", continueStroke);
board.addEventListener("pointerup", endStroke);
board.addEventListener("pointercancel", endStroke);
board.addEventListener("keydown", press);
size.addEventListener("input", showSize);
for (const name of ["undo", "clear", "invert"]) find(name).addEventListener("click", () => change(name));
find("form").addEventListener("submit", send);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => strokes && draw());

load();
