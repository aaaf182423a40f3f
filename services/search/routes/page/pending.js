// The datasets that wait for their inputs, longest-waiting first.

import { answerOrFaults } from "./asking.js";
import { breakable, el, link, listed, pages, tag } from "./elements.js";
import { changed, to } from "./fields.js";
import { REFUSED, chips, filtersOf, form, labelsOf, otherFaults } from "./form.js";
import { toReceipt } from "./states.js";
import { counted, distance, time } from "./words.js";

const INPUTS = [
  { name: "path", label: "Path" },
  { name: "waits_for", label: "Waits for", placeholder: "path of an input" },
  { name: "proposal", label: "Proposal" },
  { name: "beamline", label: "Beamline" },
  { name: "kind", label: "Kind" },
  { name: "producer", label: "Producer" },
];

const COLUMNS = [
  {
    title: "Dataset",
    class: "dataset",
    cell: (one) => [
      link(toReceipt(one), one.name ?? one.path.split("/").at(-1)),
      el("div", { class: "path soft" }, breakable(one.path)),
    ],
  },
  { title: "Kind", class: "kind", cell: (one) => (one.kind ? tag(one.kind) : "") },
  {
    title: "Proposal",
    class: "name",
    cell: (one) => [one.proposal, one.beamline && el("div", { class: "soft" }, one.beamline)],
  },
  { title: "Waits for", class: "wide", cell: waitsFor },
  {
    title: "Since",
    class: "when",
    cell: (one) => [time(one.since), el("div", { class: "soft" }, distance(one.since))],
  },
  {
    title: "Until",
    class: "when",
    cell: (one) => (one.deadline ? [time(one.deadline), el("div", { class: "soft" }, distance(one.deadline))] : ""),
  },
];

/** The missing inputs, each with similar paths that may be meant. */
function waitsFor({ waits_for: paths, waits_for_count: all, near }) {
  const alike = new Map((near ?? []).map((one) => [one.path, one.near]));
  return listed(
    paths.map((path) => [el("span", { class: "path" }, breakable(path)), meant(alike.get(path) ?? [])]),
    all,
  );
}

const meant = (paths) =>
  paths.length > 0 &&
  el(
    "div",
    { class: "wait small" },
    "Catalogued with a similar path:",
    listed(paths.map((path) => link(to("", { path }), el("span", { class: "path" }, breakable(path))))),
  );

export async function pending({ fields }, asking) {
  const { answer, faults } = await answerOrFaults(asking.get("pending", changed(fields, { cursor: null })));
  const filters = filtersOf(changed(fields, { cursor: null }), { labels: labelsOf(INPUTS) });
  const told = faults.length > 0 ? REFUSED : `${counted(answer.count, "dataset")} waiting.`;
  return {
    title: "Pending",
    told,
    nodes: [
      el("h1", {}, "Pending"),
      el(
        "p",
        { class: "soft" },
        "Datasets that wait until their inputs are catalogued. After the deadline they are rejected.",
      ),
      form("pending", changed(fields, { cursor: null }), INPUTS, faults),
      otherFaults(faults, INPUTS),
      chips("pending", filters),
      ...(faults.length > 0 ? [] : waiting(fields, answer, asking)),
    ],
  };
}

function waiting(fields, answer, asking) {
  if (answer.pending.length === 0) return [el("p", { class: "paper" }, "No dataset waits.")];
  return [
    el("p", { class: "bar" }, el("b", {}, counted(answer.count, "dataset"))),
    pages("Datasets that wait", COLUMNS, "pending", answer, (cursor) =>
      asking.get("pending", changed(fields, { cursor })),
    ),
  ];
}
