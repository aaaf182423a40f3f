// Shows the view of an address, and ends the view before.

import { Asking, Trouble } from "./asking.js";
import { dataset } from "./dataset.js";
import { button, el, link } from "./elements.js";
import { placeOf, to } from "./fields.js";
import { list } from "./list.js";
import { pending } from "./pending.js";
import { receipt } from "./receipt.js";
import { rejection } from "./rejection.js";
import { rejections } from "./rejections.js";
import { zone } from "./words.js";

const main = document.getElementById("main");
const status = document.getElementById("status");
const LISTS = new Map(Object.entries({ "": list, pending, rejections }));
const THINGS = new Map(Object.entries({ datasets: dataset, receipts: receipt, rejections: rejection }));
const DEFECT = "Please report it with the address. The browser's console has details.";

let asking = new Asking(wait);
let shown = null;

function tell(text) {
  status.textContent = text;
}

/** Show what the page waits for. */
function wait(text) {
  tell(text);
  status.classList.toggle("busy", text !== "");
}

/** Show the view of the address. Pending requests of the view before are dropped. */
async function route() {
  asking.end();
  const mine = (asking = new Asking(wait));
  const place = placeOf(location.hash);
  wait("");
  main.setAttribute("aria-busy", "true");
  mark(place.view);
  const page = await pageOf(place, mine);
  if (!mine.isOver) show(page, `${place.view}/${place.id ?? ""}`);
}

async function pageOf(place, mine) {
  const view = (place.id ? THINGS : LISTS).get(place.view) ?? missing;
  try {
    return await view(place, mine);
  } catch (error) {
    return mine.isOver ? null : failed(error);
  }
}

function missing() {
  const detail = "This catalogue has no page with this address.";
  throw new Trouble("There is no such page", { detail, passes: false });
}

/** The view of an error: what is wrong, and what can be done. */
function failed(error) {
  if (!(error instanceof Trouble)) console.error(error);
  const trouble = error instanceof Trouble ? error : new Trouble("Error in this page", { detail: DEFECT });
  return {
    title: trouble.message,
    nodes: [
      el("h1", {}, trouble.message),
      el(
        "div",
        { class: "paper", role: "alert" },
        el("p", {}, trouble.detail || "There are no further details."),
        el("p", {}, trouble.passes ? button("Try again", route, { class: "main" }) : link(to(""), "All datasets")),
      ),
    ],
  };
}

/** Put a view on the page. The keyboard focus stays where it was, or moves to the heading of a new view. */
function show({ title, nodes, told = "" }, name) {
  const held = document.activeElement;
  const typed = held?.matches("input") && held.value !== held.defaultValue ? held.value : null;
  document.title = `${title} · beamcat`;
  main.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
  main.setAttribute("aria-busy", "false");
  tell(told);
  const kept = name === shown && held?.id && document.getElementById(held.id);
  if (kept) {
    if (typed !== null && kept.type === held.type && kept.type !== "checkbox") kept.value = typed;
    kept.focus({ preventScroll: true });
  } else if (shown !== null) {
    const heading = main.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    if (name !== shown) scrollTo(0, 0);
  }
  shown = name;
}

/** Mark the current page in the navigation. */
function mark(view) {
  for (const each of document.querySelectorAll("nav a")) {
    const is = each.hash !== "" && placeOf(each.hash).view === (view === "datasets" ? "" : view);
    if (is) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
}

document.getElementById("zone").textContent = zone;
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", route);
route();
