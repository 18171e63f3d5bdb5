// One live connection for the whole page: its rooms are joined anew after every reconnect, from where each stood.
import { io, type Socket } from "socket.io-client";

import { Room, type JoinAnswer, type Payload, type Position } from "./room";

export type LiveState = "connecting" | "live" | "offline";

export interface LiveListener {
  state: (state: LiveState) => void;
  event: (name: string, payload: Payload) => void;
  /** A room's events were not all told. Without a cluster it is one's own room. */
  resync: (clusterId: string | null) => void;
}

const EVENTS = ["job_status", "progress", "metrics", "decision", "cluster", "incident", "chat"] as const;
const ANSWER_WITHIN_MS = 8_000;
const JOIN_AGAIN_AFTER_MS = 2_000;
/** Asking again is of no use for these. */
const REFUSALS = new Set(["not_found", "forbidden", "invalid_input"]);

interface Watched {
  clusterId: string | null;
  room: Room;
  watchers: number;
}

export class LiveConnection {
  private readonly socket: Socket;
  private readonly watched = new Map<string, Watched>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(private readonly listener: LiveListener) {
    this.socket = io({ transports: ["websocket"], reconnectionDelayMax: 10_000 });
    this.socket.on("connect", () => {
      listener.state("live");
      for (const { room } of this.watched.values()) room.connected();
    });
    this.socket.on("disconnect", (reason) => {
      listener.state("offline");
      // Told to go: the session ended. The page finds out; should it have been something else, come back.
      if (reason === "io server disconnect") this.later(JOIN_AGAIN_AFTER_MS, () => this.socket.connect());
    });
    this.socket.on("connect_error", () => {
      listener.state("offline");
      // A refusal ends the library's own attempts.
      if (!this.socket.active) this.later(JOIN_AGAIN_AFTER_MS, () => this.socket.connect());
    });
    for (const name of EVENTS) {
      this.socket.on(name, (payload: Payload, at: Position & { room: string }) =>
        this.find(at.room)?.room.heard(name, payload, at),
      );
    }
    this.socket.on("head", (head: Position & { room: string }) => this.find(head.room)?.room.told(head));
    this.watch(null);
  }

  /** Hear of a cluster, or without one of oneself; returns how to stop. */
  watch(clusterId: string | null): () => void {
    const key = keyOf(clusterId);
    const known = this.watched.get(key);
    if (known) known.watchers += 1;
    else this.open(key, clusterId);
    return () => this.unwatch(key);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.socket.disconnect();
  }

  private open(key: string, clusterId: string | null): void {
    const room = new Room({
      join: (after) => this.join(key, clusterId, after),
      deliver: this.listener.event,
      resync: () => this.listener.resync(clusterId),
    });
    this.watched.set(key, { clusterId, room, watchers: 1 });
    if (this.socket.connected) room.connected();
  }

  private unwatch(key: string): void {
    const known = this.watched.get(key);
    if (!known) return;
    known.watchers -= 1;
    if (known.watchers > 0) return;
    this.watched.delete(key);
    if (this.socket.connected) this.socket.emit("unsubscribe", { cluster_id: known.clusterId });
  }

  private join(key: string, clusterId: string | null, after: Position | null): void {
    const wish = clusterId === null ? { after } : { cluster_id: clusterId, after };
    const { room } = this.watched.get(key) ?? {};
    this.socket.timeout(ANSWER_WITHIN_MS).emit("subscribe", wish, (late: Error | null, answer?: JoinAnswer) => {
      // A room that was left meanwhile, or joined anew after a reconnect, has no use for this answer.
      if (!room || this.watched.get(key)?.room !== room) return;
      if (!late && answer) room.joined(answer);
      const refused = !late && answer && !answer.ok && REFUSALS.has(answer.code);
      if ((late || !answer?.ok) && !refused) {
        this.later(JOIN_AGAIN_AFTER_MS, () => this.socket.connected && this.watched.get(key)?.room === room && room.connected());
      }
    });
  }

  private find(room: string): Watched | undefined {
    const separator = room.indexOf(":");
    return this.watched.get(keyOf(room.slice(0, separator) === "user" ? null : room.slice(separator + 1)));
  }

  private later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }
}

function keyOf(clusterId: string | null): string {
  return clusterId ?? "me";
}
