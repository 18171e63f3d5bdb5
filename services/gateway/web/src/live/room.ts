// What a page knows of one room, and when it has to ask: numbers tell what is old, what is next and what is missing.

/** The number of an event within an epoch of its room. Numbers begin anew with another epoch. */
export interface Position {
  epoch: string;
  seq: number;
}

export type Payload = Record<string, unknown>;

export interface Missed {
  seq: number;
  name: string;
  payload: Payload;
}

export type JoinAnswer =
  | { ok: true; room: string; epoch: string; seq: number; missed: Missed[]; resync: boolean }
  | { ok: false; code: string };

export interface RoomListener {
  /** Ask the server to join with what was seen last; the answer goes to `joined`. */
  join: (after: Position | null) => void;
  deliver: (name: string, payload: Payload) => void;
  /** More was missed than can be told: ask for everything anew. */
  resync: () => void;
}

interface Held extends Position {
  name: string;
  payload: Payload;
}

export class Room {
  private position: Position | null = null;
  private held: Held[] = [];
  private joining = false;

  constructor(private readonly listener: RoomListener) {}

  /** The connection is there, or there again. */
  connected(): void {
    this.join();
  }

  heard(name: string, payload: Payload, at: Position): void {
    if (this.joining) {
      this.held.push({ name, payload, ...at });
    } else if (this.position === null) {
      // Not joined: whatever this is, joining will tell it.
    } else if (at.epoch !== this.position.epoch || at.seq > this.position.seq + 1) {
      this.held.push({ name, payload, ...at });
      this.join();
    } else if (at.seq === this.position.seq + 1) {
      this.position = { epoch: at.epoch, seq: at.seq };
      this.listener.deliver(name, payload);
    }
  }

  /** The server says where the room stands: is there something that never came? */
  told(head: Position): void {
    if (this.joining || this.position === null) return;
    if (head.epoch !== this.position.epoch || head.seq > this.position.seq) this.join();
  }

  /** The answer to `join`. One that says no is for the caller to judge. */
  joined(answer: JoinAnswer): void {
    this.joining = false;
    const held = this.held.sort((one, other) => one.seq - other.seq);
    this.held = [];
    if (!answer.ok) return;
    const { epoch } = answer;
    if (answer.resync || this.position === null) {
      this.position = { epoch, seq: answer.seq };
      this.listener.resync();
    }
    for (const event of answer.missed) this.heard(event.name, event.payload, { epoch, seq: event.seq });
    for (const event of held) this.heard(event.name, event.payload, event);
  }

  private join(): void {
    this.joining = true;
    this.listener.join(this.position);
  }
}
