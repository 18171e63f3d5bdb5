// Dark, light, or as the system says. Kept in this browser; applied before first paint by /theme.js.
import { useEffect, useState } from "react";

export type Theme = "system" | "light" | "dark";
const KEY = "ai4k8s.theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // It then holds for this page only.
    }
  }, [theme]);
  return [theme, setTheme];
}
