// Live events: the page asks again when one arrives. What is missed is caught by the regular refetch.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { io, type Socket } from "socket.io-client";

export type LiveState = "connecting" | "live" | "offline";

interface Live {
  state: LiveState;
  socket: Socket | null;
}

const LiveContext = createContext<Live>({ state: "connecting", socket: null });

export const useLive = (): Live => useContext(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [socket, setSocket] = useState<Socket | null>(null);
  const [state, setState] = useState<LiveState>("connecting");

  useEffect(() => {
    const opened = io({ transports: ["websocket"], reconnectionDelayMax: 10_000 });
    opened.on("connect", () => {
      setState("live");
      // Whatever happened while we were away.
      void queries.invalidateQueries();
    });
    opened.on("disconnect", () => {
      setState("offline");
      // The server ends a connection whose session ended: look whether that is so.
      void queries.invalidateQueries({ queryKey: ["session"] });
    });
    opened.on("connect_error", () => setState("offline"));
    const refreshCluster = (event: { cluster_id?: string }) => {
      void queries.invalidateQueries({ queryKey: ["clusters"] });
      void queries.invalidateQueries({ queryKey: event.cluster_id ? ["workloads", event.cluster_id] : ["workloads"] });
      void queries.invalidateQueries({ queryKey: ["timeline"] });
    };
    opened.on("metrics", refreshCluster);
    opened.on("decision", refreshCluster);
    opened.on("cluster", refreshCluster);
    const refreshJob = (event: { job_id?: string }) =>
      void queries.invalidateQueries({ queryKey: event.job_id ? ["jobs", event.job_id] : ["jobs"] });
    opened.on("job_status", refreshJob);
    opened.on("progress", refreshJob);
    setSocket(opened);
    return () => {
      opened.disconnect();
    };
  }, [queries]);

  return <LiveContext value={{ state, socket }}>{children}</LiveContext>;
}

/** Hear of a cluster while the component is shown, also after a reconnect. */
export function useClusterRoom(clusterId: string | undefined): void {
  const { socket } = useLive();
  useEffect(() => {
    if (!socket || !clusterId) return undefined;
    const join = () => socket.emit("subscribe", { cluster_id: clusterId });
    if (socket.connected) join();
    socket.on("connect", join);
    return () => {
      socket.off("connect", join);
      if (socket.connected) socket.emit("unsubscribe", { cluster_id: clusterId });
    };
  }, [socket, clusterId]);
}
