// What models took today, against the budgets, and on the days before.
import type { ReactNode } from "react";

import { significant } from "../format";
import { Meter } from "../ui/Meter";
import { tokensOf, type Models } from "./words";

export function Spending({ models }: { models: Models }) {
  const { today, mine_today: mine, budget } = models;
  const hasMoney = today.money !== null || budget.money !== null || budget.money_per_user !== null;
  return (
    <section className="panel" aria-labelledby="spending-title">
      <div className="panel-head">
        <h2 id="spending-title">Spent today</h2>
        <span className="muted">days are UTC; a budget that is spent lets rules answer until midnight</span>
      </div>
      <div className="panel-body model-spending">
        <Spent label="Tokens of the installation" spent={tokensOf(today)} limit={budget.tokens} />
        <Spent label="Your tokens" spent={tokensOf(mine)} limit={budget.tokens_per_user} />
        {hasMoney ? (
          <>
            <Spent label="Money of the installation" spent={today.money ?? 0} limit={budget.money}>
              {today.unpriced_tokens > 0 && <span className="muted">without {significant(today.unpriced_tokens)} tokens that have no price</span>}
            </Spent>
            <Spent label="Your money" spent={mine.money ?? 0} limit={budget.money_per_user} />
          </>
        ) : (
          <div className="model-spent">
            <span className="muted">Money</span>
            <span className="muted">Not counted: AI4K8S_LLM_PRICES sets what a model's tokens cost.</span>
          </div>
        )}
      </div>
      {models.days.length > 1 && <Days days={models.days} />}
    </section>
  );
}

function Spent({ label, spent, limit, children }: { label: string; spent: number; limit: number | null; children?: ReactNode }) {
  const words = `${significant(spent)}${limit === null ? ", no budget" : ` of ${significant(limit)}`}`;
  return (
    <div className="model-spent">
      <span className="muted">{label}</span>
      <Meter label={label} words={words} share={limit ? spent / limit : null} />
      {children}
    </div>
  );
}

function Days({ days }: { days: Models["days"] }) {
  const most = Math.max(...days.map((day) => day.tokens), 1);
  return (
    <div className="panel-body">
      <h3 className="quiet">Tokens a day</h3>
      <ul className="model-days">
        {days.map((day) => (
          <li key={day.day}>
            <span>{day.day}</span>
            <span className="model-bar" style={{ width: `${(100 * day.tokens) / most}%` }} aria-hidden="true" />
            <span className="number">
              {significant(day.tokens)}
              {day.money !== null && <span className="muted"> · {significant(day.money)}</span>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
