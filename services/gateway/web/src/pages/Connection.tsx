// How a cluster is connected: whether the way there works and what is missing, what is watched of it, and the way out.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useLocation, useNavigate } from "react-router";

import { ApiError, http, unwrap, type Cluster, type Schemas } from "../api/client";
import { connectionQuery, sessionQuery } from "../api/queries";
import { useMonitoring } from "../cluster/monitoring";
import { AccessFields } from "../connect/AccessFields";
import { Checklist, type CheckLine } from "../connect/Checklist";
import { accessOf, EMPTY, labelsOf, labelText, missingFrom, namesOf, type AccessDraft } from "../connect/draft";
import { useFollowedJob, type Followed } from "../connect/jobs";
import { useContexts } from "../connect/Kubeconfig";
import { Badge, Button, ButtonLink, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useToasts } from "../ui/toasts";
import { useCluster } from "./ClusterLayout";

type Connection = Schemas["ConnectionView"];

const KINDS: Record<Connection["kind"], string> = {
  kubeconfig: "a kubeconfig",
  token: "address and token",
  password: "username and password",
  mounted: "the operator's kubeconfig",
  in_cluster: "the pod's own service account",
};

export function ConnectionPage() {
  const cluster = useCluster();
  const connection = useQuery(connectionQuery(cluster.id));
  const test = useTest(cluster);
  if (connection.isPending) return <RowsSkeleton rows={8} label="Loading the connection" />;
  if (connection.isError && !connection.data) return <FailureState error={connection.error} retry={() => void connection.refetch()} />;
  return (
    <div className="connect">
      <TestPanel cluster={cluster} connection={connection.data} test={test} />
      {!cluster.may_manage && <p className="muted">You are {cluster.role} here. An administrator of its team changes its connection and settings.</p>}
      {cluster.may_manage && <SettingsPanel cluster={cluster} key={cluster.id} />}
      {cluster.may_delete && <CredentialPanel cluster={cluster} connection={connection.data} test={test} />}
      {cluster.may_delete && <RemovePanel cluster={cluster} />}
    </div>
  );
}

/** The test of this page; somebody who has just added the cluster need not ask for it. */
function useTest(cluster: Cluster): Followed {
  const queries = useQueryClient();
  const isNew = (useLocation().state as { isNew?: boolean } | null)?.isNew === true;
  const path = { cluster_id: cluster.id };
  const test = useFollowedJob(() => unwrap(http.POST("/api/v1/clusters/{cluster_id}/test", { params: { path } })));
  const begun = useRef(false);
  useEffect(() => {
    if (!isNew || begun.current || !cluster.may_manage) return;
    begun.current = true;
    test.start();
  }, [isNew, cluster.may_manage, test]);
  const isOver = test.job !== undefined && !test.isRunning;
  useEffect(() => {
    if (isOver) void queries.invalidateQueries({ queryKey: ["clusters"] });
  }, [isOver, queries]);
  return test;
}

function TestPanel({ cluster, connection, test }: { cluster: Cluster; connection: Connection; test: Followed }) {
  const running = test.isRunning ? (test.job?.result as { checks?: CheckLine[] } | null | undefined)?.checks : undefined;
  const lines = test.isRunning ? (running ?? []) : connection.lines;
  return (
    <section className="panel" aria-labelledby="test-title">
      <div className="panel-head-flat">
        <h2 id="test-title">Connection test</h2>
        {!test.isRunning && connection.ok !== null && <Badge tone={connection.ok ? "good" : "bad"}>{connection.ok ? "connected" : "not connected"}</Badge>}
        {!test.isRunning && connection.checked_at && (
          <span className="muted">
            <Time at={connection.checked_at} relative />; repeated by itself
          </span>
        )}
        {cluster.may_manage && (
          <Button className="head-act" onClick={test.start} disabled={test.isRunning}>
            {test.isRunning ? "Testing …" : "Test again"}
          </Button>
        )}
      </div>
      {test.isRunning ? (
        <div className="testing" role="status">
          <div className="progress" role="progressbar" aria-label="Connection test" aria-valuemin={0} aria-valuemax={100} aria-valuenow={test.job?.progress ?? 0}>
            <span style={{ width: `${test.job?.progress ?? 0}%` }} />
          </div>
          <p className="muted">{test.job?.message ?? "waiting for the collector"}</p>
        </div>
      ) : (
        <p className="sentence">{connection.ok === null ? "Not tested yet. The collector tests every new connection within a minute." : connection.summary}</p>
      )}
      <FailureLine error={test.error} />
      {connection.deprecated && <FailureLine error={new Error(`Deprecated: ${connection.deprecated}`)} />}
      {lines.length > 0 && <Checklist lines={lines} />}
      <NextStep cluster={cluster} connection={connection} isTesting={test.isRunning} />
    </section>
  );
}

