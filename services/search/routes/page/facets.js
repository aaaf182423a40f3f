// The facets of a search: the values of the datasets found. Any number of them can be chosen.

import { breakable, button, el, soft } from "./elements.js";
import { changed, joined, to, valuesOf } from "./fields.js";
import { go } from "./form.js";
import { count } from "./words.js";

export const FACETS = ["technique", "type", "kind", "beamline", "proposal", "sample", "finding"];
const FEW = 8;
const MOST_FACET_VALUES = 100;
const CLAIMS = [
  { name: "has_warnings", value: "true", label: "with warnings" },
  { name: "has_warnings", value: "false", label: "without warnings" },
  { name: "complete", value: "false", label: "incomplete" },
];

export function facets(fields, found) {
  const open = document.querySelector("details.facets")?.open ?? matchMedia("(min-width: 60rem)").matches;
  const shown = FACETS.map((name) => facet(name, found[name], fields)).filter(Boolean);
  return el(
    "details",
    { class: "facets", open },
    el("summary", {}, "Filters"),
    shown,
    el(
      "fieldset",
      {},
      el("legend", {}, "quality"),
      CLAIMS.map((claim) => claimed(claim, fields)),
    ),
  );
}

/** One facet. Chosen values come first, even if no dataset found has them. */
function facet(name, found, fields) {
  const chosen = valuesOf(fields, name);
  const is = (a) => (b) => a.toLowerCase() === b.toLowerCase();
  const lost = chosen
    .filter((value) => !found.some((one) => is(value)(one.value)))
    .map((value) => ({ value, count: 0 }));
  const values = [...lost, ...found].map((one) => ({ ...one, isChosen: chosen.some(is(one.value)) }));
  if (values.length === 0) return null;
  values.sort((a, b) => b.isChosen - a.isChosen);
  const choose = (value, isChosen) =>
    go(
      to(
        "",
        changed(fields, {
          cursor: null,
          [name]: joined(isChosen ? [...chosen, value] : chosen.filter((other) => !is(value)(other))),
        }),
      ),
    );
  const rows = values.map((one) =>
    row(`facet-${name}-${one.value}`, one, (event) => choose(one.value, event.target.checked)),
  );
  return el("fieldset", {}, el("legend", {}, name), rows.length > FEW ? folded(name, values, rows) : rows);
}

function claimed({ name, value, label }, fields) {
  const isChosen = fields.get(name) === value;
  const choose = () => go(to("", changed(fields, { [name]: isChosen ? null : value, cursor: null })));
  return row(`facet-${name}-${value}`, { value: label, isChosen }, choose);
}

const row = (id, { value, count: number, isChosen }, change) =>
  el(
    "label",
    { class: "choice" },
    el("input", { type: "checkbox", id, checked: isChosen, change }),
    el("span", { class: "value" }, breakable(value)),
    number != null && soft(count(number)),
  );

/** The first values, and a button that shows all of them with a search box. */
function folded(name, values, rows) {
  const place = el("div", { class: "choices" }, rows.slice(0, FEW));
  const look = el("input", {
    type: "search",
    "aria-label": `Search for a ${name}`,
    placeholder: `Search for a ${name}`,
    hidden: true,
    input: () => {
      const wanted = look.value.trim().toLowerCase();
      place.replaceChildren(...rows.filter((_, index) => values[index].value.toLowerCase().includes(wanted)));
    },
  });
  const all = button(
    values.length < MOST_FACET_VALUES ? `Show all ${values.length}` : `Show the ${values.length} most frequent`,
    () => {
      place.replaceChildren(...rows);
      look.hidden = false;
      all.remove();
      look.focus();
    },
    { class: "quiet" },
  );
  return [look, place, all];
}
