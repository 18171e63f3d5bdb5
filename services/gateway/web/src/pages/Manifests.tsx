// Manifests: say what is wanted, read what was assumed, mend what is wrong, see what would change, and only then apply.
import "../manifests/manifests.css";

import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { http, unwrap } from "../api/client";
import { Findings } from "../manifests/Findings";
import { answerOf } from "../manifests/jobs";
import { Knowledge } from "../manifests/Knowledge";
import { kindsIn } from "../manifests/place";
import { Said } from "../manifests/Said";
import type { Outlines, Report, Written } from "../manifests/types";
import type { EditorHandle } from "../manifests/Editor";
import { ApprovalCard } from "../plans/ApprovalCard";
import { useMakePlan } from "../plans/queries";
import { Button, Segmented, TextArea, TextField } from "../ui/controls";
import { FailureLine, Skeleton } from "../ui/states";
import { useCluster } from "./ClusterLayout";

const Editor = lazy(() => import("../manifests/Editor"));

const CHECK_AFTER_MS = 900;
const EXAMPLES = [
  "deployment for nginx with 3 replicas and 2GB memory",
  "postgres with 20Gi storage in namespace db",
  "cronjob backup every night at 2am with image example/backup:1.0",
  "network policy that denies all ingress in namespace prod",
];
const PROFILES = [
  { value: "privileged", label: "Privileged" },
  { value: "baseline", label: "Baseline" },
  { value: "restricted", label: "Restricted" },
] as const;
type Profile = (typeof PROFILES)[number]["value"];

