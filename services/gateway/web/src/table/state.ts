// How a table is sorted and filtered lives in the address: a link shows the same, and Back leads back to it.
import type { SortingState } from "@tanstack/react-table";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";

export interface TableState {
  sort: SortingState;
  toggleSort: (column: string) => void;
  filter: string;
  setFilter: (text: string) => void;
}

/** `name` ascends, `-name` descends. */
export function parseSort(text: string): SortingState {
  const id = text.replace(/^-/, "");
  return id ? [{ id, desc: text.startsWith("-") }] : [];
}

export function toggled(text: string, column: string): string {
  return text === column ? `-${column}` : column;
}

export function useTableState(defaultSort: string): TableState {
  const [search, setSearch] = useSearchParams();
  const sortText = search.get("sort") ?? defaultSort;
  const set = useCallback(
    (name: string, value: string) =>
      setSearch(
        (before) => {
          if (value) before.set(name, value);
          else before.delete(name);
          return before;
        },
        { replace: true },
      ),
    [setSearch],
  );
  const { filter, setFilter } = useFilter(search.get("q") ?? "", set);
  return useMemo(
    () => ({
      sort: parseSort(sortText),
      toggleSort: (column) => set("sort", toggled(sortText, column)),
      filter,
      setFilter,
    }),
    [sortText, filter, setFilter, set],
  );
}

/** Written to the address once typing pauses: the address follows later than keys do, and would swallow some. */
const PAUSE_MS = 250;

function useFilter(inAddress: string, set: (name: string, value: string) => void): Pick<TableState, "filter" | "setFilter"> {
  const [filter, setTyped] = useState(inAddress);
  const written = useRef(inAddress);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // Somebody went back, or followed a link.
    if (inAddress !== written.current) setTyped(inAddress);
    written.current = inAddress;
  }, [inAddress]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const setFilter = useCallback(
    (text: string) => {
      setTyped(text);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        written.current = text;
        set("q", text);
      }, PAUSE_MS);
    },
    [set],
  );
  return { filter, setFilter };
}
