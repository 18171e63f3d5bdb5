// What a core and a GiB cost, for the whole installation. Without prices nothing is said about money.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ApiError, http, unwrap } from "../api/client";
import { pricesQuery } from "../api/queries";
import { Button, TextField } from "../ui/controls";
import { FailureLine, Skeleton } from "../ui/states";
import { PoolPrices } from "./PoolPrices";

interface Draft {
  core: string;
  gib: string;
  currency: string;
}

export function PricesPanel() {
  const queries = useQueryClient();
  const prices = useQuery(pricesQuery);
  const [edited, setEdited] = useState<Draft | null>(null);
  const save = useMutation({
    mutationFn: (draft: Draft) =>
      unwrap(
        http.PUT("/api/v1/prices", {
          body: { core_hour: Number(draft.core), gib_hour: Number(draft.gib), currency: draft.currency.trim() },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: pricesQuery.queryKey });
      for (const key of ["overview", "workloads", "timeline", "backtest"]) void queries.invalidateQueries({ queryKey: [key] });
      setEdited(null);
    },
  });
  if (!prices.data) {
    return prices.isError ? <FailureLine error={prices.error} /> : <Skeleton height={120} label="Loading prices" />;
  }
  const { installation, may_change_installation: mayChange, clusters, pools } = prices.data;
  const stored: Draft = {
    core: installation ? String(installation.core_hour) : "",
    gib: installation ? String(installation.gib_hour) : "",
    currency: installation?.currency ?? "",
  };
  const draft = edited ?? stored;
  const edit = (change: Partial<Draft>) => {
    save.reset();
    setEdited({ ...draft, ...change });
  };
  const wrong = (field: string) =>
    save.error instanceof ApiError ? save.error.fields.find((item) => item.field.endsWith(field))?.message : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(draft);
  };
  return (
    <section className="panel" aria-labelledby="prices-title">
      <div className="panel-head">
        <h2 id="prices-title">Prices</h2>
        <span className="muted">
          {installation ? "of requested capacity" : "not set: costs are shown once they are"}
          {clusters.length > 0 && `, ${clusters.length} ${clusters.length === 1 ? "cluster has" : "clusters have"} their own`}
        </span>
      </div>
      <form className="panel-body prices" onSubmit={submit}>
        <TextField label="One core" type="number" min={0} step="any" required unit="an hour" disabled={!mayChange} value={draft.core} error={wrong("core_hour")} onChange={(event) => edit({ core: event.target.value })} />
        <TextField label="One GiB of memory" type="number" min={0} step="any" required unit="an hour" disabled={!mayChange} value={draft.gib} error={wrong("gib_hour")} onChange={(event) => edit({ gib: event.target.value })} />
        <TextField label="Currency" required maxLength={8} disabled={!mayChange} value={draft.currency} error={wrong("currency")} onChange={(event) => edit({ currency: event.target.value })} />
        <div className="policy-acts">
          {mayChange ? (
            <Button type="submit" weight="primary" disabled={!edited || save.isPending}>
              {save.isPending ? "Saving …" : "Save prices"}
            </Button>
          ) : (
            <span className="muted">An administrator sets them.</span>
          )}
          {save.isSuccess && !edited && <span role="status">✓ Saved.</span>}
        </div>
        <FailureLine error={save.error} />
      </form>
      {(installation || clusters.length > 0) && <PoolPrices pools={pools} />}
    </section>
  );
}
