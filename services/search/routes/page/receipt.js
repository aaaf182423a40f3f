// The page of one receipt: the state of a submission and its findings.

import { el, facts, findings, link, path, section, soft } from "./elements.js";
import { to } from "./fields.js";
import { state } from "./states.js";
import { time } from "./words.js";

const CATALOGUED = ["committed", "unchanged"];

export async function receipt({ id, fields }, asking) {
  const told = await asking.get(`receipts/${encodeURIComponent(id)}`, fields);
  return {
    title: "Receipt",
    nodes: [
      el("h1", {}, "Receipt"),
      el(
        "section",
        { class: "paper" },
        facts({
          State: state(told),
          Receipt: el("span", { class: "mono" }, told.receipt_id),
          Path: told.path ? path(told.path) : "not known yet",
          Submitted: time(told.submitted_at),
          Dataset: CATALOGUED.includes(told.state) && link(to(`datasets/${told.dataset_id}`), "in the catalogue"),
          Rejection: told.rejection_id && link(to(`rejections/${told.rejection_id}`), "with the original event"),
        }),
      ),
      told.findings?.length > 0 && section("Findings", findings(told.findings)),
      told.others &&
        section(
          "Under the same receipt id",
          el(
            "ul",
            { class: "plain" },
            told.others.map((other) =>
              el(
                "li",
                {},
                link(
                  to(`receipts/${encodeURIComponent(id)}`, { source: other.source, dataset_id: other.dataset_id }),
                  other.path ?? other.dataset_id,
                ),
                soft(` ${other.source} `),
                state(other),
              ),
            ),
          ),
        ),
    ],
  };
}
