// One use: who is asked in which order, how each is, what it took today, and a test of all of them.
import "../jobs/jobs.css";
import "./models.css";

import { useEffect } from "react";
import { useQueryClient } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";
import { useFollowedJob } from "../connect/jobs";
import { count, duration, money, significant } from "../format";
import { Badge, Button, Shape } from "../ui/controls";
import { FailureLine, sentence } from "../ui/states";
import { Time } from "../ui/Time";
import { checksOf, freshError, PROVIDERS, stateOf, tokensOf, USES, type ProviderOfModels, type UseOfModels } from "./words";

export function UsePanel({ use, mayTest }: { use: UseOfModels; mayTest: boolean }) {
  const { name, does, without } = USES[use.use];
  const configured = use.chain.some((provider) => provider.configured);
  const title = `models-${use.use}`;
  return (
    <section className="panel" aria-labelledby={title}>
      <div className="panel-head">
        <h2 id={title}>{name}</h2>
        <span className="muted">
          {does}; without a model {without}
        </span>
        <span className="panel-more muted">{spentToday(use)}</span>
      </div>
      {use.chain.length === 0 ? (
        <p className="panel-empty">Its service has not reported yet. It does when it starts.</p>
      ) : (
        <Chain chain={use.chain} />
      )}
      {mayTest && configured && <Test use={use.use} />}
    </section>
  );
}

function spentToday({ today }: UseOfModels): string {
  if (today.questions === 0) return "nothing asked today";
  const unanswered = today.questions - today.answered;
  const price = today.money === null ? "" : `, ${money(today.money, "")}`;
  return `${count(today.questions, "question")} today, ${significant(tokensOf(today))} tokens${price}${unanswered ? `, ${unanswered} without an answer` : ""}`;
}

function Chain({ chain }: { chain: readonly ProviderOfModels[] }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">Asked in this order</th>
          <th scope="col">Models</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Last answer
          </th>
          <th scope="col" className="number">
            Time-out
          </th>
        </tr>
      </thead>
      <tbody>
        {chain.map((provider, place) => (
          <tr key={provider.provider} className={provider.configured ? "" : "model-absent"}>
            <th scope="row">
              {place + 1}. {PROVIDERS[provider.provider]}
            </th>
            <td data-label="Models" className="breakable">
              {provider.configured ? <ModelNames provider={provider} /> : <span className="muted">set {provider.setting}</span>}
            </td>
            <td data-label="State" className="breakable">
              <State provider={provider} />
            </td>
            <td className="number" data-label="Last answer">
              {provider.last_ok_at ? (
                <>
                  <Time at={provider.last_ok_at} relative />
                  {provider.last_seconds !== null && <span className="muted"> in {duration(provider.last_seconds)}</span>}
                </>
              ) : (
                <span className="muted">–</span>
              )}
            </td>
            <td className="number" data-label="Time-out">
              {duration(provider.timeout_seconds)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ModelNames({ provider }: { provider: ProviderOfModels }) {
  return (
    <>
      {provider.address && <div className="muted">{provider.address}</div>}
      {provider.models.map((one) => (
        <div key={one.model}>
          {one.model}
          {one.daily_requests !== null && (
            <span className="muted">
              {" "}
              {one.requests_today === null ? "–" : significant(one.requests_today)} of {significant(one.daily_requests)} requests today
            </span>
          )}
          {one.resting_until && (
            <span className="muted">
              {" "}
              at its limit until <Time at={one.resting_until} />
            </span>
          )}
        </div>
      ))}
    </>
  );
}

function State({ provider }: { provider: ProviderOfModels }) {
  const [tone, word] = stateOf(provider);
  const error = freshError(provider);
  return (
    <>
      <Badge tone={tone}>{word}</Badge>
      {provider.open_until && (
        <span className="muted">
          {" "}
          until <Time at={provider.open_until} />
        </span>
      )}
      {error && <div className="model-error">{sentence(error)}</div>}
    </>
  );
}

function Test({ use }: { use: UseOfModels["use"] }) {
  const queries = useQueryClient();
  const test = useFollowedJob(() => unwrap(http.POST("/api/v1/models/{use}/test", { params: { path: { use } } })));
  const { status } = test.job ?? {};
  useEffect(() => {
    if (status && status !== "processing") void queries.invalidateQueries({ queryKey: ["models"] });
  }, [status, queries]);
  const checks = checksOf(test.job?.result);
  return (
    <div className="panel-body model-test" aria-live="polite">
      <Button className="button-small" disabled={test.isRunning} onClick={test.start}>
        {test.isRunning ? "Asking …" : "Ask each one now"}
      </Button>
      <span className="muted">
        {test.job?.error ?? test.job?.message ?? "One tiny question to each, where its key is: a few tokens, counted like any other."}
      </span>
      <FailureLine error={test.error} />
      {checks && (
        <div className="model-checks">
          <ul className="checks">
            {checks.map((one) => (
              <li key={`${one.provider} ${one.model}`}>
                <Shape tone={one.ok ? "good" : "bad"} />
                <span className="check-step">
                  {PROVIDERS[one.provider]} {one.model}
                </span>
                <span>
                  {one.ok ? `answers in ${duration(one.seconds)}` : sentence(one.detail)}
                  {one.ok && one.tools === "schema" && <span className="check-hint"> Tools are told to it through a schema.</span>}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
