// The rejections: as a list, or counted by code and producer.

import { answerOrFaults } from "./asking.js";
import { breakable, el, link, long, pages, short, soft, table, tag } from "./elements.js";
import { changed, to } from "./fields.js";
import { REFUSED, chips, filtersOf, form, labelsOf, otherFaults } from "./form.js";
import { resolution } from "./states.js";
import { count, counted, time } from "./words.js";

const STATES = { "": "open", all: "open and resolved", resolved: "resolved" };
const INPUTS = [
  { name: "code", label: "Code", placeholder: "dataset_invalid" },
  { name: "finding", label: "Finding", placeholder: "start_invalid" },
  { name: "producer", label: "Producer" },
  { name: "beamline", label: "Beamline" },
  { name: "path", label: "Path" },
  { name: "since", label: "Since", type: "date" },
  { name: "until", label: "Until", type: "date" },
  { name: "state", label: "State", options: STATES },
];
const ROWS = [
  { title: "When", class: "when", cell: (one) => link(to(`rejections/${one.rejection_id}`), time(one.rejected_at)) },
  {
    title: "Why",
    class: "wide",
    cell: (one) => [
      tag(one.code, "bad"),
      one.findings?.map((code) => [" ", el("code", { class: "soft" }, short(code))]),
      el("div", {}, long(one.message)),
      resolution(one),
    ],
  },
  {
    title: "Path",
    class: "path",
    cell: (one) => (one.path ? breakable(one.path) : soft(`${one.topic}/${one.partition}/${one.offset}`)),
  },
  {
    title: "Producer",
    class: "name",
    cell: (one) => [breakable(one.producer ?? ""), el("div", { class: "soft" }, one.beamline ?? one.stage)],
  },
];

export async function rejections({ fields }, asking) {
  const isGrouped = fields.get("group") === "true";
  const asked = changed(fields, { group: null, cursor: null, state: fields.get("state") || "open" });
  const { answer, faults } = await answerOrFaults(asking.get(isGrouped ? "rejections/summary" : "rejections", asked));
  return {
    title: "Rejections",
    told: toldOf(answer, faults),
    nodes: [
      el("h1", {}, "Rejections"),
      form("rejections", changed(fields, { cursor: null }), INPUTS, faults),
      otherFaults(faults, INPUTS),
      chips("rejections", filters(fields)),
      views(fields, isGrouped),
      ...(faults.length > 0 ? [] : isGrouped ? groups(fields, answer) : rows(asked, answer, asking)),
    ],
  };
}

function toldOf(answer, faults) {
  if (faults.length > 0) return REFUSED;
  return answer.groups
    ? `${counted(answer.groups.length, "group")}.`
    : `${counted(answer.rejections.length, "rejection")} shown.`;
}

const filters = (fields) =>
  filtersOf(changed(fields, { cursor: null }), {
    labels: labelsOf(INPUTS),
    words: { state: STATES },
    hidden: ["group"],
  });

const views = (fields, isGrouped) =>
  el(
    "p",
    { class: "views" },
    [
      [false, "List"],
      [true, "By code and producer"],
    ].map(([group, title]) =>
      el(
        "a",
        {
          href: to("rejections", changed(fields, { group: group ? "true" : null })),
          "aria-current": group === isGrouped && "true",
        },
        title,
      ),
    ),
  );

/** The rows of a page. The catalogue examines a limited number at a time: an empty page may have older matches. */
function rows(asked, answer, asking) {
  const isNone = answer.rejections.length === 0 && answer.next == null;
  if (isNone) return [nothing()];
  return pages("Rejections", ROWS, "rejections", answer, (cursor) =>
    asking.get("rejections", changed(asked, { cursor })),
  );
}

function groups(fields, { groups: all, since, complete: isComplete }) {
  if (all.length === 0) return [nothing()];
  const alone = ({ code, producer }) => to("rejections", changed(fields, { group: null, code, producer }));
  const columns = [
    { title: "Code", isHeading: true, cell: (one) => link(alone(one), tag(one.code, "bad")) },
    { title: "Producer", class: "name", cell: (one) => breakable(one.producer ?? "") },
    { title: "All", class: "number", cell: (one) => count(one.count) },
    { title: "Open", class: "number", cell: (one) => count(one.open) },
    { title: "First", class: "when", cell: (one) => time(one.first) },
    { title: "Newest", class: "when", cell: (one) => link(to(`rejections/${one.rejection_id}`), time(one.last)) },
  ];
  return [
    since &&
      el("p", { class: "soft" }, "Since ", time(since), !isComplete && ". Not all rejections are counted here."),
    el("div", { class: "sheet" }, table("Rejections by code and producer", columns, all).node),
  ];
}

const nothing = () => el("p", { class: "paper" }, "No rejection matches.");
