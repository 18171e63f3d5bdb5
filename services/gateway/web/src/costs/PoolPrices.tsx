// What some nodes cost: a pool by its name, or nodes with a label. Pods count by the nodes they are on.
import "../autoscaling/autoscaling.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { clustersQuery, pricesQuery } from "../api/queries";
import { count, significant } from "../format";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";

type Pool = Schemas["PriceList"]["pools"][number];
const EMPTY = { cluster: "", pool: "", core: "", gib: "" };

export function PoolPrices({ pools }: { pools: Pool[] }) {
  const queries = useQueryClient();
  const clusters = useQuery(clustersQuery);
  const [draft, setDraft] = useState(EMPTY);
  const mine = (clusters.data?.items ?? []).filter((cluster) => cluster.may_manage);
  const told = async () => {
    for (const key of [pricesQuery.queryKey[0], "overview", "workloads", "timeline", "backtest"]) await queries.invalidateQueries({ queryKey: [key] });
  };
  const set = useMutation({
    mutationFn: (body: typeof draft) =>
      unwrap(
        http.PUT("/api/v1/prices/clusters/{cluster_id}/pools", {
          params: { path: { cluster_id: body.cluster || (mine[0]?.id ?? "") } },
          body: { pool: body.pool.trim(), core_hour: Number(body.core), gib_hour: Number(body.gib) },
        }),
      ),
    onSuccess: () => setDraft(EMPTY),
    onSettled: told,
  });
  const drop = useMutation({
    mutationFn: (item: Pool) =>
      unwrap(http.DELETE("/api/v1/prices/clusters/{cluster_id}/pools", { params: { path: { cluster_id: item.cluster_id }, query: { pool: item.pool } } })),
    onSettled: told,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(draft);
  };
  const text = (name: "pool" | "core" | "gib", label: string, more: object) => (
    <TextField label={label} required value={draft[name]} onChange={(event) => setDraft({ ...draft, [name]: event.target.value })} {...more} />
  );
  if (pools.length === 0 && mine.length === 0) return null;
  return (
    <div className="panel-body pool-prices">
      <h3>Node pools</h3>
      {pools.length === 0 && <p className="muted">All nodes of a cluster cost the same. Where they do not, name a pool, or a label such as node.kubernetes.io/instance-type=m5.large.</p>}
      <ul className="scaling-list">
        {pools.map((item) => (
          <li key={`${item.cluster_id}/${item.pool}`}>
            <span>
              <strong>{item.pool}</strong> in {item.cluster_name} ({count(item.nodes, "node")}): {significant(item.core_hour)} a core, {significant(item.gib_hour)} a GiB, an hour
            </span>
            {mine.some((cluster) => cluster.id === item.cluster_id) && (
              <Button className="button-small" disabled={drop.isPending} onClick={() => drop.mutate(item)} aria-label={`Remove the prices of ${item.pool}`}>
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      {mine.length > 0 && (
        <form className="prices" onSubmit={submit}>
          {mine.length > 1 && (
            <div className="field">
              <label htmlFor="pool-cluster">Cluster</label>
              <select id="pool-cluster" value={draft.cluster || mine[0]?.id} onChange={(event) => setDraft({ ...draft, cluster: event.target.value })}>
                {mine.map((cluster) => (
                  <option key={cluster.id} value={cluster.id}>
                    {cluster.name}
                  </option>
                ))}
              </select>
            </div>
          )}
          {text("pool", "Pool or label", { maxLength: 200 })}
          {text("core", "One core", { type: "number", min: 0, step: "any", unit: "an hour" })}
          {text("gib", "One GiB", { type: "number", min: 0, step: "any", unit: "an hour" })}
          <div className="policy-acts">
            <Button type="submit" disabled={set.isPending}>
              Set the pool&apos;s prices
            </Button>
          </div>
        </form>
      )}
      <FailureLine error={set.error ?? drop.error} />
    </div>
  );
}