/** What somebody does now who came here for the first time. */
function NextStep({ cluster, connection, isTesting }: { cluster: Cluster; connection: Connection; isTesting: boolean }) {
  const monitoring = useMonitoring(cluster);
  if (isTesting || connection.ok !== true) return null;
  if (cluster.monitoring === "not_started") {
    return (
      <div className="acts">
        <Button weight="primary" onClick={() => monitoring.mutate("start")} disabled={!cluster.may_manage || monitoring.isPending}>
          Start monitoring
        </Button>
        <span className="muted">Workloads appear within a minute. Nothing is scaled until you set a policy to auto.</span>
        <FailureLine error={monitoring.error} />
      </div>
    );
  }
  return (
    <div className="acts">
      <ButtonLink to={`/clusters/${cluster.id}`} weight={cluster.workloads === 0 ? "primary" : "plain"}>
        Go to {cluster.name}
      </ButtonLink>
    </div>
  );
}

interface SettingsDraft {
  name: string;
  prometheusUrl: string;
  defaultNamespace: string;
  namespaces: string;
  labels: string;
  interval: string;
}

const settingsOf = (cluster: Cluster): SettingsDraft => ({
  name: cluster.name,
  prometheusUrl: cluster.prometheus_url ?? "",
  defaultNamespace: cluster.default_namespace,
  namespaces: cluster.namespaces.join(" "),
  labels: labelText(cluster.labels),
  interval: cluster.interval_is_default ? "" : String(cluster.interval_seconds),
});

function SettingsPanel({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const tell = useToasts();
  const [edited, setEdited] = useState<SettingsDraft | null>(null);
  const stored = settingsOf(cluster);
  const draft = edited ?? stored;
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        http.PATCH("/api/v1/clusters/{cluster_id}", {
          params: { path: { cluster_id: cluster.id } },
          body: {
            name: draft.name,
            prometheus_url: draft.prometheusUrl || null,
            default_namespace: draft.defaultNamespace,
            namespaces: namesOf(draft.namespaces),
            labels: labelsOf(draft.labels),
            interval_seconds: draft.interval ? Number(draft.interval) : null,
          },
        }),
      ),
    onSuccess: async () => {
      setEdited(null);
      tell({ tone: "good", text: "Settings saved. They hold from the next cycle on." });
      await queries.invalidateQueries({ queryKey: ["clusters"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
    },
  });
  const wrong = (field: string) =>
    save.error instanceof ApiError ? save.error.fields.find((item) => item.field.startsWith(`body.${field}`))?.message : undefined;
  const field = (name: keyof SettingsDraft, label: string, apiField: string, more: object = {}) => (
    <TextField
      label={label}
      value={draft[name]}
      error={wrong(apiField)}
      onChange={(event) => {
        save.reset();
        setEdited({ ...draft, [name]: event.target.value });
      }}
      {...more}
    />
  );
  const changed = edited !== null && JSON.stringify(edited) !== JSON.stringify(stored);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <section className="panel" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      <form onSubmit={submit} className="connect">
        <div className="two">
          {field("name", "Name", "name", { required: true })}
          {field("prometheusUrl", "Prometheus address", "prometheus_url", { type: "url", placeholder: "none", hint: "For the past 14 days, read once it is reached." })}
          {field("interval", "Observed every", "interval_seconds", { type: "number", min: 5, max: 3600, unit: "s", placeholder: `${cluster.interval_seconds} (the installation's)` })}
          {field("namespaces", "Only these namespaces", "namespaces", { placeholder: "all of them", hint: "Separated by spaces." })}
          {field("defaultNamespace", "Default namespace", "default_namespace", { required: true })}
          {field("labels", "Labels", "labels", { placeholder: "env=prod, team=web" })}
        </div>
        <FailureLine error={save.error} />
        <div className="acts">
          <Button type="submit" weight="primary" disabled={!changed || save.isPending}>
            {save.isPending ? "Saving …" : "Save settings"}
          </Button>
          {changed && <Button onClick={() => setEdited(null)}>Discard</Button>}
        </div>
      </form>
    </section>
  );
}

