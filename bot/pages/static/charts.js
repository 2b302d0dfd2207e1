// The charts: each turns a summary into a title, a Vega-Lite description, and the same figures as a table.

const VERBS = {
  upscale: "Upscale", vary: "Vary", reroll: "Re-roll", rate: "Rate", cancel: "Cancel", favourite: "Favourite",
  best: "Best of four", choose: "Choose of a pair", report: "Report", delete: "Delete", save: "Save",
};
const DAY = 24 * 60 * 60 * 1000;
const SHARES = { format: "%", tickCount: 5, labelOverlap: true };
const RATINGS = ["1 awful", "2 bad", "3 good", "4 great"];
const RATING_COLOURS = ["#b5374a", "#d98a3d", "#5f9ec9", "#3553b5"];

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const number = (value) => new Intl.NumberFormat("en").format(value);
const verbName = (verb) => VERBS[verb] ?? verb;

export function chartsOf(summary) {
  return [activity(summary), raters(summary), ...summary.slots.map(slots), ratedModels(summary), ratedPrompts(summary)]
    .filter((chart) => chart.rows.length);
}

function activity({ days, since, made_at }) {
  const values = days.map(({ day, verb, presses }) => ({ day, verb: verbName(verb), presses }));
  return {
    title: "Presses a day",
    about: "By what was pressed, on days in UTC.",
    isWide: true,
    drawing: {
      data: { values },
      mark: { type: "bar", tooltip: true },
      encoding: {
        x: { field: "day", type: "ordinal", title: null, scale: { domain: allDays(days, since, made_at) }, axis: { labelAngle: 0, labelOverlap: "greedy", labelSeparation: 12, labelBound: true, labelPadding: 8, ticks: false } },
        y: { field: "presses", type: "quantitative", aggregate: "sum", title: "presses" },
        color: { field: "verb", type: "nominal", title: null },
      },
    },
    columns: ["Day", "Button", "Presses"],
    rows: values.map(({ day, verb, presses }) => [day, verb, number(presses)]),
  };
}

// Every day from the first of the time that was asked for, or of the presses, to the last.
function allDays(days, since, made_at) {
  const first = Math.min(...[since ?? made_at, ...days.map(({ day }) => day)].map((day) => Date.parse(day.slice(0, 10))));
  const count = Math.floor((Date.parse(made_at) - first) / DAY) + 1;
  return Array.from({ length: count }, (_, index) => new Date(first + index * DAY).toISOString().slice(0, 10));
}

function raters({ raters: { lorenz, gini, members } }) {
  const values = lorenz.map(([people, presses]) => ({ people, presses }));
  const share = (field, title) => ({ field, type: "quantitative", title, axis: SHARES, scale: { domain: [0, 1] } });
  return {
    title: "How the presses are spread over members",
    about: members > 1 ? `The half of ${number(members)} members who press least make ${percent(pressesOfHalf(lorenz))} of all presses. Gini coefficient ${gini.toFixed(2)}.` : "One member made all presses.",
    drawing: {
      encoding: { x: share("people", "members, those who press least first"), y: share("presses", "presses") },
      layer: [
        { data: { values: [{ people: 0, presses: 0 }, { people: 1, presses: 1 }] }, mark: { type: "line", strokeDash: [4, 4], opacity: 0.6, color: "#888888" } },
        { data: { values }, mark: { type: "line", tooltip: true, strokeWidth: 2.5 } },
      ],
    },
    columns: ["Members", "Presses"],
    rows: values.map(({ people, presses }) => [percent(people), percent(presses)]),
  };
}

function pressesOfHalf(lorenz) {
  const index = lorenz.findIndex(([people]) => people >= 0.5);
  if (index < 1) return 0;
  const [[x0, y0], [x1, y1]] = [lorenz[index - 1], lorenz[index]];
  return y0 + ((0.5 - x0) / (x1 - x0)) * (y1 - y0);
}

function slots({ verb, num_slots, shares, p_value }) {
  const names = verb === "choose" ? ["left", "right"] : shares.map((_, slot) => `${slot + 1}`);
  const values = shares.map((share, slot) => ({ slot: names[slot], ...share }));
  const total = shares[0].total;
  const bias = p_value < 0.01 ? "The slots differ more than by chance" : "The differences may be chance";
  return {
    title: `${verbName(verb)}: which of ${num_slots} pictures`,
    about: `${number(total)} choices, with 95 % intervals. ${bias} (p = ${p_value.toPrecision(2)}).`,
    drawing: {
      data: { values },
      encoding: { y: { field: "slot", type: "nominal", title: "slot" } },
      layer: [
        { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: { field: "low", type: "quantitative", title: "share of the choices", axis: SHARES, scale: { zero: true } }, x2: { field: "high" } } },
        { mark: { type: "point", filled: true, size: 70, opacity: 1, tooltip: true }, encoding: { x: { field: "share", type: "quantitative" } } },
        { mark: { type: "rule", strokeDash: [4, 4], opacity: 0.6, color: "#888888" }, encoding: { x: { datum: 1 / num_slots }, y: null } },
      ],
    },
    columns: ["Slot", "Choices", "Share", "95 % interval"],
    rows: values.map(({ slot, count, share, low, high }) => [slot, number(count), percent(share), `${percent(low)} to ${percent(high)}`]),
  };
}

function ratings(title, about, named, heading) {
  const values = named.flatMap(({ name, counts }, order) =>
    counts.map((count, index) => ({ name, order, rating: RATINGS[index], index, count })));
  return {
    title,
    about,
    drawing: {
      data: { values },
      height: { step: 26 },
      mark: { type: "bar", tooltip: true },
      encoding: {
        y: { field: "name", type: "nominal", title: null, sort: { field: "order" } },
        x: { field: "count", type: "quantitative", stack: "normalize", title: "share of the ratings", axis: SHARES },
        color: { field: "rating", type: "nominal", title: null, scale: { domain: RATINGS, range: RATING_COLOURS } },
        order: { field: "index" },
      },
    },
    columns: [heading, ...RATINGS, "Mean"],
    rows: named.map(({ name, counts, mean }) => [name, ...counts.map(number), mean === null ? "" : mean.toFixed(2)]),
  };
}

function ratedModels({ models }) {
  const named = models.map((rated) => ({ ...rated, name: rated.model ?? "not recorded" }));
  return ratings("Ratings by model", "Ratings that stand; changed ones count once.", named, "Model");
}

function ratedPrompts({ prompts }) {
  const named = prompts.map((rated) => ({ ...rated, name: rated.prompt }));
  return ratings("Ratings by prompt", "The prompts with most ratings.", named, "Prompt");
}
