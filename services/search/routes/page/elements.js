// Builds everything on the page as nodes: a producer's text is never interpreted as markup.

const LONG_CHARACTERS = 300;
const MOST_NAMED = 3;

/** An element. An attribute that is a function is a listener for that event; one without a value is left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value != null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

export const soft = (...children) => el("span", { class: "soft" }, ...children);
export const tag = (text, kind = "") => el("span", { class: `tag ${kind}` }, breakable(text));
export const link = (href, ...children) => el("a", { href }, ...children);
export const button = (label, click, attributes = {}) => el("button", { type: "button", click, ...attributes }, label);

/** A section of a page with its own heading. */
export const section = (title, ...children) => el("section", { class: "paper" }, el("h2", {}, title), ...children);

const isTold = (value) => (Array.isArray(value) ? value.some(isTold) : Boolean(value));

/** Names and their values. Empty ones are left out. */
export function facts(pairs) {
  const told = Object.entries(pairs).filter(([, value]) => isTold(value));
  return el(
    "dl",
    {},
    told.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

/** A long text with a button that shows all of it. */
export function long(text, most = LONG_CHARACTERS) {
  if (text.length <= most) return text;
  const shown = el("span", {}, `${text.slice(0, most)}…`);
  const toggle = button(
    `Show all ${text.length.toLocaleString("en")} characters`,
    () => {
      const isOpen = toggle.getAttribute("aria-expanded") === "false";
      shown.textContent = isOpen ? text : `${text.slice(0, most)}…`;
      toggle.setAttribute("aria-expanded", isOpen);
      toggle.textContent = isOpen ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`;
    },
    { class: "quiet", "aria-expanded": "false" },
  );
  return el("span", { class: "long" }, shown, " ", toggle);
}

/** The beginning of a text whose end is shown elsewhere. */
export const short = (text) => (text.length > LONG_CHARACTERS ? `${text.slice(0, LONG_CHARACTERS)}…` : text);

/** A path or a name that may break after a slash or a dot. A long one is cut. */
export const breakable = (text) => broken(short(text), /(?<=[/.])/);

/** The name of a parameter, which may break after an underscore. */
export const parameterName = (text) => broken(short(text), /(?<=_)/);

const broken = (text, behind) => text.split(behind).flatMap((part) => [part, el("wbr")]);

/** Some of many, and how many more there are. */
export function listed(items, count = items.length, most = MOST_NAMED) {
  const rest = Math.max(count, items.length) - Math.min(items.length, most);
  return [
    items.slice(0, most).map((item) => el("div", {}, item)),
    rest > 0 && el("div", { class: "soft" }, `and ${rest.toLocaleString("en")} more`),
  ];
}

/** A path, with a button that copies it. */
export function path(text) {
  const node = el("span", { class: "path" }, broken(text, /(?<=[/.])/));
  const copy = button(
    "Copy",
    async () => {
      copy.textContent = (await isCopied(node)) ? "Copied" : "Not copied";
      setTimeout(() => {
        copy.textContent = "Copy";
      }, 2000);
    },
    { class: "quiet", "aria-label": "Copy the path" },
  );
  return el("span", { class: "copied" }, node, " ", copy);
}

/** Copy a text to the clipboard, and tell whether it succeeded. A page without HTTPS must select and copy it. */
async function isCopied(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}

/** A finding: what is wrong, and what to do about it. */
export function findings(all) {
  return el(
    "ul",
    { class: "findings" },
    all.map((one) =>
      el(
        "li",
        { class: one.severity === "error" ? "bad" : "wait" },
        el("div", {}, el("code", {}, one.code), one.parameter && [" ", el("code", { class: "soft" }, one.parameter)]),
        el("div", { class: "ink" }, long(one.message)),
        one.cure && el("div", { class: "cure" }, long(one.cure)),
      ),
    ),
  );
}

/**
 * A table. A column has a `title`, the `cell` of a row, perhaps a `class`, and where it is sorted by, its `head` and
 * `sorted`. On a narrow page each row of `cards` is a card whose cells name their column; the roles keep it a table.
 */
export function table(caption, columns, rows, look = "cards") {
  const body = el("tbody", { role: "rowgroup" });
  const cell = (column, row) =>
    column.isHeading
      ? el("th", { role: "rowheader", scope: "row", class: column.class }, column.cell(row))
      : el("td", { role: "cell", class: column.class, "data-label": column.title }, column.cell(row));
  const add = (more) =>
    body.append(
      ...more.map((row) =>
        el(
          "tr",
          { role: "row" },
          columns.map((column) => cell(column, row)),
        ),
      ),
    );
  add(rows);
  const head = columns.map((column) =>
    el(
      "th",
      {
        role: "columnheader",
        scope: "col",
        class: column.class,
        "aria-sort": column.sorted,
      },
      column.head ?? column.title,
    ),
  );
  return {
    add,
    node: el(
      "table",
      { role: "table", class: look },
      el("caption", { class: "unseen" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
      body,
    ),
  };
}

/** A button for the next part, until there is none: `bring` shows a part and returns the cursor of the next one. */
export function more(label, next, bring) {
  const trouble = el("span", { class: "bad", role: "alert" });
  const ask = button(label, async () => {
    ask.disabled = true;
    trouble.textContent = "";
    try {
      next = await bring(next);
    } catch (error) {
      if (error.name === "AbortError") return;
      trouble.textContent = ` ${error.message}. `;
    }
    ask.disabled = false;
    whole.hidden = next == null;
  });
  const whole = el("p", { class: "more", hidden: next == null }, trouble, ask);
  return whole;
}

/** The rows of an answer as a table with a button for the next page, which `ask` gets by its cursor. */
export function pages(caption, columns, key, answer, ask) {
  const rows = table(caption, columns, answer[key]);
  return [
    el("div", { class: "sheet" }, rows.node),
    more("More", answer.next, async (cursor) => {
      const page = await ask(cursor);
      rows.add(page[key]);
      return page.next;
    }),
  ];
}

/** The entries of an answer as lines, with a button for earlier ones. */
export function lines(key, line, answer, ask) {
  const all = el("ul", { class: "plain" }, answer[key].map(line));
  return [
    all,
    more("Older", answer.next, async (cursor) => {
      const page = await ask(cursor);
      all.append(...page[key].map(line));
      return page.next;
    }),
  ];
}
