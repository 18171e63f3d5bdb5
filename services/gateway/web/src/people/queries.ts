// People and invitations, for administrators.
import { queryOptions } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";

export type Person = Schemas["PersonView"];
export type Role = Person["role"];
export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

export const peopleQuery = queryOptions({ queryKey: ["people"], queryFn: () => unwrap(http.GET("/api/v1/people")), refetchInterval: 30_000 });

export const invitationsQuery = queryOptions({
  queryKey: ["people", "invitations"],
  queryFn: () => unwrap(http.GET("/api/v1/people/invitations")),
});
