// Why a decision was taken, and what came of it: everything the ledger holds. A native dialog keeps the focus inside.
import "./drawer.css";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import type { Decision, DecisionDetail } from "../api/client";
import { decisionQuery } from "../api/queries";
import { significant } from "../format";
import { Button } from "../ui/controls";
import { FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { Change, judgementOf, Outcome, Verdict } from "./decisionWords";

export function DecisionDrawer({ decisions, onClose }: { decisions: Decision[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [position, setPosition] = useState(0);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const decision = decisions[Math.min(position, decisions.length - 1)];
  if (!decision) return null;
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-labelledby="drawer-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <div className="drawer-inside">
        <header className="drawer-head">
          <h2 id="drawer-title">
            <Change decision={decision} /> pods, <Time at={decision.decided_at} />
          </h2>
          {decisions.length > 1 && (
            <span className="drawer-steps">
              <Button onClick={() => setPosition(position - 1)} disabled={position === 0} aria-label="Earlier decision">
                ‹
              </Button>
              {position + 1} of {decisions.length}
              <Button
                onClick={() => setPosition(position + 1)}
                disabled={position === decisions.length - 1}
                aria-label="Later decision"
              >
                ›
              </Button>
            </span>
          )}
          <Button onClick={() => dialog.current?.close()} aria-label="Close">
            ✕
          </Button>
        </header>
        <p className="drawer-reason">{decision.reason}</p>
        <p className="drawer-badges">
          <Outcome decision={decision} /> <Verdict decision={decision} />
        </p>
        {decision.outcome_detail && <p>{decision.outcome_detail}</p>}
        <Details decisionId={decision.id} />
      </div>
    </dialog>
  );
}

function Details({ decisionId }: { decisionId: string }) {
  const detail = useQuery(decisionQuery(decisionId));
  if (detail.isPending) return <Skeleton height={240} label="Loading the decision" />;
  if (detail.isError) return <FailureState error={detail.error} retry={() => void detail.refetch()} />;
  return <Parts detail={detail.data} />;
}

function Parts({ detail }: { detail: DecisionDetail }) {
  const judgement = judgementOf(detail);
  return (
    <>
      {judgement?.sentence && (
        <Part title="In hindsight">
          <p>{judgement.sentence}</p>
        </Part>
      )}
      <Part title="Advice">
        <Value value={detail.advice} none="None was given." />
      </Part>
      <Part title="What it went by">
        <Value value={detail.inputs} none="Nothing was recorded." />
      </Part>
      <Part title="Forecast it used">
        <Value value={detail.forecast} none="None: it went by what was measured." />
      </Part>
      <Part title="What else was weighed">
        <Value value={detail.alternatives} none="Nothing else." />
      </Part>
      <Part title="Guards that spoke">
        <Value value={detail.guards} none="None." />
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

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="drawer-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** Whatever the ledger holds, told plainly: the scaler may record more than this page knows of. */
function Value({ value, none }: { value: unknown; none: string }) {
  if (value == null || (Array.isArray(value) && value.length === 0)) return <p className="muted">{none}</p>;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) return <>{value.map(plain).join(", ")}</>;
    return (
      <ul className="drawer-list">
        {value.map((item, index) => (
          <li key={index}>
            <Value value={item} none="–" />
          </li>
        ))}
      </ul>
    );
  }
  if (typeof value === "object") {
    return (
      <dl className="facts">
        {Object.entries(value).map(([key, item]) => (
          <div key={key}>
            <dt>{key.replaceAll("_", " ")}</dt>
            <dd>{typeof item === "object" && item !== null ? <Value value={item} none="–" /> : plain(item)}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return <>{plain(value)}</>;
}

function plain(value: unknown): string {
  if (typeof value === "number") return significant(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null || value === undefined || value === "") return "–";
  // Names of guards and the like, as words.
  return typeof value === "string" && /^[a-z]+(_[a-z]+)+$/.test(value) ? value.replaceAll("_", " ") : String(value);
}