function CredentialPanel({ cluster, connection, test }: { cluster: Cluster; connection: Connection; test: Followed }) {
  const [isOpen, setOpen] = useState(false);
  const { bastion } = connection;
  return (
    <section className="panel" aria-labelledby="credential-title">
      <div className="panel-head-flat">
        <h2 id="credential-title">Credential</h2>
        <Button className="head-act" onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Keep the present one" : "Replace"}
        </Button>
      </div>
      <p className="breakable">
        {connection.api_url}, by {KINDS[connection.kind]}
        {bastion && (
          <>
            , through {bastion.user}@{bastion.host}:{bastion.port} <span className="muted">({bastion.fingerprint})</span>
          </>
        )}
        .{" "}
        {connection.credential_updated_at && (
          <span className="muted">
            Given <Time at={connection.credential_updated_at} relative />; sealed, and never shown again.
          </span>
        )}
      </p>
      {isOpen && <ReplaceForm cluster={cluster} onDone={(jobId) => { setOpen(false); test.follow(jobId); }} />}
    </section>
  );
}

function ReplaceForm({ cluster, onDone }: { cluster: Cluster; onDone: (jobId: string) => void }) {
  const session = useQuery(sessionQuery).data;
  const queries = useQueryClient();
  const [draft, setDraft] = useState<AccessDraft>(EMPTY);
  const contexts = useContexts(draft);
  const replace = useMutation({
    mutationFn: () =>
      unwrap(
        http.PUT("/api/v1/clusters/{cluster_id}/credential", {
          params: { path: { cluster_id: cluster.id } },
          body: accessOf({ ...draft, context: contexts.chosen?.name ?? null }),
        }),
      ),
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["clusters"] });
      onDone(job.job_id);
    },
  });
  const edit = (change: Partial<AccessDraft>) => {
    replace.reset();
    setDraft((before) => ({ ...before, ...change }));
  };
  const wrong = (field: string) =>
    replace.error instanceof ApiError ? replace.error.fields.find((item) => item.field.startsWith(`body.${field}`))?.message : undefined;
  const missing = missingFrom(draft, contexts.chosen);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!missing) replace.mutate();
  };
  return (
    <form onSubmit={submit} className="connect">
      <AccessFields draft={draft} edit={edit} contexts={contexts} isAdmin={session?.user.role === "admin"} wrong={wrong} />
      <FailureLine error={replace.error} />
      <div className="acts">
        <Button type="submit" weight="primary" disabled={missing !== "" || replace.isPending}>
          Replace and test
        </Button>
        <span className="muted">{missing || "What was observed so far stays."}</span>
      </div>
    </form>
  );
}

function RemovePanel({ cluster }: { cluster: Cluster }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="panel" aria-labelledby="remove-title">
      <div className="panel-head-flat">
        <h2 id="remove-title">Remove</h2>
        <Button className="head-act button-danger" onClick={() => setOpen(true)}>
          Remove this cluster …
        </Button>
      </div>
      <p className="muted">Forgets the cluster here with everything that belongs to it. Nothing in the cluster itself changes.</p>
      {isOpen && <RemoveDialog cluster={cluster} onClose={() => setOpen(false)} />}
    </section>
  );
}

function RemoveDialog({ cluster, onClose }: { cluster: Cluster; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const tell = useToasts();
  const remove = useMutation({
    mutationFn: () => unwrap(http.DELETE("/api/v1/clusters/{cluster_id}", { params: { path: { cluster_id: cluster.id } } })),
    onSuccess: async () => {
      void navigate("/clusters");
      tell({ tone: "info", text: `${cluster.name} was removed.` });
      queries.removeQueries({ queryKey: ["clusters", cluster.id] });
      await queries.invalidateQueries({ queryKey: ["clusters"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === cluster.name) remove.mutate();
  };
  return (
    <Dialog className="dialog-box" labelledBy="remove-dialog-title" onClose={onClose}>
      {(close) => (
        <form onSubmit={submit}>
          <h2 id="remove-dialog-title">Remove {cluster.name}?</h2>
          <p>
            Lost for good: its credential, the policies of its workloads, {cluster.workloads} workloads with their history, forecasts and
            decisions. Workloads keep the replicas they have.
          </p>
          <TextField label={`Type ${cluster.name} to confirm`} autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
          <FailureLine error={remove.error} />
          <div className="acts">
            <Button type="submit" className="button-danger" disabled={typed !== cluster.name || remove.isPending}>
              Remove
            </Button>
            <Button onClick={close}>Keep it</Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
