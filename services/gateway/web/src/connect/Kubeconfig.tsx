// A kubeconfig: dropped, chosen or pasted, then looked into, so that a person chooses from what is there.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type DragEvent } from "react";

import { ApiError, http, unwrap } from "../api/client";
import { Badge, Button, TextArea } from "../ui/controls";
import { sentence, Skeleton } from "../ui/states";
import { AccountCommands } from "./Commands";
import type { AccessDraft, Context } from "./draft";

const LARGEST_BYTES = 1_000_000;
const SETTLES_MS = 350;

interface Props {
  draft: AccessDraft;
  edit: (change: Partial<AccessDraft>) => void;
  contexts: Contexts;
}

export interface Contexts {
  items: Context[];
  chosen: Context | undefined;
  isLooking: boolean;
  error: Error | null;
}

/** What is in the kubeconfig that is being given, a moment after the last keystroke. */
export function useContexts(draft: AccessDraft): Contexts {
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setText(draft.kubeconfig.trim()), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [draft.kubeconfig]);
  const found = useQuery({
    // The text itself is no key: keys are kept, and shown by tools.
    queryKey: ["kubeconfig", text.length, hashOf(text), draft.bastion !== null],
    queryFn: () =>
      unwrap(http.POST("/api/v1/clusters/kubeconfig-contexts", { body: { kubeconfig: text, through_bastion: draft.bastion !== null } })),
    enabled: text !== "",
    gcTime: 0,
    retry: false,
  });
  const items = text && found.data ? found.data.items : [];
  const usable = items.filter((item) => !item.problem);
  const chosen =
    items.find((item) => item.name === draft.context) ??
    items.find((item) => item.current && !item.problem) ??
    (usable.length === 1 ? usable[0] : undefined) ??
    (items.length === 1 ? items[0] : undefined);
  return { items, chosen, isLooking: draft.kubeconfig.trim() !== text || (text !== "" && found.isPending), error: text ? found.error : null };
}

function hashOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

export function Kubeconfig({ draft, edit, contexts }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState("");
  const [isOver, setOver] = useState(false);
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > LARGEST_BYTES) {
      setProblem(`${file.name} is too large to be a kubeconfig.`);
      return;
    }
    setProblem("");
    edit({ kubeconfig: await file.text(), context: null });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void read(event.dataTransfer.files[0]);
  };
  return (
    <div
      className={`drop ${isOver ? "drop-over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className="drop-acts">
        <Button onClick={() => picker.current?.click()}>Choose a file</Button>
        <span className="muted">or drop it here, or paste it below. It is usually ~/.kube/config.</span>
        <input
          ref={picker}
          type="file"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Kubeconfig file"
          onChange={(event) => {
            void read(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
      <TextArea
        label="Kubeconfig"
        required
        spellCheck={false}
        autoComplete="off"
        placeholder={"apiVersion: v1\nkind: Config\n…"}
        hint="It is sealed on arrival: this server cannot read it back, and never shows it."
        value={draft.kubeconfig}
        error={problem || wordsOf(contexts.error)}
        onChange={(event) => edit({ kubeconfig: event.target.value, context: null })}
      />
      <ContextChoices draft={draft} edit={edit} contexts={contexts} />
      <Advice chosen={contexts.chosen} hasText={draft.kubeconfig.trim() !== ""} />
    </div>
  );
}

function wordsOf(error: Error | null): string | undefined {
  if (!error) return undefined;
  return error instanceof ApiError ? `${sentence(error.detail)} ${sentence(error.hint)}` : error.message;
}

function ContextChoices({ draft, edit, contexts }: Props) {
  if (contexts.isLooking && draft.kubeconfig.trim()) return <Skeleton height={40} label="Looking into the kubeconfig" />;
  if (contexts.items.length === 0) return null;
  return (
    <fieldset className="choices">
      <legend>{contexts.items.length === 1 ? "The cluster in it" : `Which of its ${contexts.items.length} contexts?`}</legend>
      {contexts.items.map((item) => (
        <label key={item.name} className="choice" data-checked={item === contexts.chosen || undefined}>
          <input type="radio" name="context" checked={item === contexts.chosen} onChange={() => edit({ context: item.name })} />
          <span className="choice-name">{item.name}</span>
          <span className="muted breakable">
            {item.server || "no address"}, namespace {item.namespace}
          </span>
          {item.problem && <Badge tone="warn">{item.cloud ? `${item.cloud} login program` : "cannot be used as it is"}</Badge>}
          {item.deprecated && !item.problem && <Badge tone="warn">password, deprecated</Badge>}
        </label>
      ))}
    </fieldset>
  );
}

/** What to do about a context that cannot be used; otherwise the same help, one touch away. */
function Advice({ chosen, hasText }: { chosen: Context | undefined; hasText: boolean }) {
  const paste = "Paste what it printed into the field above.";
  if (chosen?.problem) {
    const isLogin = chosen.cloud !== null || chosen.problem.startsWith("exec") || chosen.problem.startsWith("auth-provider");
    return (
      <section className="advice" role="status">
        <h3>{chosen.cloud ? `This ${chosen.cloud} kubeconfig logs in with a program` : sentence(chosen.problem)}</h3>
        {isLogin ? (
          <>
            <p>
              It would run on this server, so it is refused. Make a service account instead: it takes a minute, has exactly the rights
              needed, and does not end with your login.
            </p>
            <AccountCommands pasteWhere={paste} />
          </>
        ) : (
          <p>{sentence(chosen.hint)}</p>
        )}
      </section>
    );
  }
  return (
    <details className="account-help">
      <summary>{hasText ? "Rather not hand over your own rights?" : "No kubeconfig at hand, or EKS, GKE, AKS?"} Make a service account</summary>
      <AccountCommands pasteWhere={paste} />
    </details>
  );
}
