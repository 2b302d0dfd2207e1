// What Easel's buttons do, in words: their labels are as short as U1. Buttons of other bots have none.

const VERB = /^e\d+:([a-z]+):[^:@]+(?::(\d+))?(?:@.*)?$/;
const FACES = ["awful", "bad", "good", "great"];

const WORDS = {
  up: (index) => `Upscale: post picture ${index} by itself`,
  vary: (index) => `Vary: four new pictures like picture ${index}`,
  subtle: (index) => `Vary a little: four new pictures close to picture ${index}`,
  strong: (index) => `Vary: four new pictures like picture ${index}`,
  zoomdouble: () => "Zoom out: twice as much around this picture",
  zoomhalf: () => "Zoom out: half as much again around this picture",
  zoomcustom: () => "Zoom out as far as you say, or with other words",
  region: () => "Vary a part: paint the ninths that you choose anew",
  square: () => "Make square: paint what lies beside this picture",
  panleft: () => "Extend the picture to the left",
  panright: () => "Extend the picture to the right",
  panup: () => "Extend the picture upwards",
  pandown: () => "Extend the picture downwards",
  reroll: () => "Paint the same prompt again, with another seed",
  rate: (index) => `Rate the grid: ${FACES[index - 1]}`,
  judge: (index) => `Rate this picture: ${FACES[(index % 10) - 1]}`,
  unrate: () => "Take your rating back",
  favourite: (index) => `Favourite: picture ${index}; press again to take it back`,
  best: (index) => `Best of the four: picture ${index}; press again to take it back`,
  more: () => "More: choose the best, report, delete",
  save: (index) => (index ? "Send the original to my direct messages" : "Send the four originals to my direct messages"),
  report: () => "Report what is wrong with it",
  cancel: () => "Stop this job",
  cancelall: () => "Stop every job of this command",
  training: () => "Turn training on or off",
  publishing: () => "Turn publishing on or off",
  saveconsent: () => "Save your choices",
};

/** The description of a button, by the verb in its custom id; null for an unknown one. */
export function descriptionOf(customId = "") {
  const [, verb, index] = VERB.exec(customId) ?? [];
  return WORDS[verb]?.(Number(index)) ?? null;
}
