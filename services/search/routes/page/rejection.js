// The page of one rejection: the reason, the cure and the original event.

import { button, el, facts, findings, link, long, path, section, tag } from "./elements.js";
import { to } from "./fields.js";
import { indented } from "./json.js";
import { resolution, toReceipt } from "./states.js";
import { time } from "./words.js";

const MOST_CHARACTERS = 20_000;
const MOST_LAID_OUT = 1_000_000;

export async function rejection({ id }, asking) {
  const told = await asking.get(`rejections/${encodeURIComponent(id)}`);
  return {
    title: `Rejection: ${told.code}`,
    nodes: [
      el("h1", {}, "Rejection"),
      el(
        "section",
        { class: "paper" },
        el("p", {}, tag(told.code, "bad"), " ", long(told.message)),
        facts({
          State: resolution(told) || "open: correct it, and submit it again",
          Path: told.path && path(told.path),
          Dataset: told.dataset_id && link(to(`datasets/${told.dataset_id}`), "in the catalogue"),
          Receipt: told.receipt_id && el("a", { class: "mono", href: toReceipt(told) }, told.receipt_id),
          Producer: told.producer,
          "Rejected by": told.stage,
          Rejected: time(told.rejected_at),
          Record: el("span", { class: "mono" }, `${told.topic}/${told.partition}/${told.offset}`),
        }),
      ),
      told.findings.length > 0 && section("Findings", findings(told.findings)),
      sent(told),
    ],
  };
}

/** The original event, formatted or as it was sent. */
function sent({ rejection_id, value_text: text, value_base64: bytes }) {
  const whole = link(`rejections/${rejection_id}`, "The whole record as JSON");
  if (text == null)
    return section(
      "What was sent",
      el("p", {}, bytes == null ? "Nothing: the record has no body. " : "It is not text. ", whole),
    );
  const place = el("pre", { tabindex: "0", "aria-label": "What was sent" });
  const formatted = text.length <= MOST_LAID_OUT && { "Formatted": indented };
  const views = { ...formatted, "As it was sent": (original) => original };
  const choices = Object.entries(views).map(([title, view], index) =>
    button(title, () => choose(index, view), { class: "quiet" }),
  );
  const choose = (index, view) => {
    choices.forEach((choice, other) => choice.setAttribute("aria-pressed", other === index));
    place.replaceChildren(long(view(text), MOST_CHARACTERS));
  };
  choose(0, Object.values(views)[0]);
  return section("What was sent", el("p", { class: "choose" }, choices, whole), place);
}
