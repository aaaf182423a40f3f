// The parameters of a dataset as tables, with a search box.

import { el, long, parameterName, soft, table } from "./elements.js";
import { SHELLS, grouped, isRewritten, mentions } from "./parameters.js";
import { counted, said } from "./words.js";

export function parameters({ parameters: all, findings: seen }) {
  const flawed = new Set(seen.map(({ parameter }) => parameter));
  const place = el("div", {});
  const draw = () => {
    const wanted = Object.entries(all).filter(([name, parameter]) => mentions(name, parameter, look.value));
    place.replaceChildren(...grouped(Object.fromEntries(wanted)).map((group) => groupOf(group, flawed)));
    const none = "No parameter has this text in its name or value.";
    if (wanted.length === 0) place.append(el("p", { class: "soft" }, none));
  };
  const look = el("input", {
    type: "search",
    "aria-label": "Search for a parameter",
    placeholder: "name or value",
    input: draw,
  });
  draw();
  return el(
    "section",
    { class: "paper" },
    el("div", { class: "bar" }, el("h2", {}, counted(Object.keys(all).length, "parameter")), look),
    place,
  );
}

function groupOf({ title, parameters: plain, shells }, flawed) {
  return el(
    "div",
    { class: "group" },
    el("h3", {}, title),
    shells.length > 0 &&
      el(
        "div",
        { class: "sheet" },
        table(
          `${title} by resolution shell`,
          [
            {
              title: "Statistic",
              isHeading: true,
              class: "mono",
              cell: ({ name, unit }) => [parameterName(name), unit && soft(` ${unit}`)],
            },
            ...SHELLS.map((shell) => ({
              title: shell[0].toUpperCase() + shell.slice(1),
              class: "number",
              cell: (row) => row[shell] && value(row[shell].parameter, flawed.has(row[shell].name)),
            })),
          ],
          shells,
          "grid",
        ).node,
      ),
    plain.length > 0 &&
      el(
        "div",
        { class: "sheet" },
        table(
          title,
          [
            { title: "Parameter", isHeading: true, class: "mono", cell: ([name]) => parameterName(name) },
            {
              title: "Value",
              class: "wide",
              cell: ([name, parameter]) => [
                value(parameter, flawed.has(name)),
                parameter.unit && soft(` ${parameter.unit}`),
              ],
            },
            plain.some(([, parameter]) => isRewritten(parameter)) && {
              title: "As it was sent",
              class: "wide soft",
              cell: ([, parameter]) => (isRewritten(parameter) ? long(said(parameter.original)) : ""),
            },
          ].filter(Boolean),
          plain,
        ).node,
      ),
  );
}

/** The value, with the sent digits if the number is the same. It is marked if a finding is about it. */
function value(parameter, isFlawed) {
  const { value: known, original } = parameter;
  const shown = known == null || !isRewritten(parameter) ? (original ?? known) : known;
  return el("span", { class: isFlawed && "wait" }, long(said(shown)), isFlawed && " ⚠");
}
