// The fields of a modal: text inputs, selects, files, radio buttons and check boxes. Each is {node, answer, problem}.

import { element, freshId } from "../dom.js";
import { drawSelect } from "../message/controls.js";
import { defaultValues } from "../message/choices.js";

const PARAGRAPH = 2;

function lengthProblem(component, value) {
  const least = component.min_length ?? 0;
  if ((component.required ?? true) && !value.trim()) return "This field is required.";
  if (value && value.length < least) return `Must be at least ${least} characters.`;
  return null;
}

function textField(component, id) {
  const shared = {
    id, class: "input", placeholder: component.placeholder, maxlength: component.max_length ?? 4000,
    data: { customId: component.custom_id }, value: component.value ?? "", autocomplete: "off",
    "aria-required": (component.required ?? true) ? "true" : null,
  };
  const node = component.style === PARAGRAPH
    ? element("textarea", { rows: 4, ...shared })
    : element("input", { type: "text", ...shared });
  return {
    node, answer: () => ({ value: node.value }), problem: () => lengthProblem(component, node.value),
  };
}

function countProblem(component, count) {
  const least = (component.required ?? true) ? component.min_values ?? 1 : 0;
  return count < least ? `Choose at least ${least}.` : null;
}

function selectField(component, id, { store, label }) {
  let values = defaultValues(component);
  const node = drawSelect(component, { store, label, onChoose: (chosen) => { values = chosen; } });
  node.id = id;
  return { node, answer: () => ({ values }), problem: () => countProblem(component, values.length) };
}

function choiceField(component, id, { label }, type) {
  const inputs = component.options.map((option) => element("input", {
    type, name: id, value: option.value, checked: option.default ?? false }));
  const node = element("div", { id, class: "choices", role: type === "radio" ? "radiogroup" : "group", "aria-label": label,
    data: { customId: component.custom_id } },
  component.options.map((option, index) => element("label", { class: "choice" }, inputs[index],
    element("span", {}, option.label, option.description && element("small", {}, option.description)))));
  const values = () => inputs.filter((input) => input.checked).map((input) => input.value);
  return {
    node,
    answer: () => (type === "radio" ? { value: values()[0] ?? null } : { values: values() }),
    problem: () => countProblem(component, values().length),
  };
}

function checkField(component, id) {
  const node = element("input", { id, type: "checkbox", class: "check", checked: component.default ?? false,
    data: { customId: component.custom_id } });
  return { node, answer: () => ({ value: node.checked }), problem: () => null };
}

function fileField(component, id) {
  const node = element("input", { id, type: "file", class: "input", multiple: (component.max_values ?? 1) > 1,
    data: { customId: component.custom_id } });
  return {
    node, files: () => [...node.files], answer: (indices) => ({ values: indices }),
    problem: () => countProblem(component, node.files.length),
  };
}

const FIELDS = {
  3: selectField, 4: textField, 5: selectField, 6: selectField, 7: selectField, 8: selectField, 19: fileField,
  21: (component, id, env) => choiceField(component, id, env, "radio"),
  22: (component, id, env) => choiceField(component, id, env, "checkbox"),
  23: checkField,
};

/** A labelled field for `component`: {node, component, answer, problem, files, say}. */
export function createField(component, { label, description, store }) {
  const id = freshId("field");
  const field = FIELDS[component.type](component, id, { store, label });
  const problem = element("p", { class: "field__problem", id: `${id}-problem`, role: "alert" });
  field.node.setAttribute("aria-describedby", problem.id);
  const isOptional = component.required === false;
  const node = element("div", { class: "field" },
    element("label", { class: "field__label", for: id }, label,
      isOptional ? element("span", { class: "field__optional" }, " optional") : null),
    description && element("p", { class: "field__note" }, description), field.node, problem);
  const say = (text) => {
    problem.textContent = text ?? "";
    field.node.toggleAttribute("aria-invalid", Boolean(text));
  };
  return { files: () => [], ...field, node, control: field.node, component, say };
}
