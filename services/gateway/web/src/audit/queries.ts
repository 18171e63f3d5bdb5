// The audit log: searched page by page, exported, proven.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";

export type AuditEntry = Schemas["AuditEntryView"];
export type AuditResult = AuditEntry["result"];

export interface AuditSearch {
  who: string;
  text: string;
  clusterId: string;
  result: AuditResult | "";
  days: number | null;
}

const DAY_MS = 86_400_000;

/** Whole hours: the key of a query must not change at every look. */
const sinceOf = (days: number): string => new Date(Math.floor((Date.now() - days * DAY_MS) / 3_600_000) * 3_600_000).toISOString();

const asked = (search: AuditSearch) => ({
  ...(search.who ? { who: search.who } : {}),
  ...(search.text ? { text: search.text } : {}),
  ...(search.clusterId ? { cluster_id: search.clusterId } : {}),
  ...(search.result ? { result: search.result } : {}),
  ...(search.days ? { since: sinceOf(search.days) } : {}),
});

export const auditQuery = (search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ["audit", search],
    queryFn: ({ pageParam }) =>
      unwrap(http.GET("/api/v1/audit", { params: { query: { ...asked(search), ...(pageParam ? { after: pageParam } : {}) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

export const verifyQuery = queryOptions({
  queryKey: ["audit-verify"],
  queryFn: () => unwrap(http.GET("/api/v1/audit/verify")),
  staleTime: 60_000,
  enabled: false,
  retry: false,
});

export const auditExport = (search: AuditSearch, form: "csv" | "jsonl"): string => {
  const query = new URLSearchParams({ form });
  for (const [name, value] of Object.entries(asked(search))) query.set(name, String(value));
  return `/api/v1/audit/export?${query.toString()}`;
};
