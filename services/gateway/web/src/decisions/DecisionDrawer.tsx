// Why a decision was taken, and what came of it: everything the ledger holds.
import "./drawer.css";

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";

import type { DecisionDetail } from "../api/client";
import { decisionQuery } from "../api/queries";
import { Button } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { Facts } from "../ui/Facts";
import { FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { adviceOf } from "./advice";
import { AdvicePart } from "./AdvicePart";
import { DecisionActs } from "./DecisionActs";
import { ExplainDecision } from "./ExplainDecision";
import { Change, judgementOf, Outcome, Verdict } from "./words";

export function DecisionDrawer({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [position, setPosition] = useState(0);
  const current = Math.min(position, ids.length - 1);
  const detail = useQuery(decisionQuery(ids[current] ?? ""));
  return (
    <Dialog className="drawer" labelledBy="drawer-title" onClose={onClose}>
      {(close) => (
        <div className="drawer-inside">
          <header className="drawer-head">
            <h2 id="drawer-title">
              {detail.data ? (
                <>
                  <Change decision={detail.data} /> pods, <Time at={detail.data.decided_at} />
                </>
              ) : (
                "Decision"
              )}
            </h2>
            {ids.length > 1 && (
              <span className="drawer-steps">
                <Button onClick={() => setPosition(current - 1)} disabled={current === 0} aria-label="Earlier decision">
                  ‹
                </Button>
                {current + 1} of {ids.length}
                <Button onClick={() => setPosition(current + 1)} disabled={current === ids.length - 1} aria-label="Later decision">
                  ›
                </Button>
              </span>
            )}
            <Button onClick={close} aria-label="Close">
              ✕
            </Button>
          </header>
          {detail.isPending ? (
            <Skeleton height={320} label="Loading the decision" />
          ) : detail.isError ? (
            <FailureState error={detail.error} retry={() => void detail.refetch()} />
          ) : (
            <Parts detail={detail.data} />
          )}
        </div>
      )}
    </Dialog>
  );
}

function Parts({ detail }: { detail: DecisionDetail }) {
  const judgement = judgementOf(detail);
  const advice = adviceOf(detail);
  return (
    <>
      <p className="drawer-of">
        <Link to={`/clusters/${detail.cluster_id}/workloads/${detail.workload_id}`}>{detail.workload}</Link>
      </p>
      <p className="drawer-reason">{detail.reason}</p>
      <p className="drawer-badges">
        <Outcome decision={detail} /> <Verdict decision={detail} />
      </p>
      {detail.outcome_detail && <p>{detail.outcome_detail}</p>}
      <DecisionActs decision={detail} />
      {judgement?.sentence && (
        <Part title="In hindsight">
          <p>{judgement.sentence}</p>
        </Part>
      )}
      <ExplainDecision decisionId={detail.id} key={detail.id} />
      <Part title="Advice">
        {advice ? <AdvicePart advice={advice} decided={detail.to_replicas} /> : <p className="muted">None was given.</p>}
      </Part>
      <Part title="What it went by">
        <Facts value={detail.inputs} none="Nothing was recorded." />
      </Part>
      <Part title="Forecast it used">
        <Facts value={detail.forecast} none="None: it went by what was measured." />
      </Part>
      <Part title="What else was weighed">
        <Facts value={detail.alternatives} none="Nothing else." />
      </Part>
      <Part title="Guards that spoke">
        <Facts value={detail.guards} none="None." />
      </Part>
      <Part title="What was written">
        <Facts value={detail.plan} none="Nothing." />
      </Part>
      <p className="muted">
        Mode {detail.mode}, planned on version {detail.planned_resource_version}
        {detail.outcome_at && (
          <>
            , settled <Time at={detail.outcome_at} />
          </>
        )}
        .
      </p>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="drawer-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
