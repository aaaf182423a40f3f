// Formats times, sizes and counts.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const SAID = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
};
const clock = clockOf(document.documentElement.dataset.timeZone);
const relative = new Intl.RelativeTimeFormat("en");

/** The facility's time zone, or the reader's own if the browser does not know that zone. */
function clockOf(timeZone) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...SAID, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", SAID);
  }
}

export const zone = clock.resolvedOptions().timeZone;
export const count = (number) => number.toLocaleString("en");
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A value of any kind as text. */
export const said = (value) => (value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** A time to the second, with its zone; `datetime` has the machine-readable one. */
export function time(text) {
  if (!text) return "";
  const node = document.createElement("time");
  node.dateTime = text;
  const at = Object.fromEntries(clock.formatToParts(new Date(text)).map(({ type, value }) => [type, value]));
  node.textContent = `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}:${at.second} ${at.timeZoneName}`;
  return node;
}

/** The distance of a time, such as `in 6 days`. */
export function distance(text) {
  const seconds = (new Date(text) - Date.now()) / 1000;
  const [unit, step] = STEPS.find(([, most]) => Math.abs(seconds) >= most) ?? STEPS.at(-1);
  return relative.format(Math.trunc(seconds / step), unit);
}

/** Bytes, as `9.88 GB`. */
export function size(bytes) {
  if (bytes == null) return "";
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), UNITS.length - 1);
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${UNITS[power]}`;
}

/** The kind of a dataset. A generic kind is shown with its technique. */
export const what = (dataset) =>
  dataset.kind.startsWith("generic.") ? `${dataset.technique} ${dataset.kind}` : dataset.kind;
