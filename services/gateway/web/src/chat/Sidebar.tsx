// A person's conversations about a cluster: search, begin, rename, delete, export.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { NavLink, useNavigate } from "react-router";

import { http, unwrap } from "../api/client";
import { Button, TextField } from "../ui/controls";
import { FailureLine, Skeleton } from "../ui/states";
import { conversationsQuery } from "./queries";

export function Sidebar({ clusterId, current }: { clusterId: string; current: string | null }) {
  const [search, setSearch] = useState("");
  const list = useQuery(conversationsQuery(clusterId, useDeferredValue(search.trim())));
  const navigate = useNavigate();
  return (
    <aside className="talks panel" aria-label="Conversations">
      <div className="talks-head">
        <Button onClick={() => void navigate(`/clusters/${clusterId}/chat`)}>New conversation</Button>
        <TextField label="Search" type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
      </div>
      {list.isPending && <Skeleton height={120} label="Loading conversations" />}
      <FailureLine error={list.error} />
      {list.data?.items.length === 0 && <p className="panel-empty">{search ? "None holds that." : "What you ask is kept here, for you alone."}</p>}
      <ul>
        {list.data?.items.map((talk) => (
          <li key={talk.id}>
            <NavLink to={`/clusters/${clusterId}/chat/${talk.id}`}>{talk.title}</NavLink>
          </li>
        ))}
      </ul>
      {current && <Acts clusterId={clusterId} id={current} key={current} />}
    </aside>
  );
}

function Acts({ clusterId, id }: { clusterId: string; id: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState<string | null>(null);
  const params = { path: { cluster_id: clusterId, conversation_id: id } };
  const refresh = () => Promise.all([queries.invalidateQueries({ queryKey: ["conversations"] }), queries.invalidateQueries({ queryKey: ["conversation"] })]);
  const rename = useMutation({
    mutationFn: (wanted: string) =>
      unwrap(http.PATCH("/api/v1/clusters/{cluster_id}/conversations/{conversation_id}", { params, body: { title: wanted } })),
    onSuccess: async () => {
      setTitle(null);
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => unwrap(http.DELETE("/api/v1/clusters/{cluster_id}/conversations/{conversation_id}", { params })),
    onSuccess: async () => {
      await navigate(`/clusters/${clusterId}/chat`);
      await queries.invalidateQueries({ queryKey: ["conversations"] });
    },
  });
  return (
    <div className="talk-acts">
      {title === null ? (
        <>
          <Button className="button-small" onClick={() => setTitle("")}>
            Rename
          </Button>
          <a className="button button-plain button-small" href={`/api/v1/clusters/${clusterId}/conversations/${id}/export`} download>
            Export
          </a>
          <Button className="button-small" onClick={() => remove.mutate()} disabled={remove.isPending}>
            Delete
          </Button>
        </>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (title.trim()) rename.mutate(title.trim());
          }}
        >
          <TextField label="New title" value={title} autoFocus maxLength={200} onChange={(event) => setTitle(event.target.value)} />
          <Button type="submit" className="button-small" disabled={rename.isPending || title.trim() === ""}>
            Save
          </Button>
          <Button className="button-small" onClick={() => setTitle(null)}>
            Cancel
          </Button>
        </form>
      )}
      <FailureLine error={rename.error ?? remove.error} />
    </div>
  );
}
