// Use of a resource against what there is, in words and as a share.
import { bytes, significant } from "../format";

export interface Usage {
  share: number | null;
  words: string;
}

export function usageOf(kind: "cpu" | "memory", used: number | null, of: number | null): Usage {
  if (used === null) return { share: null, words: of === null ? "not known" : `not measured, of ${amount(kind, of)}` };
  if (of === null || of <= 0) return { share: null, words: amount(kind, used) };
  const unit = kind === "cpu" ? `${significant(used / 1000)} of ${amount(kind, of)}` : `${amount(kind, used)} of ${amount(kind, of)}`;
  return { share: used / of, words: unit };
}

const amount = (kind: "cpu" | "memory", value: number): string => (kind === "cpu" ? `${significant(value / 1000)} cores` : bytes(value));
