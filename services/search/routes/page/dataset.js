// The page of one dataset: its facts, its lineage, its parameters and its history.

import { el, facts, findings, lines, link, long, path, section, soft, tag } from "./elements.js";
import { joined, to } from "./fields.js";
import { askLineage, lineage } from "./lineage.js";
import { parameters } from "./parameter_tables.js";
import { receiptLine } from "./states.js";
import { count, counted, said, size, time, what } from "./words.js";

const AT_ONCE = 10;
const MOST_COLUMNS = 100;
const MOST_CHANGES = 20;

export async function dataset({ id }, asking) {
  const at = `datasets/${encodeURIComponent(id)}`;
  const receipts = { at: "receipts", fields: { dataset_id: id, limit: AT_ONCE } };
  const answers = Promise.all([
    asking.get(at),
    askLineage(id, asking),
    asking.get(`${at}/revisions`, { limit: AT_ONCE }),
    asking.get(receipts.at, receipts.fields),
  ]);
  try {
    const [event, made, revisions, submissions] = await answers;
    return page(event, [
      lineage(id, made, asking),
      parameters(event.document),
      history(at, revisions, asking),
      submitted(receipts, submissions, asking),
    ]);
  } catch (error) {
    if (error.status !== 404) throw error;
    return absent(error, receipts, asking);
  }
}

/** The page of a dataset that is not catalogued, with the states of its submissions. */
async function absent(error, receipts, asking) {
  const submissions = await asking.get(receipts.at, receipts.fields);
  if (submissions.receipts.length === 0) throw error;
  return {
    title: "Not catalogued yet",
    nodes: [
      el("h1", {}, "Not catalogued yet"),
      el("p", {}, path(submissions.receipts[0].path ?? "")),
      submitted(receipts, submissions, asking),
    ],
  };
}

function page({ document: d, commit }, sections) {
  return {
    title: d.name,
    nodes: [
      el("div", { class: "bar" }, el("h1", {}, d.name), downloads(d)),
      el(
        "section",
        { class: "paper" },
        el("p", {}, path(d.path)),
        el(
          "p",
          { class: "tags" },
          [what(d), d.type].map((each) => tag(each)),
          !d.complete && tag("incomplete", "wait"),
        ),
        facts(about(d, commit)),
        d.findings.length > 0 && [el("h2", {}, counted(d.findings.length, "finding")), findings(d.findings)],
      ),
      ...sections,
    ],
  };
}

function downloads(d) {
  const columns = joined(Object.keys(d.parameters).slice(0, MOST_COLUMNS));
  const sheet = new URLSearchParams({ path: d.path, format: "csv", columns });
  const isCut = Object.keys(d.parameters).length > MOST_COLUMNS;
  return el(
    "div",
    { class: "downloads" },
    d.technique === "MX" && d.type === "processed" && link(`datasets/${d.dataset_id}.cif`, "mmCIF"),
    link(`datasets?${sheet}`, isCut ? `CSV (${MOST_COLUMNS} parameters)` : "CSV"),
    link(`datasets/${d.dataset_id}`, "JSON"),
  );
}

function about(d, commit) {
  const filtered = (fields, text) => text && link(to("", fields), text);
  const { investigation: visit, container, producer, sample } = d;
  return {
    Sample: sample?.name && [
      filtered({ sample: joined([sample.name]) }, sample.name),
      sample.inherited && soft(" inherited from its inputs"),
    ],
    Proposal: filtered({ proposal: joined([d.proposal]) }, visit.proposal_name ?? d.proposal),
    Beamline: filtered({ beamline: joined([d.beamline]) }, d.beamline),
    Investigation: [
      filtered({ investigation: visit.investigation_id }, visit.title || visit.facility_id || "not announced yet"),
      visit.start && soft(" from ", time(visit.start)),
    ],
    Started: time(d.start),
    Ended: time(d.end),
    Files: [d.file_count != null && counted(d.file_count, "file"), size(d.volume_bytes)].filter(Boolean).join(", "),
    Container:
      container && [container.name ?? container.id, container.type && soft(` ${container.type}`)].filter(Boolean),
    "Position in the container": container?.position,
    "Position in the sample changer": d.sample_changer_position,
    Parcel: container && (container.parcel_name ?? container.parcel_id),
    Producer: [producer.software, producer.version, producer.machine && `on ${producer.machine}`]
      .filter(Boolean)
      .join(" "),
    Revision: [`${commit.revision}, committed `, time(commit.committed_at)],
  };
}

const history = (at, first, asking) =>
  section(
    "History",
    lines("revisions", revision, first, (below) => asking.get(`${at}/revisions`, { limit: AT_ONCE, below })),
  );

function revision({ revision: number, outcome, committed_at, changes }) {
  const rest = changes.length - MOST_CHANGES;
  return el(
    "li",
    {},
    `Revision ${number} `,
    soft(`${outcome} `, time(committed_at)),
    changes.length > 0 &&
      el(
        "ul",
        { class: "tree" },
        changes
          .slice(0, MOST_CHANGES)
          .map((change) => el("li", { class: "mono" }, change.field, ": ", difference(change))),
        rest > 0 && el("li", { class: "soft" }, `and ${count(rest)} more`),
      ),
  );
}

function difference({ before, after, omitted_bytes }) {
  if (omitted_bytes) return soft(`a change of ${size(omitted_bytes)}`);
  const told = (one) => long(said(one?.value ?? one)) || "nothing";
  return [el("del", {}, told(before)), " → ", el("ins", {}, told(after))];
}

const submitted = ({ at, fields }, first, asking) =>
  section(
    "Receipts",
    lines("receipts", receiptLine, first, (skip) => asking.get(at, { ...fields, skip })),
  );
