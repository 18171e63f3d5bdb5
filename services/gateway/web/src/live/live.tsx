// Live events for components: what changed is asked for again when an event says so, or when events were missed.
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

import { hear } from "../chat/heard";
import { LiveConnection, type LiveState } from "./connection";
import { Gather } from "./gather";
import type { Payload } from "./room";

export type { LiveState } from "./connection";

interface Live {
  state: LiveState;
  connection: LiveConnection | null;
}

const LiveContext = createContext<Live>({ state: "connecting", connection: null });

export const useLive = (): Live => useContext(LiveContext);

/** Events come in bursts, some for each cluster and cycle: ask once for all of a moment. */
const GATHER_MS = 250;

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<LiveConnection | null>(null);
  const [state, setState] = useState<LiveState>("connecting");

  useEffect(() => {
    const stale = new Gather<QueryKey>(GATHER_MS, (keys) => {
      for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
    });
    const opened = new LiveConnection({
      state: (next) => {
        setState(next);
        // The server ends a connection whose session ended: look whether that is so.
        if (next === "offline") void queries.invalidateQueries({ queryKey: ["session"] });
      },
      event: (name, payload) => {
        if (name === "chat") hear(payload);
        staleAfter(name, payload).forEach((key) => stale.add(key));
      },
      resync: (clusterId) => stale.add(clusterId === null ? ["jobs"] : []),
    });
    setConnection(opened);
    return () => {
      stale.stop();
      opened.close();
    };
  }, [queries]);

  return <LiveContext value={{ state, connection }}>{children}</LiveContext>;
}

/** Hear of a cluster while the component is shown, also after a reconnect. */
export function useClusterRoom(clusterId: string | undefined): void {
  const { connection } = useLive();
  useEffect(() => (connection && clusterId ? connection.watch(clusterId) : undefined), [connection, clusterId]);
}

/** Which answers an event makes stale. */
export function staleAfter(name: string, payload: Payload): QueryKey[] {
  if (name === "rights") return [[]]; // what one may has changed: everything may look different
  if (name === "job_status" || name === "progress") return [["jobs"], ["plan"], ["plans"]];
  // Words and tool calls are heard by the conversation itself; the store has the answer once it is whole.
  if (name === "chat") return payload.type === "answer" ? [["conversation"]] : [];
  const one = typeof payload.cluster_id === "string" ? [payload.cluster_id] : [];
  const ofCluster = ["workloads", "nodes", "timeline", "sources", "events", "health"].map((kind) => [kind, ...one]);
  return [["clusters"], ["overview"], ["details"], ["incidents"], ["incident"], ...ofCluster, ...(name === "decision" ? [["decisions"], ["decision"], ["scaling"], ["autoscaling"]] : [])];
}
