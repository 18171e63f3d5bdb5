// What is known besides: entries that are shipped, and documents of one's own for this cluster.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge, Button, TextArea, TextField } from "../ui/controls";
import { FailureLine, FailureState, OnlyLooking, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { answerOf } from "./jobs";

type Item = Schemas["KnowledgeItem"];

export function Knowledge({ clusterId, mayChange }: { clusterId: string; mayChange: boolean }) {
  const params = { path: { cluster_id: clusterId } };
  const queries = useQueryClient();
  const key = ["knowledge", clusterId];
  const known = useQuery({ queryKey: key, queryFn: () => unwrap(http.GET("/api/v1/clusters/{cluster_id}/knowledge", { params })) });
  const [title, setTitle] = useState("");
  const [text, setText] = useState("");
  const again = () => queries.invalidateQueries({ queryKey: key });
  const keep = useMutation({
    mutationFn: () => answerOf(unwrap(http.POST("/api/v1/clusters/{cluster_id}/knowledge", { params, body: { title, text } }))),
    onSuccess: async () => {
      setTitle("");
      setText("");
      await again();
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      answerOf(unwrap(http.DELETE("/api/v1/clusters/{cluster_id}/knowledge/{document_id}", { params: { path: { cluster_id: clusterId, document_id: id } } }))),
    onSettled: again,
  });
  if (known.isPending) return <RowsSkeleton rows={4} label="Loading what is known" />;
  if (known.isError && !known.data) return <FailureState error={known.error} retry={() => void known.refetch()} />;
  return (
    <div className="manifest-knowledge">
      <section className="panel" aria-labelledby="own-documents">
        <div className="panel-head">
          <h2 id="own-documents">A document of your own</h2>
          <span className="muted">conventions, templates, examples: read for this cluster alone</span>
        </div>
        {!mayChange ? (
          <div className="panel-body">
            <OnlyLooking act="keep or forget documents" />
          </div>
        ) : (
        <form
          className="panel-body manifest-ask"
          onSubmit={(event) => {
            event.preventDefault();
            keep.mutate();
          }}
        >
          <TextField label="Title" value={title} maxLength={120} required onChange={(event) => setTitle(event.target.value)} />
          <TextArea label="Text" rows={5} value={text} required onChange={(event) => setText(event.target.value)} hint="Paste it, or choose a file. No Secrets." />
          <div className="manifest-acts">
            <input
              type="file"
              aria-label="Read from a file"
              accept=".md,.txt,.yaml,.yml,.json"
              onChange={async (event) => {
                const file = event.target.files?.[0];
                if (!file) return;
                setText(await file.text());
                setTitle((before) => before || file.name);
              }}
            />
            <Button type="submit" weight="primary" disabled={keep.isPending || !title.trim() || !text.trim()}>
              {keep.isPending ? "Keeping …" : "Keep"}
            </Button>
          </div>
          <FailureLine error={keep.error ?? remove.error} />
        </form>
        )}
      </section>
      <DataTable
        title="What is known"
        rows={known.data.items}
        columns={columns((id) => remove.mutate(id), remove.isPending || !mayChange)}
        rowId={(item) => item.id}
        textOf={(item) => `${item.title} ${item.kind} ${item.source}`}
        filterHint="Title, kind or source"
        note={<>{known.data.items.length} entries</>}
        empty="Nothing is known yet: the entries that are shipped are read with the first request."
      />
    </div>
  );
}

const column = columnsOf<Item>();
const columns = (remove: (id: string) => void, isBusy: boolean) => [
  column.accessor((item) => item.title, { id: "title", header: "Title", meta: { isRowHeader: true } }),
  column.accessor((item) => item.kind, { id: "kind", header: "About" }),
  column.accessor((item) => item.source, { id: "source", header: "Source", meta: { label: "Source" } }),
  column.accessor((item) => item.stored_at, { id: "at", header: "Since", cell: ({ getValue }) => <Time at={getValue()} relative /> }),
  column.display({
    id: "acts",
    header: "",
    cell: ({ row: { original } }) =>
      original.own ? (
        <Button disabled={isBusy} onClick={() => remove(original.id)}>
          Forget
        </Button>
      ) : (
        <Badge tone="neutral">shipped</Badge>
      ),
  }),
];
