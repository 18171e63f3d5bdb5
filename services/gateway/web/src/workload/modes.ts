// How much of scaling is left to us.
import type { Workload } from "../api/client";
import type { Tone } from "../ui/controls";

export type Mode = Workload["policy"]["mode"];

export const MODE_TONE: Record<Mode, Tone> = { observe: "neutral", recommend: "info", auto: "good" };
