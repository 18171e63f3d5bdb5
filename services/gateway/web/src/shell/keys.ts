// Keyboard shortcuts: single keys (`?`) and sequences (`g w`), matched here, registered by whoever offers them.
import { createContext, use, useEffect, useRef } from "react";

export interface Shortcut {
  /** Keys with spaces between: "g w", "?", "Ctrl+k". */
  keys: string;
  name: string;
  group: string;
  run: () => void;
}

const SEQUENCE_MS = 1_200;

/** Finds the shortcut that a key completes; remembers the keys before it for a moment. */
export class KeyMatcher {
  private pressed: string[] = [];
  private lastAt = 0;

  match(key: string, at: number, shortcuts: Iterable<Shortcut>): Shortcut | null {
    if (at - this.lastAt > SEQUENCE_MS) this.pressed = [];
    this.lastAt = at;
    this.pressed.push(key);
    const typed = this.pressed.join(" ");
    const all = [...shortcuts];
    const found = all.find((item) => item.keys === typed) ?? all.find((item) => item.keys === key);
    if (found || !all.some((item) => item.keys.startsWith(`${typed} `))) this.pressed = [];
    return found ?? null;
  }
}

export function keyOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey) return `Alt+${key}`;
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key;
}

/** Whether the key belongs to what is focused: text being written, or an open dialog. */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

export type Register = (shortcut: Shortcut) => () => void;

export const ShortcutContext = createContext<Register>(() => () => undefined);

/** Offer shortcuts while the component is shown. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const register = use(ShortcutContext);
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const signature = shortcuts.map((item) => `${item.keys}:${item.name}`).join("|");
  useEffect(() => {
    const undo = latest.current.map((item, index) =>
      register({ ...item, run: () => latest.current[index]?.run() }),
    );
    return () => undo.forEach((leave) => leave());
  }, [register, signature]);
}
