// One receipt: how far a submission has come, and what was found about it.

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
          Dataset: CATALOGUED.includes(told.state) && link(to(`datasets/${told.dataset_id}`), "as it is catalogued"),
          Rejection: told.rejection_id && link(to(`rejections/${told.rejection_id}`), "with what was sent"),
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
