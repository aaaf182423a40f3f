// The fields of a query in the page's addresses.

/** The address of a link within the page. */
export function to(path, fields = {}) {
  const query = String(new URLSearchParams(fields));
  return `#/${path}${query && "?"}${query}`;
}

/** The parts of an address: its view, the id of one thing, and the fields of its query. */
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

/** The fields with some changes. A field without a value is left out. */
export function changed(fields, changes) {
  const next = new URLSearchParams(fields);
  for (const [name, value] of Object.entries(changes)) {
    if (value == null || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The values of a field that is repeated or has commas. A comma within a value has a backslash before it. */
export const valuesOf = (fields, name) =>
  fields
    .getAll(name)
    .flatMap((text) => text.split(/(?<!\\),/))
    .map((value) => value.trim().replaceAll("\\,", ","))
    .filter(Boolean);

export const joined = (values) => values.map((value) => value.replaceAll(",", "\\,")).join(",");
