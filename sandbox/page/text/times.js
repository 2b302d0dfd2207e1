// Formats times: relative when recent, and Discord's <t:...> styles.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE]];

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ dateStyle: "long" });
const full = format({ dateStyle: "full", timeStyle: "short" });
const short = format({ dateStyle: "short" });

const STYLES = {
  t: clock,
  T: format({ timeStyle: "medium" }),
  d: short,
  D: day,
  f: format({ dateStyle: "long", timeStyle: "short" }),
  F: full,
};

/** "in 5 minutes", "3 hours ago", "now". */
export function relativeTime(date, now = new Date()) {
  const seconds = (date - now) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** When a message was sent, short: "just now", "4 minutes ago", "13:05", "Yesterday, 13:05", "3/11/26, 13:05". */
export function messageTime(date, now = new Date()) {
  const age = (now - date) / 1000;
  if (age < MINUTE) return "just now";
  if (age < HOUR) return relativeTime(date, now);
  if (isSameDay(date, now)) return clock.format(date);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (isSameDay(date, yesterday)) return `Yesterday, ${clock.format(date)}`;
  return `${short.format(date)}, ${clock.format(date)}`;
}

export const clockTime = (date) => clock.format(date);
export const fullTime = (date) => full.format(date);
export const dayName = (date) => day.format(date);

/** True where both dates fall on one day of this browser's calendar. */
export function isSameDay(a, b) {
  return a.toDateString() === b.toDateString();
}

/** The text of <t:seconds:style>. */
export function stampText(date, style) {
  return style === "R" ? relativeTime(date) : (STYLES[style] ?? STYLES.f).format(date);
}

const WRITERS = {
  message: (node, date) => messageTime(date),
  relative: (node, date) => relativeTime(date),
};

/** Updates every relative time under `root`. */
export function refreshTimes(root) {
  for (const node of root.querySelectorAll("time[data-clock]")) {
    const text = WRITERS[node.dataset.clock](node, new Date(node.dateTime));
    if (node.textContent !== text) node.textContent = text;
  }
}
