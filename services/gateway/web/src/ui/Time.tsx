import { ago, clock, exactly } from "../format";
import { useNow } from "./clock";

/** A moment in the reader's time; the exact one, with UTC, on hover. */
export function Time({ at, relative = false }: { at: string | Date; relative?: boolean }) {
  const moment = typeof at === "string" ? new Date(at) : at;
  const now = useNow(relative ? 1_000 : 60_000);
  return (
    <time dateTime={moment.toISOString()} title={exactly(moment)}>
      {relative ? ago(moment, now) : clock(moment, now)}
    </time>
  );
}
