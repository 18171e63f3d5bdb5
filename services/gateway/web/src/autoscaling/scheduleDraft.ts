// A rule of the clock while it is being edited: days and hours rather than cron, which most rules need no more than.
import type { Schemas } from "../api/client";

export type NewSchedule = Schemas["NewSchedule"];

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

export interface ScheduleDraft {
  title: string;
  days: readonly boolean[];
  from: string;
  to: string;
  min: string;
  max: string;
  zone: string;
  holidays: string;
}

export const freshDraft = (): ScheduleDraft => ({
  title: "office hours",
  days: [true, true, true, true, true, false, false],
  from: "08:30",
  to: "19:00",
  min: "",
  max: "",
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  holidays: "",
});

const DAY_MINUTES = 24 * 60;
const minutesOf = (clock: string): number => {
  const [hours, minutes] = clock.split(":").map(Number);
  return (hours ?? NaN) * 60 + (minutes ?? NaN);
};

/** From the clock's hours to a beginning and a length; an end before the beginning is on the next day. */
export function scheduleOf(draft: ScheduleDraft): NewSchedule | null {
  const [from, to] = [minutesOf(draft.from), minutesOf(draft.to)];
  const chosen = draft.days.flatMap((isOn, index) => (isOn ? [(index + 1) % 7] : []));
  const [min, max] = [bound(draft.min), bound(draft.max)];
  const dates = draft.holidays.split(/[\s,]+/).filter(Boolean);
  if (!Number.isFinite(from) || !Number.isFinite(to) || chosen.length === 0 || !draft.title.trim()) return null;
  if ((min === null && max === null) || Number.isNaN(min) || Number.isNaN(max)) return null;
  if (dates.some((date) => !/^\d{4}-\d{2}-\d{2}$/.test(date))) return null;
  return {
    title: draft.title.trim(),
    cron: `${from % 60} ${Math.floor(from / 60)} * * ${daysField(chosen)}`,
    duration_minutes: (to - from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES,
    time_zone: draft.zone,
    skip_dates: dates,
    only_dates: [],
    min_replicas: min,
    max_replicas: max,
    enabled: true,
  };
}

const bound = (text: string): number | null => {
  if (text === "") return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 ? value : NaN;
};

function daysField(days: number[]): string {
  if (days.length === 7) return "*";
  const weekdays = [1, 2, 3, 4, 5];
  return days.length === 5 && weekdays.every((day) => days.includes(day)) ? "1-5" : days.join(",");
}
