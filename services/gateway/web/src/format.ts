// Numbers and times as people read them: units always, three significant digits, the reader's own time zone.

export function significant(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en", { maximumFractionDigits: 3 });
}

export const cores = (millicores: number): string => `${significant(millicores / 1000)} cores`;

export const pods = (count: number): string => `${significant(count)} ${count === 1 ? "pod" : "pods"}`;

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockSecondsFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

export function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

export function clock(at: Date, now = new Date()): string {
  return isSameDay(at, now) ? clockFormat.format(at) : `${dayFormat.format(at)}, ${clockFormat.format(at)}`;
}

export function exactly(at: Date): string {
  return `${dayFormat.format(at)}, ${clockSecondsFormat.format(at)} (${at.toISOString().slice(0, 19).replace("T", " ")} UTC)`;
}

export function ago(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1000);
  const [count, unit] = scaled(Math.abs(seconds));
  return seconds >= 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

export function duration(seconds: number): string {
  const [count, unit] = scaled(Math.round(seconds));
  return `${count} ${unit}`;
}

function scaled(seconds: number): [number, string] {
  if (seconds < 90) return [seconds, "s"];
  if (seconds < 90 * 60) return [Math.round(seconds / 60), "min"];
  if (seconds < 36 * 3600) return [Math.round(seconds / 3600), "h"];
  return [Math.round(seconds / 86_400), "days"];
}

export const percent = (share: number): string => `${significant(share * 100)} %`;

/** Prices are by the hour and bills by the month. */
export const HOURS_A_MONTH = 730;

/** "EUR 12.3": the currency as the administrator wrote it. */
export const money = (amount: number, currency: string): string => `${currency} ${significant(amount)}`;

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${significant(value)} ${BYTE_UNITS[unit]}`;
}

/** "1 node", "3 nodes". */
export const count = (number: number, one: string, many = `${one}s`): string => `${significant(number)} ${number === 1 ? one : many}`;
