// The fields of a query, as addresses have them.

/** Where a link within the page leads. */
export function to(path, fields = {}) {
  const query = String(new URLSearchParams(fields));
  return `#/${path}${query && "?"}${query}`;
}

/** What an address says: its view, the id of one thing, and the fields of its query. */
export function placeOf(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, id] = path.split("/");
  return { view, id: id && unescaped(id), fields: new URLSearchParams(query) };
}

function unescaped(id) {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** The fields with some changed; without a value, one is left out. */
export function changed(fields, changes) {
  const next = new URLSearchParams(fields);
  for (const [name, value] of Object.entries(changes)) {
    if (value == null || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The values of a field that may be given often, or once with commas; a comma in a value stands behind a backslash. */
export const valuesOf = (fields, name) =>
  fields
    .getAll(name)
    .flatMap((text) => text.split(/(?<!\\),/))
    .map((value) => value.trim().replaceAll("\\,", ","))
    .filter(Boolean);

export const joined = (values) => values.map((value) => value.replaceAll(",", "\\,")).join(",");
