// How one gets in here; asked before anybody is logged in.
import { queryOptions } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";

export const waysQuery = queryOptions({
  queryKey: ["ways-in"],
  queryFn: () => unwrap(http.GET("/api/v1/auth/ways")),
  staleTime: 60_000,
});

/** What follows the # in a link: browsers send it to no server by themselves. */
export const tokenOfAddress = (): string => decodeURIComponent(window.location.hash.slice(1));

/** Why the provider's log-in ended here; told by a code, so that no address can put words into this page. */
export const PROBLEMS: Record<string, string> = {
  sso_refused: "The provider let nobody in, or its answer could not be believed. Ask an administrator whether your groups are let in.",
  sso_lost: "This log-in was begun elsewhere, or too long ago. Begin it anew.",
  sso_unknown: "Nobody here is known by that identity. Log in by password and link it in your profile, or ask for an invitation.",
  sso_email_taken: "An account with your address exists. Log in to it by its password, and link single sign-on in your profile.",
  sso_identity_taken: "That identity belongs to another account.",
  sso_unavailable: "The provider of single sign-on does not answer. Try again later, or log in by password.",
  link_spent: "The invitation no longer serves. Ask for a new one.",
  insecure_transport: "Open this page by its https:// address to log in.",
};

export const problemWords = (code: string | null): string | null =>
  code === null ? null : (PROBLEMS[code] ?? "The log-in by single sign-on did not work. Try again.");
