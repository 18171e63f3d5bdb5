// Oneself: the profile, the sessions, and what follows when one changed how one gets in.
import { queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { http, rememberCsrfToken, unwrap, type Schemas, type Session } from "../api/client";
import { sessionQuery } from "../api/queries";

export type Profile = Schemas["Profile"];
export type OwnSession = Schemas["OwnSession"];

export const profileQuery = queryOptions({ queryKey: ["profile"], queryFn: () => unwrap(http.GET("/api/v1/me")) });

export const ownSessionsQuery = queryOptions({
  queryKey: ["profile", "sessions"],
  queryFn: () => unwrap(http.GET("/api/v1/me/sessions")),
  refetchInterval: 30_000,
});

/** The session was given another token: later requests must carry its own CSRF token. */
export function takeSession(queries: QueryClient, session: Session): void {
  rememberCsrfToken(session.csrf_token);
  queries.setQueryData(sessionQuery.queryKey, session);
  void queries.invalidateQueries({ queryKey: profileQuery.queryKey });
}

export function useChange<Given, Got>(change: (given: Given) => Promise<Got>, done?: (got: Got, queries: QueryClient) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (got) => {
      void queries.invalidateQueries({ queryKey: profileQuery.queryKey });
      done?.(got, queries);
    },
  });
}

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Mac OS X/, "macOS"],
  [/Windows/, "Windows"],
  [/Linux|X11/, "Linux"],
];
const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
  [/curl\//, "curl"],
  [/python/i, "a program"],
];

/** A device in a few words, as far as it says; browsers name each other, so the order counts. */
export function deviceOf(userAgent: string): string {
  const find = (known: readonly [RegExp, string][]) => known.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = find(BROWSERS);
  const system = find(SYSTEMS);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? (userAgent.slice(0, 40) || "not said");
}
