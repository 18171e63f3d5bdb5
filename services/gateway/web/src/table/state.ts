// How a table is sorted and filtered lives in the address: a link shows the same, and Back leads back to it.
import type { SortingState } from "@tanstack/react-table";
import { useCallback, useMemo } from "react";
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
  const filter = search.get("q") ?? "";
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
  return useMemo(
    () => ({
      sort: parseSort(sortText),
      toggleSort: (column) => set("sort", toggled(sortText, column)),
      filter,
      setFilter: (text) => set("q", text),
    }),
    [sortText, filter, set],
  );
}
