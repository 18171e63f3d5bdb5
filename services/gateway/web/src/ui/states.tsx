// The states every page shares: loading keeps the layout, empty says the next step, an error says what to do, and what is not
// permitted or not available says why and what would change that.
import "./states.css";

import type { ReactNode } from "react";

import { ApiError } from "../api/client";
import { Button, ButtonLink } from "./controls";

export function Skeleton({ height, label = "Loading" }: { height: number; label?: string }) {
  return (
    <div className="skeleton" style={{ height }} role="status">
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

export function PageSkeleton() {
  return (
    <div className="page-skeleton">
      <Skeleton height={32} />
      <Skeleton height={320} />
      <Skeleton height={160} />
    </div>
  );
}

/** A table's place while it is asked for. */
export function RowsSkeleton({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div className="panel rows-skeleton" role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skeleton" />
      ))}
    </div>
  );
}

interface StateProps {
  title: string;
  /** It stands for the whole page: its title is the page's. */
  isPage?: boolean;
  children: ReactNode;
}

function Title({ text, isPage = false }: { text: string; isPage?: boolean | undefined }) {
  return isPage ? <h1>{text}</h1> : <h2>{text}</h2>;
}

export function EmptyState({ title, isPage, next, children }: StateProps & { next?: ReactNode }) {
  return (
    <section className="state">
      <Title text={title} isPage={isPage} />
      <p>{children}</p>
      {next && <div className="state-next">{next}</div>}
    </section>
  );
}

/** The person's role does not allow it: who can. */
export function NotPermitted({ title, isPage, children }: StateProps) {
  return (
    <section className="state state-waiting">
      <Title text={title} isPage={isPage} />
      <p>{children}</p>
      <div className="state-next">
        <ButtonLink weight="plain" to="/">
          Back to the dashboard
        </ButtonLink>
      </div>
    </section>
  );
}

/** Where acts would be, for whom the table gives none: what they are, what it takes, who changes that. */
export function OnlyLooking({ role, act, needs = "operator" }: { role?: string | undefined; act: string; needs?: "operator" | "administrator" }) {
  return (
    <p className="muted">
      {role ? `You are ${role} here. ` : ""}To {act} takes an {needs}: ask an administrator of the team.
    </p>
  );
}

/** Something in the cluster is missing: what, and the command that shows or gives it. */
export function NotAvailable({ title, isPage, command, children }: StateProps & { command?: string }) {
  return (
    <section className="state state-waiting">
      <Title text={title} isPage={isPage} />
      <p>{children}</p>
      {command && (
        <pre className="command">
          <code>{command}</code>
        </pre>
      )}
    </section>
  );
}

export function FailureState({ error, isPage, retry }: { error: Error; isPage?: boolean; retry?: () => void }) {
  const { title, detail, hint } = explain(error);
  return (
    <section className="state state-failed" role="alert">
      <Title text={title} isPage={isPage} />
      <p>
        {detail} {hint}
      </p>
      {retry && (
        <div className="state-next">
          <Button onClick={retry}>Try again</Button>
        </div>
      )}
    </section>
  );
}

/** One line beside what failed. */
export function FailureLine({ error }: { error: Error | null }) {
  if (!error) return null;
  const { detail, hint } = explain(error);
  return (
    <p className="failure-line" role="alert">
      <span aria-hidden="true">■</span> {detail} {hint}
    </p>
  );
}

function explain(error: Error): { title: string; detail: string; hint: string } {
  if (!(error instanceof ApiError)) return { title: "Something went wrong here", detail: error.message, hint: "Reload the page." };
  const title =
    error.status === 404 ? "Not found, or not yours to see"
    : error.status === 403 ? "Not permitted"
    : error.isTemporary ? "The server cannot answer right now"
    : "That did not work";
  return { title, detail: sentence(error.detail), hint: sentence(error.hint) };
}

export function sentence(text: string): string {
  if (!text) return "";
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
