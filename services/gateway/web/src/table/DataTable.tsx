// One table for everything that comes in rows: sorted and filtered by the address, reached by keyboard (j, k, Enter), drawn
// only as far as it is in sight, and cards on a telephone. TanStack computes rows; the markup is a plain table.
import "./table.css";

import {
  createColumnHelper,
  flexRender,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Row,
  type RowData,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { useShortcuts } from "../shell/keys";
import { useTableState } from "./state";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Right-aligned. */
    isNumber?: boolean;
    /** Names the row; told as its header. */
    isRowHeader?: boolean;
    /** Before the value on a card; without it the value speaks for itself. */
    label?: string;
    className?: string;
  }
}

export type Columns<T> = ColumnDef<T, never>[];
export const columnsOf = <T,>() => createColumnHelper<T>();

interface Props<T> {
  title: string;
  note?: ReactNode;
  rows: T[];
  columns: ColumnDef<T, never>[];
  rowId: (row: T) => string;
  /** What the filter looks through; without it there is none. */
  textOf?: (row: T) => string;
  filterHint?: string;
  empty: ReactNode;
  rowClass?: (row: T) => string;
  /** Beside the filter. */
  tools?: ReactNode;
  defaultSort?: string;
}

/** Fewer than these are drawn at once: there is nothing to gain. */
const VIRTUAL_FROM = 80;
const ROW_PIXELS = 38;

export function DataTable<T>(props: Props<T>) {
  const { title, rows, columns, rowId, textOf, empty } = props;
  const { sort, toggleSort, filter, setFilter } = useTableState(props.defaultSort ?? "");
  const table = useReactTable<T>({
    data: rows,
    columns,
    getRowId: rowId,
    state: { sorting: sort, globalFilter: filter },
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    globalFilterFn: (row, _, wanted: string) => matches(textOf?.(row.original) ?? "", wanted),
    getColumnCanGlobalFilter: () => true,
    enableSortingRemoval: false,
  });
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  const shown = table.getRowModel().rows;
  const id = `table-${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        <span className="muted">{props.note ?? (filter ? `${shown.length} of ${rows.length}` : rows.length)}</span>
        <span className="panel-tools">
          {props.tools}
          {textOf && rows.length > 0 && (
            <input
              className="filter"
              type="search"
              placeholder={props.filterHint ?? "Filter"}
              aria-label={`Filter ${title.toLowerCase()}`}
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
              onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
            />
          )}
        </span>
      </div>
      {rows.length === 0 ? (
        <div className="panel-empty">{empty}</div>
      ) : shown.length === 0 ? (
        <p className="panel-empty">Nothing matches “{filter}”.</p>
      ) : (
        <table className="rows" aria-labelledby={id} aria-rowcount={shown.length + 1}>
          <thead>
            <tr>
              {table.getFlatHeaders().map(({ column, id: headerId, getContext }) => {
                const sorted = column.getIsSorted();
                const face = flexRender(column.columnDef.header, getContext());
                return (
                  <th
                    key={headerId}
                    scope="col"
                    className={column.columnDef.meta?.isNumber ? "number" : undefined}
                    aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
                  >
                    {column.getCanSort() ? (
                      <button type="button" className="sort" onClick={() => toggleSort(column.id)}>
                        {face}
                        <span aria-hidden="true">{sorted === "asc" ? " ▲" : sorted === "desc" ? " ▼" : ""}</span>
                      </button>
                    ) : (
                      face
                    )}
                  </th>
                );
              })}
            </tr>
          </thead>
          <Body rows={shown} bodyRef={body} rowClass={props.rowClass} />
        </table>
      )}
    </section>
  );
}

interface BodyProps<T> {
  rows: Row<T>[];
  bodyRef: React.RefObject<HTMLTableSectionElement | null>;
  rowClass: ((row: T) => string) | undefined;
}

function Body<T>({ rows, bodyRef, rowClass }: BodyProps<T>) {
  const [top, setTop] = useState(0);
  const isVirtual = rows.length >= VIRTUAL_FROM;
  useLayoutEffect(() => {
    if (bodyRef.current) setTop(bodyRef.current.getBoundingClientRect().top + window.scrollY);
  }, [bodyRef, isVirtual]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PIXELS,
    overscan: 12,
    scrollMargin: top,
    enabled: isVirtual,
  });
  const drawn = virtual.getVirtualItems();
  const first = drawn[0];
  const last = drawn.at(-1);
  const before = first ? first.start - top : 0;
  const after = last ? virtual.getTotalSize() - (last.end - top) : 0;
  const items = useMemo(
    () => (isVirtual ? drawn.map((item) => item.index) : rows.map((_, index) => index)),
    [isVirtual, drawn, rows],
  );
  return (
    <tbody ref={bodyRef}>
      {isVirtual && before > 0 && <Space height={before} />}
      {items.map((index) => {
        const row = rows[index];
        if (!row) return null;
        return (
          <tr
            key={row.id}
            data-index={index}
            aria-rowindex={index + 2}
            ref={isVirtual ? virtual.measureElement : undefined}
            className={rowClass?.(row.original)}
          >
            {row.getVisibleCells().map((cell) => {
              const { meta, cell: face } = cell.column.columnDef;
              const content = flexRender(face, cell.getContext());
              const className = [meta?.isNumber ? "number" : "", meta?.className ?? ""].join(" ").trim() || undefined;
              return meta?.isRowHeader ? (
                <th key={cell.id} scope="row" className={className}>
                  {content}
                </th>
              ) : (
                <td key={cell.id} className={className} data-label={meta?.label}>
                  {content}
                </td>
              );
            })}
          </tr>
        );
      })}
      {isVirtual && after > 0 && <Space height={after} />}
    </tbody>
  );
}

function Space({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" className="space">
      <td style={{ height }} />
    </tr>
  );
}

export function matches(text: string, wanted: string): boolean {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = text.toLowerCase();
  return words.every((word) => whole.includes(word));
}

/** j and k move the focus along the rows' first links or buttons; Enter is the browser's own. */
function useRowKeys(body: React.RefObject<HTMLTableSectionElement | null>): void {
  const move = (step: number) => {
    const targets = [...(body.current?.rows ?? [])].flatMap((row) => row.querySelector<HTMLElement>("a, button") ?? []);
    const here = targets.findIndex((target) => target.closest("tr")?.contains(document.activeElement));
    const next = here < 0 ? targets[step > 0 ? 0 : targets.length - 1] : targets[here + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", name: "Next row", group: "In a list", run: () => move(1) },
    { keys: "k", name: "Previous row", group: "In a list", run: () => move(-1) },
  ]);
}
