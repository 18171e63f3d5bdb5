// Listens for keys once, for whatever the shell and the page in it offer.
import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";

import { isTaken, keyOf, KeyMatcher, ShortcutContext, useShortcuts, type Register, type Shortcut } from "./keys";
import { ShortcutHelp } from "./ShortcutHelp";

export function Shortcuts({ children }: { children: ReactNode }) {
  const offered = useRef(new Set<Shortcut>());
  const register = useCallback<Register>((shortcut) => {
    offered.current.add(shortcut);
    return () => offered.current.delete(shortcut);
  }, []);
  useEffect(() => {
    const matcher = new KeyMatcher();
    const pressed = (event: KeyboardEvent) => {
      const key = keyOf(event);
      // Shift is part of '?'; alone it is no key.
      if (event.defaultPrevented || key === "Shift" || key.startsWith("Alt+")) return;
      if (!key.startsWith("Ctrl+") && isTaken(event.target)) return;
      const found = matcher.match(key, event.timeStamp, offered.current);
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  return (
    <ShortcutContext value={register}>
      {children}
      <Help offered={offered.current} />
    </ShortcutContext>
  );
}

function Help({ offered }: { offered: Set<Shortcut> }) {
  const [isOpen, setOpen] = useState(false);
  useShortcuts([{ keys: "?", name: "This list", group: "Everywhere", run: () => setOpen(true) }]);
  return isOpen ? <ShortcutHelp shortcuts={[...offered]} onClose={() => setOpen(false)} /> : null;
}
