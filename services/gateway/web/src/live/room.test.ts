import { describe, expect, it } from "vitest";

import { Room, type JoinAnswer, type Missed, type Payload, type Position } from "./room";

class Page {
  readonly delivered: unknown[] = [];
  readonly asked: (Position | null)[] = [];
  resyncs = 0;
  readonly room = new Room({
    join: (after) => this.asked.push(after),
    deliver: (_name: string, payload: Payload) => this.delivered.push(payload.n),
    resync: () => (this.resyncs += 1),
  });

  hear(seq: number, epoch = "a"): void {
    this.room.heard("metrics", { n: seq }, { epoch, seq });
  }

  answer(seq: number, missed: number[] = [], more: { epoch?: string; resync?: boolean } = {}): void {
    const events: Missed[] = missed.map((item) => ({ seq: item, name: "metrics", payload: { n: item } }));
    const answer: JoinAnswer = { ok: true, room: "cluster:1", epoch: "a", seq, missed: events, resync: false, ...more };
    this.room.joined(answer);
  }

  static joinedAt(seq: number): Page {
    const page = new Page();
    page.room.connected();
    page.answer(seq, [], { resync: true });
    return page;
  }
}

describe("Room", () => {
  it("asks for everything at its first join, and then delivers each number once and in order", () => {
    const page = Page.joinedAt(7);
    for (const seq of [7, 8, 8, 9, 3]) page.hear(seq);
    expect(page.asked).toEqual([null]);
    expect(page.resyncs).toBe(1);
    expect(page.delivered).toEqual([8, 9]);
  });

  it("asks for what is missing when a number jumps, and delivers what came meanwhile after it", () => {
    const page = Page.joinedAt(1);
    page.hear(4);
    page.hear(5);
    expect(page.delivered).toEqual([]);
    expect(page.asked.at(-1)).toEqual({ epoch: "a", seq: 1 });
    page.answer(4, [2, 3, 4]);
    expect(page.delivered).toEqual([2, 3, 4, 5]);
    expect(page.resyncs).toBe(1);
  });

  it("joins from where it stood after a reconnect", () => {
    const page = Page.joinedAt(1);
    page.hear(2);
    page.room.connected();
    page.hear(4);
    expect(page.asked.at(-1)).toEqual({ epoch: "a", seq: 2 });
    page.answer(3, [3]);
    expect(page.delivered).toEqual([2, 3, 4]);
  });

  it("asks for everything when the gap is too long or the numbers began anew", () => {
    const page = Page.joinedAt(5);
    page.hear(1, "b");
    expect(page.asked.at(-1)).toEqual({ epoch: "a", seq: 5 });
    page.answer(1, [], { epoch: "b", resync: true });
    expect(page.resyncs).toBe(2);
    page.hear(2, "b");
    expect(page.delivered).toEqual([2]);
  });

  it("notices by the told number that an event never came", () => {
    const page = Page.joinedAt(3);
    page.room.told({ epoch: "a", seq: 3 });
    expect(page.asked).toHaveLength(1);
    page.room.told({ epoch: "a", seq: 4 });
    page.answer(4, [4]);
    expect(page.delivered).toEqual([4]);
  });

  it("does not ask again by itself when it is refused", () => {
    const page = new Page();
    page.room.connected();
    page.room.joined({ ok: false, code: "not_found" });
    page.hear(1);
    expect(page.asked).toHaveLength(1);
    expect(page.delivered).toEqual([]);
  });
});
