// Arranges the parameters of a dataset in groups and tables. Pure.

export const SHELLS = ["overall", "inner", "outer"];
const SHELL_NAME = /^(.+?)_(overall|inner|outer)_(.+)$/;

/** The group of a parameter: its name up to the first underscore, such as `InstrumentDetector01`. */
const groupOf = (name) => (name.includes("_") ? name.slice(0, name.indexOf("_")) : "General");

/**
 * The parameters by group, in the order in which groups are first named. Each group has its `parameters`, as pairs of
 * a name and what is told of it, and its `shells`: of a statistic that is told overall and in the inner and outer
 * resolution shell the `name`, the `unit` and what each shell has.
 */
export function grouped(parameters) {
  const groups = new Map();
  for (const [name, parameter] of Object.entries(parameters)) {
    const title = groupOf(name);
    if (!groups.has(title)) groups.set(title, { title, parameters: [], shells: new Map() });
    const group = groups.get(title);
    const [, family, shell, statistic] = SHELL_NAME.exec(name) ?? [];
    if (!shell) {
      group.parameters.push([name, parameter]);
      continue;
    }
    const key = [family.slice(title.length + 1), statistic].filter(Boolean).join("_");
    if (!group.shells.has(key)) group.shells.set(key, { name: key, unit: parameter.unit ?? null });
    group.shells.get(key)[shell] = { name, parameter };
  }
  return [...groups.values()].map((group) => ({ ...group, shells: [...group.shells.values()] }));
}

/** Whether a parameter has a text in its name, its value or the sent value, in any letter case. */
export function mentions(name, { value, original }, text) {
  return [name, JSON.stringify(value ?? ""), original ?? ""]
    .join(" ")
    .toLowerCase()
    .includes(text.trim().toLowerCase());
}

/** Whether the canonical value differs from the sent one in more than notation: `52.1` is `52.10`, not `5.21 nm`. */
export function isRewritten({ value, original }) {
  if (value == null || original == null || value === original) return false;
  const told = typeof value === "object" ? JSON.stringify(value) : String(value);
  return told !== original && !(typeof value === "number" && original.trim() !== "" && Number(original) === value);
}
