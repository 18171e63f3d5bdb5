// Add a cluster from its kubeconfig.
import "./door.css";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useNavigate } from "react-router";

import { ApiError, http, unwrap, type Session } from "../api/client";
import { Button, ButtonLink, TextArea, TextField } from "../ui/controls";
import { FailureLine, NotPermitted } from "../ui/states";

export function AddCluster({ session }: { session: Session }) {
  if (session.user.role === "viewer") {
    return (
      <NotPermitted isPage title="Viewers cannot add clusters">
        Your role is viewer: you may look at what others added. Ask an administrator for the operator role.
      </NotPermitted>
    );
  }
  return <AddClusterForm />;
}

function AddClusterForm() {
  const [name, setName] = useState("");
  const [kubeconfig, setKubeconfig] = useState("");
  const [prometheusUrl, setPrometheusUrl] = useState("");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () =>
      unwrap(http.POST("/api/v1/clusters", { body: { name, kubeconfig, prometheus_url: prometheusUrl || null, in_cluster: false, namespaces: [], labels: {}, start_monitoring: true } })),
    onSuccess: async (cluster) => {
      await queries.invalidateQueries({ queryKey: ["clusters"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
      void navigate(`/clusters/${cluster.id}`);
    },
  });
  const wrong = (field: string) =>
    add.error instanceof ApiError ? add.error.fields.find((item) => item.field === `body.${field}`)?.message : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <section className="form-page">
      <h1>Add a cluster</h1>
      <p className="muted">
        It is only observed at first. Nothing is scaled until you set a workload's policy to recommend or auto.
      </p>
      <form onSubmit={submit}>
        <TextField
          label="Name"
          required
          hint="Lower-case letters, digits, dots and dashes, such as prod-eu."
          value={name}
          error={wrong("name")}
          onChange={(event) => setName(event.target.value)}
        />
        <TextArea
          label="Kubeconfig"
          required
          spellCheck={false}
          hint="With a token or certificate inside it. It is sealed on arrival: this server cannot read it back, and never shows it."
          value={kubeconfig}
          error={wrong("kubeconfig")}
          onChange={(event) => setKubeconfig(event.target.value)}
        />
        <TextField
          label="Prometheus address (optional)"
          type="url"
          hint="With it the past 14 days are read at once, and forecasts are ready in minutes rather than days."
          value={prometheusUrl}
          error={wrong("prometheus_url")}
          onChange={(event) => setPrometheusUrl(event.target.value)}
        />
        <FailureLine error={add.error} />
        <div className="form-acts">
          <Button type="submit" weight="primary" disabled={add.isPending}>
            {add.isPending ? "Adding …" : "Add cluster"}
          </Button>
          <ButtonLink weight="plain" to="/">
            Cancel
          </ButtonLink>
        </div>
      </form>
    </section>
  );
}
