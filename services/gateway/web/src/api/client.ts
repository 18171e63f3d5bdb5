// The typed client. Its types are generated from the gateway's OpenAPI document at every build.
import createClient from "openapi-fetch";

import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Cluster = Schemas["ClusterView"];
export type Workload = Schemas["WorkloadView"];
export type Timeline = Schemas["Timeline"];
export type Decision = Schemas["DecisionView"];
export type DecisionDetail = Schemas["DecisionDetail"];
export type Policy = Schemas["NewPolicy"];
export type Session = Schemas["SessionView"];
export type Problem = Schemas["Problem"];
export type Job = Schemas["JobItem"];
export type DeadLetter = Schemas["DeadLetterView"];
export type Overview = Schemas["Overview"];
export type ClusterSummary = Schemas["ClusterSummary"];
export type Need = Schemas["Need"];
export type Node = Schemas["NodeView"];
export type System = Schemas["SystemView"];
export type Source = Schemas["SourceView"];
export type ClusterEvent = Schemas["EventView"];
export type Limits = Schemas["LimitsList"];
export type Details = Schemas["WorkloadDetails"];
export type Anomaly = Schemas["AnomalyView"];
export type Incident = Schemas["IncidentView"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type Watching = Schemas["Watching"];
export type ClusterHealth = Schemas["HealthView"];
export type PolicyPreview = Schemas["PolicyPreview"];

/** What the gateway refused, or that it could not be reached at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint: string,
    readonly fields: readonly { field: string; message: string }[] = [],
  ) {
    super(detail);
  }

  get isTemporary(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

let csrfToken = "";

export function rememberCsrfToken(token: string): void {
  csrfToken = token;
}

export const http = createClient<paths>({ baseUrl: "", credentials: "same-origin" });

http.use({
  onRequest({ request }) {
    if (csrfToken && request.method !== "GET") request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
  onError() {
    return new ApiError(0, "offline", "The server does not answer.", "Check the connection; it is tried again by itself.");
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return what was asked for, or throw what went wrong in one form. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (error !== undefined || !response.ok) throw toApiError(error, response);
  return data as T;
}

function toApiError(error: unknown, response: Response): ApiError {
  const problem = (typeof error === "object" && error !== null ? error : {}) as Partial<Problem>;
  return new ApiError(
    response.status,
    problem.code ?? "unknown",
    problem.detail ?? `The server answered ${response.status}.`,
    problem.hint ?? "",
    problem.errors ?? [],
  );
}
