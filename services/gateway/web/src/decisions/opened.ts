// Which decisions are open lives in the address: a reason can be sent to a colleague, and Back closes it.
import { useCallback } from "react";
import { useSearchParams } from "react-router";

const KEY = "decision";

export interface Opened {
  ids: string[];
  open: (ids: string[]) => void;
  close: () => void;
}

export function useOpened(): Opened {
  const [search, setSearch] = useSearchParams();
  const ids = (search.get(KEY) ?? "").split(",").filter(Boolean);
  const open = useCallback(
    (wanted: string[]) =>
      setSearch((before) => {
        before.set(KEY, wanted.join(","));
        return before;
      }),
    [setSearch],
  );
  const close = useCallback(
    () =>
      setSearch(
        (before) => {
          before.delete(KEY);
          return before;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return { ids, open, close };
}
