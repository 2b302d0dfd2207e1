// The charts of trained adapters: loss, win rate and distance from the model, a round for each adapter, oldest first.

import { number, percent } from "/stats/charts.js";

const SHARES = { format: "%", tickCount: 5, labelOverlap: true };
const LOSSES_SHOWN = 5;
const STATES = {
  trained: "not judged yet", candidate: "not decided on", promoted: "promoted", rolled_back: "taken out again", refused: "not promoted",
};
const REWARD = "reward model";
const MEMBERS = "members, blind";

export function adapterCharts(adapters) {
  const rounds = adapters.map((adapter, index) => ({ ...adapter, round: `${index + 1}` }));
  return [winRates(rounds), distances(rounds), losses(rounds)].filter((chart) => chart.rows.length);
}

export function sheetsOf(adapters) {
  return adapters.filter(({ has_sheet }) => has_sheet).reverse().map((adapter) => ({
    name: adapter.name,
    source: `/stats/adapters/${adapter.name}.jpg`,
    about: `${STATES[adapter.state]}${adapter.is_outdated ? ", to be trained anew" : ""}. ${number(adapter.preferences)} votes of ${number(adapter.members)} members, ${adapter.trained_at.slice(0, 10)}.`,
    alt: `Pairs of pictures from the same seeds: left before ${adapter.name}, right with it`,
  }));
}

function winRates(rounds) {
  const values = rounds.flatMap(({ round, name, win_rate, votes }) => [
    win_rate && { round, name, judge: REWARD, wins: win_rate.count, total: win_rate.total, low: win_rate.low, high: win_rate.high },
    votes?.total && { round, name, judge: MEMBERS, wins: votes.wins, total: votes.total, low: votes.low, high: votes.high },
  ].filter(Boolean)).map((value) => ({ ...value, share: value.wins / value.total }));
  return {
    title: "Win rate by round",
    about: "How often pictures with the new adapter win against those before it, with 95 % intervals. Half is chance.",
    drawing: {
      data: { values },
      encoding: { x: { field: "round", type: "nominal", sort: null, title: "round", axis: { labelAngle: 0 } }, xOffset: { field: "judge" }, color: { field: "judge", type: "nominal", title: null } },
      layer: [
        { mark: { type: "rule", strokeWidth: 2 }, encoding: { y: { field: "low", type: "quantitative", title: "wins", axis: SHARES, scale: { domain: [0, 1] } }, y2: { field: "high" } } },
        { mark: { type: "point", filled: true, size: 70, opacity: 1, tooltip: true }, encoding: { y: { field: "share", type: "quantitative" } } },
        { mark: { type: "rule", strokeDash: [4, 4], opacity: 0.6 }, encoding: { y: { datum: 0.5 }, x: null, xOffset: null, color: { value: "#888888" } } },
      ],
    },
    columns: ["Round", "Adapter", "Judged by", "Wins", "Of", "Share", "95 % interval"],
    rows: values.map(({ round, name, judge, wins, total, share, low, high }) => [round, name, judge, number(wins), number(total), percent(share), `${percent(low)} to ${percent(high)}`]),
  };
}

function distances(rounds) {
  const values = rounds.filter(({ distance }) => distance !== null).map(({ round, name, distance }) => ({ round, name, distance }));
  return {
    title: "Distance from the model by round",
    about: "The norm of what the adapter adds, relative to the weights that it adds to. If it grows while the win rate does not, the adapter learns too much.",
    drawing: {
      data: { values },
      mark: { type: "line", point: { size: 70 }, tooltip: true, strokeWidth: 2.5 },
      encoding: {
        x: { field: "round", type: "nominal", sort: null, title: "round", axis: { labelAngle: 0 } },
        y: { field: "distance", type: "quantitative", title: "relative change", axis: { format: ".1%", tickCount: 5 }, scale: { zero: true } },
      },
    },
    columns: ["Round", "Adapter", "Distance"],
    rows: values.map(({ round, name, distance }) => [round, name, `${(100 * distance).toFixed(2)} %`]),
  };
}

function losses(rounds) {
  const values = rounds.slice(-LOSSES_SHOWN).flatMap(({ round, log }) =>
    log.map(({ step, loss, accuracy }) => ({ round: `round ${round}`, step, loss, accuracy })));
  return {
    title: "Loss of the last trainings",
    about: "0.69 is that of a model that has learnt nothing. A loss that rises above it has too high a learning rate.",
    isWide: true,
    drawing: {
      data: { values },
      mark: { type: "line", tooltip: true, strokeWidth: 2 },
      encoding: {
        x: { field: "step", type: "quantitative", title: "step" },
        y: { field: "loss", type: "quantitative", title: "loss", scale: { zero: false } },
        color: { field: "round", type: "nominal", title: null, sort: null },
      },
    },
    columns: ["Round", "Step", "Loss", "Implicit accuracy"],
    rows: values.map(({ round, step, loss, accuracy }) => [round, number(step), loss.toFixed(4), percent(accuracy)]),
  };
}
