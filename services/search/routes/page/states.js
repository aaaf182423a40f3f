// How far a submission has come, in words.

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

/** Where a receipt has a page of its own; `path` or `dataset_id` says which of several submissions is meant. */
export const toReceipt = ({ receipt_id, dataset_id }) =>
  to(`receipts/${encodeURIComponent(receipt_id)}`, dataset_id ? { dataset_id } : {});

/** A line of a list of receipts. */
export const receiptLine = (receipt) =>
  el("li", {}, el("a", { class: "mono", href: toReceipt(receipt) }, receipt.receipt_id), " ", state(receipt));

/** What became of a rejection since: the revision that was committed of the same dataset. */
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
