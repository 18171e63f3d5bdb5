// All that scales one workload beside the policy: who decides, what is held, schedules, HPA, VPA, and the way back.
import "./autoscaling.css";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type Schemas, type Workload } from "../api/client";
import { Badge, Button, TextField } from "../ui/controls";
import { FailureLine, FailureState, OnlyLooking, Skeleton } from "../ui/states";
import { HpaForm, isPlain } from "./HpaForm";
import { scalingQuery } from "./queries";
import { Schedules } from "./Schedules";
import { useOrder } from "./useOrder";

type Scaling = Schemas["WorkloadScaling"];

export function ScalingPanel({ workload }: { workload: Workload }) {
  const scaling = useQuery(scalingQuery(workload.id));
  return (
    <section className="panel" aria-labelledby="scaling-title">
      <div className="panel-head">
        <h2 id="scaling-title">What scales it</h2>
        {scaling.data?.fight && <Badge tone="warn">left alone</Badge>}
      </div>
      <div className="panel-body scaling">
        {scaling.isError && !scaling.data ? (
          <FailureState error={scaling.error} retry={() => void scaling.refetch()} />
        ) : !scaling.data ? (
          <Skeleton height={260} label="Loading what scales it" />
        ) : (
          <Parts workload={workload} scaling={scaling.data} />
        )}
      </div>
    </section>
  );
}

function Parts({ workload, scaling }: { workload: Workload; scaling: Scaling }) {
  return (
    <>
      <section className="scaling-part">
        <ul className="scaling-words">
          {scaling.engines.map((text) => (
            <li key={text}>{text}</li>
          ))}
          {scaling.claim && <li>Held now: {scaling.claim.text}.</li>}
          {scaling.fight && <li>{scaling.fight.reason}.</li>}
        </ul>
        <p className="muted">{scaling.evidence.text}</p>
        <Orders workload={workload} scaling={scaling} />
      </section>
      <Schedules workload={workload} schedules={scaling.schedules} />
      <Hpa workload={workload} hpa={scaling.hpa ?? null} />
      <Requests workload={workload} scaling={scaling} />
    </>
  );
}

function Orders({ workload, scaling }: { workload: Workload; scaling: Scaling }) {
  const [target, setTarget] = useState("");
  const path = { workload_id: workload.id };
  const set = useOrder(
    (replicas: number) => unwrap(http.POST("/api/v1/workloads/{workload_id}/predictive/apply", { params: { path }, body: { target_replicas: replicas } })),
    () => setTarget(""),
  );
  const release = useOrder(() => unwrap(http.POST("/api/v1/workloads/{workload_id}/predictive/disable", { params: { path } })));
  if (!workload.may_change) return <OnlyLooking act="set pods, schedules, an HPA or a VPA" />;
  const wanted = Number(target);
  const isNumber = target !== "" && Number.isInteger(wanted) && wanted >= 0;
  return (
    <>
      <div className="scaling-order">
        <TextField
          label={scaling.hpa ? "Floor under its HPA" : "Set pods"}
          type="number"
          min={0}
          unit="pods"
          value={target}
          placeholder={String(workload.desired_replicas)}
          onChange={(event) => setTarget(event.target.value)}
        />
        <Button disabled={!isNumber || set.isPending} onClick={() => set.mutate(wanted)}>
          {set.isPending ? "On its way …" : "Apply"}
        </Button>
        {(workload.policy.updated_at || scaling.claim) && (
          <Button disabled={release.isPending} onClick={() => release.mutate(undefined)} title="Forget the policy, and give back what its owner had set">
            {release.isPending ? "On its way …" : "Stop and give back"}
          </Button>
        )}
      </div>
      <FailureLine error={set.error ?? release.error} />
    </>
  );
}

function Hpa({ workload, hpa }: { workload: Workload; hpa: Schemas["AutoscalerView"] | null }) {
  const [isOpen, setOpen] = useState(false);
  const remove = useOrder((found: Schemas["AutoscalerView"]) =>
    unwrap(
      http.DELETE("/api/v1/clusters/{cluster_id}/hpas/{namespace}/{name}", {
        params: { path: { cluster_id: workload.cluster_id, namespace: found.namespace, name: found.name } },
      }),
    ),
  );
  const mayEdit = workload.may_change && !hpa?.managed_by;
  return (
    <section className="scaling-part" aria-labelledby="hpa-title">
      <h3 id="hpa-title">HPA</h3>
      {hpa ? (
        <p>
          <strong>{hpa.name}</strong>: {hpa.sentence}
          {hpa.managed_by && <span className="muted"> It belongs to {hpa.managed_by}, which would undo changes: change that.</span>}
          {hpa.managers.length > 0 && <span className="muted"> Its bounds are written by {hpa.managers.join(", ")}.</span>}
        </p>
      ) : (
        <p className="muted">None. Without one, prediction sets the replicas itself.</p>
      )}
      {hpa && mayEdit && !isPlain(hpa) && <p className="muted">It has metrics or behaviour that this form does not show: edit it with kubectl or the API.</p>}
      {isOpen ? (
        <HpaForm workload={workload} hpa={hpa} close={() => setOpen(false)} />
      ) : (
        mayEdit && (
          <div className="policy-acts">
            {(!hpa || isPlain(hpa)) && (
              <Button className="button-small" onClick={() => setOpen(true)}>
                {hpa ? "Edit" : "Create an HPA"}
              </Button>
            )}
            {hpa && (
              <Button className="button-small" disabled={remove.isPending} onClick={() => remove.mutate(hpa)} title="The pods stay as they are; nothing reacts to usage any more">
                Delete
              </Button>
            )}
          </div>
        )
      )}
      <FailureLine error={remove.error} />
    </section>
  );
}

function Requests({ workload, scaling }: { workload: Workload; scaling: Scaling }) {
  const path = { cluster_id: workload.cluster_id };
  const create = useOrder(() =>
    unwrap(
      http.POST("/api/v1/clusters/{cluster_id}/vpas", {
        params: { path },
        body: {
          namespace: workload.namespace,
          name: workload.name,
          target: { api_version: "apps/v1", kind: workload.kind, name: workload.name },
          mode: "Off",
          resources: ["cpu", "memory"],
          min_allowed: {},
          max_allowed: {},
        },
      }),
    ),
  );
  const remove = useOrder((name: string) =>
    unwrap(http.DELETE("/api/v1/clusters/{cluster_id}/vpas/{namespace}/{name}", { params: { path: { ...path, namespace: workload.namespace, name } } })),
  );
  const { vpa } = scaling;
  return (
    <section className="scaling-part" aria-labelledby="requests-title">
      <h3 id="requests-title">Requests</h3>
      {vpa && (
        <p>
          VPA <strong>{vpa.name}</strong>: {vpa.sentence}
        </p>
      )}
      {scaling.vpa_installed === false && <p className="muted">This cluster has no VerticalPodAutoscaler; what would fit is told under Right size.</p>}
      {workload.may_change && scaling.vpa_installed && (
        <div className="policy-acts">
          {vpa ? (
            <Button className="button-small" disabled={remove.isPending} onClick={() => remove.mutate(vpa.name)}>
              Delete VPA
            </Button>
          ) : (
            <Button className="button-small" disabled={create.isPending} onClick={() => create.mutate(undefined)} title="Mode Off: it recommends and changes nothing">
              Create a VPA that only recommends
            </Button>
          )}
        </div>
      )}
      <FailureLine error={create.error ?? remove.error} />
    </section>
  );
}
