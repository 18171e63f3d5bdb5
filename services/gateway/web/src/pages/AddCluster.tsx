// Add a cluster: how to reach it, what to call it, and then its connection is tested in sight.
import "./door.css";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useNavigate } from "react-router";

import { ApiError, http, unwrap, type Session } from "../api/client";
import { AccessFields } from "../connect/AccessFields";
import { accessOf, EMPTY, labelsOf, missingFrom, nameFrom, namesOf, type AccessDraft } from "../connect/draft";
import { useContexts } from "../connect/Kubeconfig";
import { Button, ButtonLink, TextField } from "../ui/controls";
import { FailureLine, NotPermitted } from "../ui/states";

export function AddCluster({ session }: { session: Session }) {
  if (session.user.role === "viewer") {
    return (
      <NotPermitted isPage title="Viewers cannot add clusters">
        Your role is viewer: you may look at what others added. Ask an administrator for the operator role.
      </NotPermitted>
    );
  }
  return <AddClusterForm isAdmin={session.user.role === "admin"} />;
}

interface Settings {
  name: string;
  prometheusUrl: string;
  defaultNamespace: string;
  namespaces: string;
  labels: string;
  interval: string;
  start: boolean;
}

const NO_SETTINGS: Settings = { name: "", prometheusUrl: "", defaultNamespace: "", namespaces: "", labels: "", interval: "", start: true };

function AddClusterForm({ isAdmin }: { isAdmin: boolean }) {
  const [draft, setDraft] = useState<AccessDraft>(EMPTY);
  const [settings, setSettings] = useState<Settings>(NO_SETTINGS);
  const contexts = useContexts(draft);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const suggested = suggestedName(draft, contexts.chosen?.name);
  const name = settings.name || suggested;
  const add = useMutation({
    mutationFn: () =>
      unwrap(
        http.POST("/api/v1/clusters", {
          body: {
            ...accessOf({ ...draft, context: contexts.chosen?.name ?? null }),
            name,
            prometheus_url: settings.prometheusUrl || null,
            default_namespace: settings.defaultNamespace || null,
            namespaces: namesOf(settings.namespaces),
            labels: labelsOf(settings.labels),
            interval_seconds: settings.interval ? Number(settings.interval) : null,
            start_monitoring: settings.start,
          },
        }),
      ),
    onSuccess: async (cluster) => {
      await queries.invalidateQueries({ queryKey: ["clusters"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
      void navigate(`/clusters/${cluster.id}/connection`, { state: { isNew: true } });
    },
  });
  const edit = (change: Partial<AccessDraft>) => {
    add.reset();
    setDraft((before) => ({ ...before, ...change }));
  };
  const set = (change: Partial<Settings>) => setSettings((before) => ({ ...before, ...change }));
  const wrong = (field: string) =>
    add.error instanceof ApiError ? add.error.fields.find((item) => item.field.startsWith(`body.${field}`))?.message : undefined;
  const missing = missingFrom(draft, contexts.chosen);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!missing) add.mutate();
  };
  return (
    <section className="form-page connect">
      <h1>Add a cluster</h1>
      <p className="muted">
        It is only observed at first: nothing in it changes until you set a workload's policy to auto. Its connection is tested right
        after, and every step that fails says what to do.
      </p>
      <form onSubmit={submit} className="connect">
        <section className="panel" aria-labelledby="way-title">
          <h2 id="way-title">How is it reached?</h2>
          <AccessFields draft={draft} edit={edit} contexts={contexts} isAdmin={isAdmin} wrong={wrong} />
        </section>
        <section className="panel" aria-labelledby="name-title">
          <h2 id="name-title">What is it called here?</h2>
          <div className="two">
            <TextField
              label="Name"
              required
              hint="Lower-case letters, digits, dots and dashes, such as prod-eu."
              value={name}
              error={wrong("name")}
              onChange={(event) => set({ name: event.target.value })}
            />
            <TextField
              label="Prometheus address (optional)"
              type="url"
              placeholder="https://prometheus.example.org"
              hint="With it the past 14 days are read at once, and forecasts are ready in minutes rather than days."
              value={settings.prometheusUrl}
              error={wrong("prometheus_url")}
              onChange={(event) => set({ prometheusUrl: event.target.value })}
            />
          </div>
          <MoreSettings settings={settings} set={set} wrong={wrong} namespace={contexts.chosen?.namespace} />
          <label className="check-line">
            <input type="checkbox" checked={settings.start} onChange={(event) => set({ start: event.target.checked })} />
            <span>
              Start monitoring at once <span className="muted">otherwise you start it once the test has passed</span>
            </span>
          </label>
        </section>
        <FailureLine error={add.error} />
        <div className="acts">
          <Button type="submit" weight="primary" disabled={add.isPending || missing !== "" || !name}>
            {add.isPending ? "Adding …" : "Add cluster"}
          </Button>
          <ButtonLink weight="plain" to="/">
            Cancel
          </ButtonLink>
          <span className="muted" role="status">
            {missing || (name ? "" : "Give it a name.")}
          </span>
        </div>
      </form>
    </section>
  );
}

function suggestedName(draft: AccessDraft, context: string | undefined): string {
  if (draft.way === "kubeconfig") return context ? nameFrom(context) : "";
  if (draft.way === "offered" && draft.offer !== null) {
    const [file = "", mounted = ""] = draft.offer.split("\n");
    return file ? nameFrom(mounted || file.replace(/\.(ya?ml|conf)$/, "")) : "in-cluster";
  }
  return "";
}

interface MoreProps {
  settings: Settings;
  set: (change: Partial<Settings>) => void;
  wrong: (field: string) => string | undefined;
  namespace: string | undefined;
}

function MoreSettings({ settings, set, wrong, namespace }: MoreProps) {
  return (
    <details className="more-settings">
      <summary>Namespaces, labels, interval</summary>
      <div className="two">
        <TextField
          label="Only these namespaces (optional)"
          placeholder="all of them"
          hint="For credentials that see no more than these. Separated by spaces."
          value={settings.namespaces}
          error={wrong("namespaces")}
          onChange={(event) => set({ namespaces: event.target.value })}
        />
        <TextField
          label="Default namespace"
          placeholder={namespace ?? "default"}
          value={settings.defaultNamespace}
          error={wrong("default_namespace")}
          onChange={(event) => set({ defaultNamespace: event.target.value })}
        />
        <TextField
          label="Labels"
          placeholder="env=prod, team=web"
          value={settings.labels}
          error={wrong("labels")}
          onChange={(event) => set({ labels: event.target.value })}
        />
        <TextField
          label="Observed every"
          type="number"
          min={5}
          max={3600}
          placeholder="as the installation says"
          unit="s"
          value={settings.interval}
          error={wrong("interval_seconds")}
          onChange={(event) => set({ interval: event.target.value })}
        />
      </div>
    </details>
  );
}
