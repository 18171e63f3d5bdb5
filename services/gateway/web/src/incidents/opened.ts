// Which incident is open lives in the address, so that a link shows the same.
import { useCallback } from "react";
import { useSearchParams } from "react-router";

const KEY = "incident";

export function useOpenedIncident(): { id: number | null; open: (id: number) => void; close: () => void } {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (id: number | null) =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        if (id === null) next.delete(KEY);
        else next.set(KEY, String(id));
        return next;
      }),
    [setSearch],
  );
  const id = Number(search.get(KEY) ?? 0);
  return { id: Number.isInteger(id) && id > 0 ? id : null, open: change, close: useCallback(() => change(null), [change]) };
}
