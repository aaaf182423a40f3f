// Forms that filter a list. Faults are shown beside their fields.

import { el, link } from "./elements.js";
import { changed, joined, to, valuesOf } from "./fields.js";

export const REFUSED = "The query is not valid.";

/**
 * A form. Each input has the `name` of its field, a `label`, perhaps a `type` and `options`. Sending it leads
 * to the view at `path` with those fields, and with what else the address says.
 */
export function form(path, fields, inputs, faults = []) {
  const send = (event) => {
    event.preventDefault();
    const said = Object.fromEntries(inputs.map(({ name }) => [name, event.target.elements[name].value.trim()]));
    go(to(path, changed(fields, said)));
  };
  return el(
    "form",
    { class: "filter", submit: send, role: "search", novalidate: true },
    inputs.map((input) =>
      labelled(
        input,
        fields.get(input.name) ?? "",
        faults.filter(({ field }) => field === input.name),
      ),
    ),
    el("button", { class: "main", id: "find" }, "Find"),
  );
}

/** Go to an address, or load it again if the page is already there. */
export function go(address) {
  if (location.hash === address) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}

function labelled({ name, label, options, ...attributes }, value, faults) {
  const id = `field-${name}`;
  const about = faults.length > 0 && { "aria-describedby": `${id}-faults`, "aria-invalid": "true" };
  const common = { id, name, ...about };
  const input = options
    ? el(
        "select",
        common,
        Object.entries(options).map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
      )
    : el("input", { ...common, value, autocomplete: "off", spellcheck: "false", ...attributes });
  return el(
    "div",
    { class: `field of-${name}` },
    el("label", { for: id }, label),
    input,
    faults.length > 0 &&
      el(
        "div",
        { class: "fault", id: `${id}-faults`, role: "alert" },
        faults.map(({ message }) => el("div", {}, message)),
      ),
  );
}

/** The faults of fields without an input, which were typed into the address. */
export function otherFaults(faults, inputs) {
  const others = faults.filter(({ field }) => !inputs.some(({ name }) => name === field));
  return (
    others.length > 0 &&
    el(
      "div",
      { class: "paper faults", role: "alert" },
      others.map(({ field, message }) => el("p", {}, el("b", {}, field), `: ${message}`)),
    )
  );
}

/**
 * Every field that is set, value by value, with the fields that remain without it. `labels` are names for people by
 * field, `words` what its values mean; fields of `several` may have more than one value, those that are `hidden` none.
 */
export function filtersOf(fields, { labels = {}, words = {}, several = [], hidden = [] }) {
  return [...new Set(fields.keys())]
    .filter((name) => fields.get(name) && !hidden.includes(name))
    .flatMap((name) => {
      const values = several.includes(name) ? valuesOf(fields, name) : [fields.get(name)];
      return values.map((value, place) => ({
        label: labels[name] ?? name,
        value: words[name]?.[value] ?? value,
        without: changed(fields, { [name]: joined(values.filter((_, other) => other !== place)) }),
      }));
    });
}

/** The labels of inputs by the names of their fields. */
export const labelsOf = (inputs) => Object.fromEntries(inputs.map(({ name, label }) => [name, label.toLowerCase()]));

/** Each active filter, as a link that removes it. `filters` are a label, a value and the fields without it. */
export function chips(path, filters) {
  return (
    filters.length > 0 &&
    el(
      "ul",
      { class: "chips", "aria-label": "Filters" },
      filters.map(({ label, value, without }) =>
        el(
          "li",
          {},
          el(
            "a",
            { class: "chip", href: to(path, without), "aria-label": `Remove ${label}: ${value}` },
            el("span", { class: "soft" }, label),
            " ",
            el("span", { class: "value" }, value),
            el("span", { "aria-hidden": "true" }, " ×"),
          ),
        ),
      ),
      filters.length > 1 && el("li", {}, link(to(path), "Remove all")),
    )
  );
}
