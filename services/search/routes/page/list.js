// The list of datasets: the search form, the facets, and a page of results.

import { answerOrFaults } from "./asking.js";
import { FACETS, facets } from "./facets.js";
import { breakable, button, el, link, listed, pages, short, tag } from "./elements.js";
import { changed, to } from "./fields.js";
import { REFUSED, chips, filtersOf, form, go, otherFaults } from "./form.js";
import { count, counted, size, time, what } from "./words.js";

const MOST_IN_SHEET = 500;
const INPUTS = [
  { name: "q", label: "Words", type: "search", placeholder: "name, path, sample, proposal …" },
  { name: "parameters", label: "Parameters", placeholder: "MX_resolution<2, MX_flux>=1e12" },
  { name: "startDate", label: "Started from", type: "date" },
  { name: "endDate", label: "Started until", type: "date" },
];
const LABELS = {
  q: "words",
  startDate: "from",
  endDate: "until",
  sort: "sorted by",
  has_warnings: "only",
  complete: "only",
};
const CLAIMS = {
  has_warnings: { true: "with warnings", false: "without warnings" },
  complete: { true: "complete", false: "incomplete" },
};
const SEVERAL = ["parameters", "investigation", ...FACETS];
const COLUMN_SORTS = ["start", "name", "committed_at"];

export async function list({ fields }, asking) {
  const { answer, faults } = await found(fields, asking);
  const told = faults.length > 0 ? REFUSED : `${counted(answer.count, "dataset")} found.`;
  return {
    title: "Datasets",
    told,
    nodes: [
      el("h1", {}, "Datasets"),
      form("", changed(fields, { cursor: null }), INPUTS, faults),
      otherFaults(faults, INPUTS),
      chips("", filters(fields)),
      answer && el("div", { class: "columns" }, facets(fields, answer.facets), results(fields, answer, asking)),
    ],
  };
}

/** The first page. A facet is counted without its own chosen values, so that others can be added. */
async function found(fields, asking) {
  const asked = changed(fields, { facets: FACETS.join(), count: "true", cursor: null });
  const chosen = FACETS.filter((name) => fields.has(name));
  const beside = (name) =>
    asking.get("datasets", changed(asked, { [name]: null, facets: name, count: null, limit: "1" }));
  const all = Promise.all([asking.get("datasets", asked), ...chosen.map(beside)]);
  return answerOrFaults(
    all.then(([answer, ...others]) => {
      chosen.forEach((name, place) => {
        answer.facets[name] = others[place].facets[name];
      });
      return answer;
    }),
  );
}

function filters(fields) {
  const isByColumn = COLUMN_SORTS.includes(fields.get("sort"));
  return filtersOf(changed(fields, { cursor: null }), {
    labels: LABELS,
    words: CLAIMS,
    several: SEVERAL,
    hidden: isByColumn ? ["order", "sort"] : ["order"],
  });
}

function results(fields, answer, asking) {
  if (answer.datasets.length === 0) {
    return el(
      "div",
      { class: "results" },
      el("p", { class: "paper" }, "No dataset matches. Remove a filter, or show ", link(to(""), "all datasets"), "."),
    );
  }
  const sheet = new URLSearchParams(changed(fields, { format: "csv", limit: MOST_IN_SHEET, cursor: null }));
  return el(
    "div",
    { class: "results" },
    el(
      "div",
      { class: "bar" },
      el("b", {}, counted(answer.count, "dataset")),
      link(`datasets?${sheet}`, answer.count > MOST_IN_SHEET ? `CSV of the first ${MOST_IN_SHEET}` : "CSV"),
    ),
    pages("Datasets", columns(fields), "datasets", answer, (cursor) =>
      asking.get("datasets", changed(fields, { cursor })),
    ),
  );
}

function columns(fields) {
  return [
    {
      title: "Dataset",
      ...sorting(fields, "name", "Dataset", "asc"),
      class: "dataset",
      cell: (d) => [
        link(to(`datasets/${d.dataset_id}`), short(d.name)),
        el("div", { class: "path soft" }, breakable(d.path)),
      ],
    },
    {
      title: "Kind",
      class: "kind",
      cell: (d) => [
        tag(what(d)),
        !d.complete && el("div", { class: "wait small" }, "incomplete"),
        warnings(d.findings),
      ],
    },
    {
      title: "Sample",
      class: "name",
      cell: (d) => [
        breakable(d.sample ?? ""),
        el("div", { class: "soft" }, whole(d.proposal), " · ", whole(d.beamline)),
      ],
    },
    { title: "Started", ...sorting(fields, "start", "Started", "desc"), class: "when", cell: (d) => time(d.start) },
    {
      title: "Files",
      class: "number",
      cell: (d) =>
        d.file_count == null ? "" : [count(d.file_count), el("div", { class: "soft" }, size(d.volume_bytes))],
    },
  ];
}

const whole = (text) => el("span", { class: "whole" }, text);

const warnings = (codes) => codes.length > 0 && el("div", { class: "wait small" }, listed(codes, codes.length, 2));

/** The head of a sortable column, with its order. */
function sorting(fields, key, title, usual) {
  const isSorted = (fields.get("sort") || "start") === key;
  const order = isSorted && (fields.get("order") || "desc");
  const next = isSorted ? { asc: "desc", desc: "asc" }[order] : usual;
  const sort = () => go(to("", changed(fields, { sort: key, order: next, cursor: null })));
  const arrow = { asc: "↑", desc: "↓" }[order] ?? "↕";
  return {
    sorted: { asc: "ascending", desc: "descending" }[order] ?? "none",
    head: button(
      [title, el("span", { class: isSorted ? "arrow" : "arrow soft", "aria-hidden": "true" }, ` ${arrow}`)],
      sort,
      { class: "sort", id: `sort-${key}` },
    ),
  };
}