export function Manifests() {
  const cluster = useCluster();
  const [request, setRequest] = useState("");
  const [asked, setAsked] = useState("");
  const [namespace, setNamespace] = useState("");
  const [version, setVersion] = useState("");
  const [profile, setProfile] = useState<Profile>("baseline");
  const [mode, setMode] = useState<"new" | "change">("new");
  const [offline, setOffline] = useState(false);
  const [text, setText] = useState("");
  const [planId, setPlanId] = useState<string | null>(null);
  const [showsKnowledge, setShowsKnowledge] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const checked = useDelayed(text, CHECK_AFTER_MS);
  const known = { version: version.trim() || null, profile };

  const write = useMutation({
    mutationFn: (words: string) =>
      answerOf<Written>(
        unwrap(
          http.POST("/api/v1/manifests", {
            body: { request: words, manifest: mode === "change" ? text : "", namespace, offline, cluster_id: cluster.id, ...known },
          }),
        ),
      ),
    onSuccess: (written) => {
      setPlanId(null);
      if (written.manifests) {
        setText(written.manifests);
        setMode("change");
        setAsked(request);
        setRequest("");
      }
    },
  });
  const check = useQuery({
    queryKey: ["manifest-check", checked, known.version, profile],
    queryFn: () => answerOf<Report>(unwrap(http.POST("/api/v1/manifests/check", { body: { manifest: checked, ...known } }))),
    enabled: checked.trim() !== "",
    staleTime: Infinity,
    placeholderData: (before) => before,
    retry: false,
  });
  const kinds = kindsIn(checked);
  const outlines = useQuery({
    queryKey: ["manifest-fields", known.version, kinds.map((each) => `${each.api_version} ${each.kind}`).sort().join()],
    queryFn: () => answerOf<Outlines>(unwrap(http.POST("/api/v1/manifests/fields", { body: { kinds: kinds.slice(0, 12), version: known.version } }))),
    enabled: text !== "",
    staleTime: Infinity,
    placeholderData: (before) => before,
    retry: false,
  });
  const plan = useMakePlan(setPlanId);
  const isStale = check.isFetching || checked !== text;
  const ask = (words: string) => {
    setRequest(words);
    write.mutate(words);
  };

  return (
    <>
      <section className="panel" aria-labelledby="manifest-ask">
        <div className="panel-head">
          <h2 id="manifest-ask">What do you need?</h2>
          {text !== "" && (
            <Segmented
              legend="What to do with the request"
              choices={[
                { value: "new", label: "Write anew" },
                { value: "change", label: "Change the one below" },
              ]}
              value={mode}
              onChange={setMode}
            />
          )}
          <Button className="panel-more" aria-pressed={showsKnowledge} onClick={() => setShowsKnowledge(!showsKnowledge)}>
            What is known
          </Button>
        </div>
        <form
          className="panel-body manifest-ask"
          onSubmit={(event) => {
            event.preventDefault();
            if (request.trim()) ask(request.trim());
          }}
        >
          <TextArea
            label={mode === "change" ? "What shall be changed, in plain English" : "In plain English"}
            rows={2}
            value={request}
            maxLength={4000}
            placeholder={mode === "change" ? "add a readiness probe on /healthz" : EXAMPLES[0]}
            onChange={(event) => setRequest(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && request.trim()) ask(request.trim());
            }}
            hint="Values of Secrets do not belong here. Ctrl-Enter writes."
          />
          <div className="manifest-options">
            <TextField label="Namespace where none is said" value={namespace} placeholder="default" onChange={(event) => setNamespace(event.target.value)} />
            <TextField label="Kubernetes" value={version} placeholder="the newest known" onChange={(event) => setVersion(event.target.value)} />
            <Segmented legend="Pod Security Standard" choices={PROFILES} value={profile} onChange={setProfile} />
          </div>
          <div className="manifest-acts">
            <Button type="submit" weight="primary" disabled={write.isPending || !request.trim()}>
              {write.isPending ? "Writing …" : mode === "change" ? "Change it" : "Write it"}
            </Button>
            <label>
              <input type="checkbox" checked={offline} onChange={(event) => setOffline(event.target.checked)} /> by rules alone
            </label>
          </div>
          {!write.data && text === "" && (
            <div className="manifest-examples">
              <span className="muted">For example</span>
              {EXAMPLES.map((each) => (
                <Button key={each} onClick={() => ask(each)}>
                  {each}
                </Button>
              ))}
            </div>
          )}
          <FailureLine error={write.error} />
          {write.data && <Said written={write.data} onAnswer={(words) => ask(`${request || asked}, ${words}`)} />}
        </form>
      </section>
      {showsKnowledge && <Knowledge clusterId={cluster.id} mayChange={cluster.may_change} />}
      <section className="panel" aria-labelledby="manifest-text">
        <div className="panel-head">
          <h2 id="manifest-text">Manifest</h2>
          <Button
            weight="primary"
            className="panel-more"
            disabled={plan.isPending || isStale || !check.data?.valid}
            onClick={() => plan.mutate({ cluster_id: cluster.id, title: titleOf(check.data), origin: "page", calls: [], manifests: text })}
          >
            {plan.isPending ? "Trying it on the cluster …" : "Compare with what runs"}
          </Button>
        </div>
        <div className="panel-body">
          <div className="manifest-work">
            <Suspense fallback={<Skeleton height={420} label="Loading the editor" />}>
              <Editor ref={editor} value={text} onChange={setText} findings={isStale ? [] : (check.data?.findings ?? [])} outlines={outlines.data} label="Manifest" />
            </Suspense>
            <Findings
              report={text === "" ? undefined : check.data}
              isStale={isStale && text !== ""}
              onGoTo={(finding) => editor.current?.goTo(finding.line, finding.column)}
              onFix={({ fix }) => fix && editor.current?.replace(fix.start, fix.end, fix.text)}
            />
          </div>
          <FailureLine error={check.error ?? plan.error} />
        </div>
      </section>
      {planId && <ApprovalCard planId={planId} />}
    </>
  );
}

function titleOf(report: Report | undefined): string {
  const objects = report?.objects ?? [];
  const rest = objects.length > 3 ? ` and ${objects.length - 3} more` : "";
  return `Apply ${objects.slice(0, 3).join(", ")}${rest}`.slice(0, 200);
}

function useDelayed<T>(value: T, milliseconds: number): T {
  const [delayed, setDelayed] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDelayed(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return delayed;
}
