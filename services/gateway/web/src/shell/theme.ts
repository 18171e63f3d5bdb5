// Dark, light, or as the system says. Kept in this browser; applied before first paint by /theme.js.
import { useEffect, useSyncExternalStore } from "react";

import { readStored, writeStored } from "../storage";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly { value: Theme; label: string }[] = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];
const KEY = "ai4k8s.theme";
const listeners = new Set<() => void>();

function current(): Theme {
  const value = readStored(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setTheme(theme: Theme): void {
  writeStored(KEY, theme === "system" ? null : theme);
  listeners.forEach((listener) => listener());
}

export function useTheme(): Theme {
  const theme = useSyncExternalStore(listen, current);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return theme;
}
