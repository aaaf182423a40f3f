// The lineage of a dataset as trees: its inputs, and the datasets made from it.

import { el, link, more, section, short, soft, tag } from "./elements.js";
import { to } from "./fields.js";
import { count } from "./words.js";

const MOST_DEPTH = 20;
const AT_ONCE = 200;

export const askLineage = (id, asking, skip = 0) =>
  asking.get(`datasets/${encodeURIComponent(id)}/lineage`, { limit: AT_ONCE, skip });

export function lineage(id, first, asking) {
  let known = first;
  const trees = el("div", {});
  const draw = () =>
    trees.replaceChildren(
      el("h3", {}, "Made from"),
      tree(known, id, "child", "parent") ?? soft("Nothing: the lineage begins here."),
      el("h3", {}, "Used for"),
      tree(known, id, "parent", "child") ?? soft("Nothing yet."),
      known.next == null && !known.truncated
        ? ""
        : el(
            "p",
            { class: "soft" },
            known.next == null
              ? "The lineage continues beyond what is shown."
              : `These are the nearest ${count(known.nodes.length)} datasets.`,
          ),
    );
  const bring = async (skip) => {
    const page = await askLineage(id, asking, skip);
    known = { ...page, nodes: [...known.nodes, ...page.nodes], edges: [...known.edges, ...page.edges] };
    draw();
    return known.next;
  };
  draw();
  return section("Lineage", trees, more("More of the lineage", known.next, bring));
}

/** The tree from a dataset in one direction. A dataset that is reached twice is expanded once. */
function tree({ nodes, edges }, root, from, towards) {
  const datasets = new Map(nodes.map((node) => [node.dataset_id, node]));
  const beside = new Map(edges.map((edge) => [edge[from], []]));
  for (const edge of edges) beside.get(edge[from]).push(edge[towards]);
  const grown = new Set();
  const grow = (id, depth) => {
    if (!beside.has(id) || depth > MOST_DEPTH || grown.has(id)) return null;
    grown.add(id);
    return el(
      "ul",
      { class: "tree" },
      beside.get(id).map((next) => el("li", {}, node(next, datasets.get(next) ?? {}), grow(next, depth + 1))),
    );
  };
  return grow(root, 0);
}

const node = (id, { name, path, kind }) =>
  kind
    ? [link(to(`datasets/${id}`), short(name || path)), " ", tag(kind)]
    : [el("span", { class: "path" }, path ?? id), " ", tag("not catalogued yet", "wait")];
