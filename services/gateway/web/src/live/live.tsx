// Live events for components: what changed is asked for again when an event says so, or when events were missed.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

import { LiveConnection, type LiveState } from "./connection";
import type { Payload } from "./room";

export type { LiveState } from "./connection";

interface Live {
  state: LiveState;
  connection: LiveConnection | null;
}

const LiveContext = createContext<Live>({ state: "connecting", connection: null });

export const useLive = (): Live => useContext(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<LiveConnection | null>(null);
  const [state, setState] = useState<LiveState>("connecting");

  useEffect(() => {
    const opened = new LiveConnection({
      state: (next) => {
        setState(next);
        // The server ends a connection whose session ended: look whether that is so.
        if (next === "offline") void queries.invalidateQueries({ queryKey: ["session"] });
      },
      event: (name, payload) => refresh(queries, name, payload),
      resync: (clusterId) => (clusterId === null ? refreshJobs(queries) : void queries.invalidateQueries()),
    });
    setConnection(opened);
    return () => opened.close();
  }, [queries]);

  return <LiveContext value={{ state, connection }}>{children}</LiveContext>;
}

/** Hear of a cluster while the component is shown, also after a reconnect. */
export function useClusterRoom(clusterId: string | undefined): void {
  const { connection } = useLive();
  useEffect(() => (connection && clusterId ? connection.watch(clusterId) : undefined), [connection, clusterId]);
}

function refresh(queries: QueryClient, name: string, payload: Payload): void {
  if (name === "job_status" || name === "progress") refreshJobs(queries);
  else refreshCluster(queries, typeof payload.cluster_id === "string" ? payload.cluster_id : undefined);
}

function refreshJobs(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["jobs"] });
}

function refreshCluster(queries: QueryClient, clusterId: string | undefined): void {
  void queries.invalidateQueries({ queryKey: ["clusters"] });
  void queries.invalidateQueries({ queryKey: clusterId ? ["workloads", clusterId] : ["workloads"] });
  void queries.invalidateQueries({ queryKey: ["timeline"] });
}
