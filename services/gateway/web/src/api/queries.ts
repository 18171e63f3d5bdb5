// What the page asks for, and how fresh it must be.
import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";

import { ApiError, http, rememberCsrfToken, unwrap, type Decision, type Session } from "./client";

/** Live events refresh at once; this is the net below them. */
const REFETCH_MS = 15_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (count, error) => error instanceof ApiError && error.isTemporary && count < 3,
        retryDelay: (count) => Math.min(2_000 * 2 ** count, 10_000),
        staleTime: 2_000,
      },
    },
  });
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await unwrap(http.GET("/api/v1/auth/session"));
      rememberCsrfToken(session.csrf_token);
      return session;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const clustersQuery = queryOptions({
  queryKey: ["clusters"],
  queryFn: () => unwrap(http.GET("/api/v1/clusters")),
  refetchInterval: REFETCH_MS,
});

export const clusterQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["clusters", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/clusters/{cluster_id}", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

/** Below a cluster's key: whatever makes the cluster stale makes this stale. */
export const connectionQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["clusters", clusterId, "connection"],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/connection", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const workloadsQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["workloads", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/workloads", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const clusterOutlooksQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["outlooks", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/clusters/{cluster_id}/outlooks", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: 4 * REFETCH_MS,
  });

export const workloadOutlooksQuery = (clusterId: string, workloadId: number) =>
  queryOptions({
    queryKey: ["outlooks", clusterId, workloadId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/workloads/{workload_id}/outlooks", { params: { path: { workload_id: workloadId } } })),
    refetchInterval: 4 * REFETCH_MS,
  });

export const overviewQuery = (clusterId: string | null = null) =>
  queryOptions({
    queryKey: ["overview", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/overview", { params: { query: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const nodesQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["nodes", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/nodes", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const sourcesQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["sources", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/sources", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const eventsQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["events", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/events", { params: { path: { cluster_id: clusterId }, query: { limit: 200 } } })),
    refetchInterval: REFETCH_MS,
  });

export const limitsQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["limits", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/limits", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: 60_000,
  });

export const detailsQuery = (workloadId: number) =>
  queryOptions({
    queryKey: ["details", workloadId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/workloads/{workload_id}/details", { params: { path: { workload_id: workloadId } } })),
    refetchInterval: REFETCH_MS,
  });

export const decisionsQuery = (clusterId: string | null, limit: number) =>
  queryOptions({
    queryKey: ["decisions", clusterId, limit],
    queryFn: () =>
      unwrap(
        http.GET("/api/v1/decisions", { params: { query: { cluster_id: clusterId, limit, changes_only: true } } }),
      ),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });

export interface Ledger {
  text: string;
  engine: Engine | "";
  changesOnly: boolean;
}

export type Engine = Decision["engine"];

export const ledgerQuery = (clusterId: string, limit: number, ledger: Ledger) =>
  queryOptions({
    queryKey: ["decisions", clusterId, limit, ledger],
    queryFn: () => unwrap(http.GET("/api/v1/decisions", { params: { query: { cluster_id: clusterId, limit, ...asked(ledger) } } })),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
  });

const asked = (ledger: Ledger) => ({
  changes_only: ledger.changesOnly,
  ...(ledger.text ? { text: ledger.text } : {}),
  ...(ledger.engine ? { engine: ledger.engine } : {}),
});

/** The same as a file. */
export const exportAddress = (clusterId: string, ledger: Ledger, form: "csv" | "jsonl"): string => {
  const query = new URLSearchParams({ cluster_id: clusterId, form });
  for (const [name, value] of Object.entries(asked(ledger))) query.set(name, String(value));
  return `/api/v1/decisions/export?${query.toString()}`;
};

export const incidentsQuery = (clusterId: string | null) =>
  queryOptions({
    queryKey: ["incidents", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/incidents", { params: { query: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const incidentQuery = (incidentId: number) =>
  queryOptions({
    queryKey: ["incident", incidentId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/incidents/{incident_id}", { params: { path: { incident_id: incidentId } } })),
    refetchInterval: REFETCH_MS,
  });

export const mutesQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["mutes", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/mutes", { params: { path: { cluster_id: clusterId } } })),
  });

export const healthQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["health", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/health", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: () => unwrap(http.GET("/api/v1/system")),
  refetchInterval: 5_000,
});

export const deadLettersQuery = queryOptions({
  queryKey: ["system", "dead-letters"],
  queryFn: () => unwrap(http.GET("/api/v1/system/dead-letters")),
  refetchInterval: REFETCH_MS,
});

export const jobsQuery = queryOptions({
  queryKey: ["jobs", "all"],
  queryFn: () => unwrap(http.GET("/api/v1/jobs", { params: { query: { limit: 100 } } })),
  // While something runs its progress is worth asking for, should an event be missed.
  refetchInterval: (query) =>
    query.state.data?.items.some((job) => job.status === "processing") ? 3_000 : REFETCH_MS,
});

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: () => unwrap(http.GET("/api/v1/models")),
  refetchInterval: REFETCH_MS,
});

export const pricesQuery = queryOptions({
  queryKey: ["prices"],
  queryFn: () => unwrap(http.GET("/api/v1/prices")),
});

export const backtestQuery = (workloadId: number) =>
  queryOptions({
    queryKey: ["backtest", workloadId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/workloads/{workload_id}/backtest", { params: { path: { workload_id: workloadId } } })),
    refetchInterval: (query) => (query.state.data?.job?.status === "processing" ? 1_000 : false),
  });

export interface Span {
  /** Length in seconds of a span that ends now; 0 for a fixed one. */
  seconds: number;
  from: number;
  to: number;
}

export const timelineQuery = (clusterId: string, workloadId: number, span: Span) =>
  queryOptions({
    queryKey: ["timeline", clusterId, workloadId, span.seconds, span.from, span.to],
    queryFn: () => {
      const to = span.seconds ? Date.now() / 1000 : Math.min(span.to, Date.now() / 1000);
      const from = span.seconds ? to - span.seconds : Math.min(span.from, to - 60);
      const query = { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() };
      return unwrap(
        http.GET("/api/v1/workloads/{workload_id}/timeline", {
          params: { path: { workload_id: workloadId }, query },
        }),
      );
    },
    refetchInterval: REFETCH_MS,
    placeholderData: (previous, query) => (query?.queryKey[2] === workloadId ? previous : undefined),
  });

export const decisionQuery = (decisionId: string) =>
  queryOptions({
    queryKey: ["decision", decisionId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/decisions/{decision_id}", { params: { path: { decision_id: decisionId } } })),
  });

/** Worked out by the hour: asked for less often than what changes every cycle. */
const HOURLY_MS = 60_000;

export const recommendationsQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["recommendations", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/recommendations", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: HOURLY_MS,
  });

export const sizesQuery = (workloadId: number) =>
  queryOptions({
    queryKey: ["sizes", workloadId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/workloads/{workload_id}/recommendations", { params: { path: { workload_id: workloadId } } })),
    refetchInterval: HOURLY_MS,
  });

export const worthDoingQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["worth-doing", clusterId],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/llm-recommendations", { params: { path: { cluster_id: clusterId } } })),
  });

export const capacityQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["capacity", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/clusters/{cluster_id}/capacity", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: HOURLY_MS,
  });
