// The fields of a command's options: text, numbers, choices, users, channels. Each is
// {option, node, control, value, text, problem, suggest, choose, focus}.

import { element } from "../dom.js";
import { entityOptions } from "../message/choices.js";
import { createFileField } from "./file_field.js";

export const TYPES = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, attachment: 11 };
const ENTITY_COMPONENT = { [TYPES.user]: 5, [TYPES.channel]: 8, [TYPES.role]: 6, [TYPES.mentionable]: 7 };
const BOOLEAN = [{ label: "True", value: true }, { label: "False", value: false }];
const MANY = 25;

/** The frame of an option's control, labelled with its name. */
export function slot(option, control, extra) {
  return element("div", { class: ["slot", extra], data: { option: option.name } },
    element("span", { class: "slot__name", "aria-hidden": "true" }, option.name), control);
}

function lengthProblem(option, text) {
  if (text.length < (option.min_length ?? 0)) return `Must be at least ${option.min_length} characters.`;
  if (text.length > (option.max_length ?? 6000)) return `Must be ${option.max_length ?? 6000} characters or fewer. It has ${text.length}.`;
  return null;
}

function numberProblem(option, text) {
  const number = Number(text);
  if (!Number.isFinite(number)) return "Must be a number.";
  if (option.type === TYPES.integer && !Number.isSafeInteger(number)) return "Must be a whole number.";
  if (number < option.min_value) return `Must be at least ${option.min_value}.`;
  if (number > option.max_value) return `Must be at most ${option.max_value}.`;
  return null;
}

function fixedChoices(option, store) {
  if (option.type === TYPES.boolean) return BOOLEAN;
  if (option.choices?.length) return option.choices.map(({ name, name_localized: local, value }) => ({ label: local ?? name, value }));
  const type = ENTITY_COMPONENT[option.type];
  return type ? entityOptions({ type, channel_types: option.channel_types }, store) : null;
}

/** Whether the option takes a file. */
export const isFile = ({ type }) => type === TYPES.attachment;
const isNumber = ({ type }) => type === TYPES.integer || type === TYPES.number;
const isFree = (option) => option.type === TYPES.string || isNumber(option);

function control(option) {
  const shared = {
    class: "slot__input", "aria-label": `${option.name}: ${option.description}`, autocomplete: "off", spellcheck: "false",
    "aria-required": option.required ? "true" : null, "aria-autocomplete": "list", "aria-controls": "command-panel",
  };
  return isNumber(option)
    ? element("input", { type: "text", inputmode: "decimal", size: 6, ...shared })
    : element("textarea", { rows: 1, enterkeyhint: "send", ...shared });
}

function createTypedField(option, { store, complete }) {
  const input = control(option);
  const fixed = fixedChoices(option, store);
  let chosen = null;
  const text = () => input.value;
  const isTyped = (known) => String(known).toLowerCase() === text().trim().toLowerCase();
  const current = () => (chosen?.label === text() ? chosen
    : fixed?.find(({ label }) => isTyped(label)) ?? fixed?.find((choice) => isTyped(choice.value)));

  function value() {
    if (!text().trim()) return null;
    const choice = current();
    if (choice) return choice.value;
    return isNumber(option) ? Number(text()) : text().replace(/\r?\n/g, " ");
  }

  function problem() {
    if (!text().trim()) return option.required ? "This option is required. Specify a value." : null;
    if (current()) return null;
    if (fixed || !isFree(option)) return "Choose an option from the list.";
    return isNumber(option) ? numberProblem(option, text()) : lengthProblem(option, text());
  }

  async function suggest() {
    if (option.autocomplete) return (await complete(field)).map(({ name, value: known }) => ({ label: name, value: known }));
    if (!fixed) return [];
    const wanted = current() ? "" : text().trim().toLowerCase();
    return fixed.filter(({ label, description = "" }) => `${label} ${description}`.toLowerCase().includes(wanted)).slice(0, MANY);
  }

  function choose(choice) {
    chosen = choice;
    input.value = choice.label;
  }

  const field = {
    option, control: input, node: slot(option, input, option.type === TYPES.string && !fixed && "slot--wide"),
    text, value, problem, suggest, choose, isList: Boolean(fixed || option.autocomplete), focus: () => input.focus(),
    fill: (words) => { input.value = words; },
  };
  return field;
}

/** The field of `option`; `complete(field)` asks the bot for choices, `onChange` is called for a new file. */
export function createField(option, env) {
  if (isFile(option)) return createFileField(option, env, slot);
  return createTypedField(option, env);
}
