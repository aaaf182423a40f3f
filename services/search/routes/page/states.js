// The state of a submission in words.

import { el, link, listed } from "./elements.js";
import { to } from "./fields.js";
import { distance, time } from "./words.js";

const LOOKS = { committed: "good", unchanged: "good", rejected: "bad", pending: "wait", in_flight: "wait" };
const WORDS = {
  committed: (receipt) => [`committed as revision ${receipt.revision}, `, time(receipt.committed_at)],
  unchanged: (receipt) => [`unchanged: the same as revision ${receipt.revision}`],
  rejected: (receipt) => ["rejected: ", receipt.message],
  pending: (receipt) => [
    "pending: waits until ",
    time(receipt.deadline),
    ` (${distance(receipt.deadline)}) for`,
    listed(receipt.waits_for ?? [], receipt.waits_for_count, 10),
  ],
  in_flight: (receipt) => [`in flight for ${Math.round(receipt.age_seconds ?? 0)} s`],
};

/** The state of a receipt. */
export const state = (receipt) =>
  el("span", { class: `state ${LOOKS[receipt.state] ?? ""}` }, WORDS[receipt.state]?.(receipt) ?? receipt.state);

/** The address of a receipt's page. `path` or `dataset_id` selects one of several submissions. */
export const toReceipt = ({ receipt_id, dataset_id }) =>
  to(`receipts/${encodeURIComponent(receipt_id)}`, dataset_id ? { dataset_id } : {});

/** A line of a list of receipts. */
export const receiptLine = (receipt) =>
  el("li", {}, el("a", { class: "mono", href: toReceipt(receipt) }, receipt.receipt_id), " ", state(receipt));

/** The resolution of a rejection: the revision of the same dataset that was committed later. */
export const resolution = ({ resolved }) =>
  resolved &&
  el(
    "span",
    { class: "good" },
    "resolved: ",
    link(to(`datasets/${resolved.dataset_id}`), `revision ${resolved.revision}`),
    " was committed ",
    time(resolved.committed_at),
  );
