// Commands to paste that make a service account with exactly the rights needed, and what those rights are for.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { Button, Segmented, TextField } from "../ui/controls";
import { FailureLine, Skeleton } from "../ui/states";
import { namesOf } from "./draft";

type Access = Schemas["Access"];

const ACCESS: { value: Access; label: string }[] = [
  { value: "scale", label: "Observe and scale" },
  { value: "read", label: "Observe only" },
  { value: "write", label: "Also approved plans" },
];

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function AccountCommands({ pasteWhere }: { pasteWhere: string }) {
  const [access, setAccess] = useState<Access>("scale");
  const [only, setOnly] = useState("");
  const namespaces = namesOf(only);
  const wrong = namespaces.find((name) => !NAMESPACE.test(name));
  const query = { access, ...(namespaces.length > 0 ? { namespaces } : {}) };
  const commands = useQuery({
    queryKey: ["account-commands", access, namespaces],
    queryFn: () => unwrap(http.GET("/api/v1/clusters/account-commands", { params: { query } })),
    enabled: wrong === undefined,
    staleTime: Infinity,
  });
  return (
    <div className="commands">
      <div className="commands-choice">
        <Segmented legend="Rights" choices={ACCESS} value={access} onChange={setAccess} />
        <TextField
          label="Only in these namespaces (optional)"
          placeholder="whole cluster"
          value={only}
          error={wrong && `“${wrong}” is no namespace's name.`}
          onChange={(event) => setOnly(event.target.value)}
        />
      </div>
      {access === "write" && (
        <p className="muted">
          Plans are carried out with this account, and only after a person approved them. Who may change workloads may
          run anything in them, with every Secret of their namespaces: name the namespaces where that is enough.
        </p>
      )}
      {commands.data ? (
        <ol className="account-steps">
          <li>
            In a terminal where kubectl administers the cluster, make the account:
            <Copyable text={commands.data.make} name="the first command" />
          </li>
          <li>
            Then print a kubeconfig for it:
            <Copyable text={commands.data.show} name="the second command" />
          </li>
          <li>{pasteWhere}</li>
        </ol>
      ) : commands.error ? (
        <FailureLine error={commands.error} />
      ) : (
        <Skeleton height={160} label="Loading the commands" />
      )}
      {commands.data && (
        <details>
          <summary>What each right is for</summary>
          <ul className="rights">
            {commands.data.rights.map((right) => (
              <li key={`${right.rule} ${right.verbs.join()}`}>
                <code>
                  {right.verbs.join(", ")} {right.rule}
                </code>
                <span>
                  {right.feature}. <span className="muted">Without it: {right.loss}.</span>
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Copyable({ text, name }: { text: string; name: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <div className="copyable">
      <pre className="command" tabIndex={0} aria-label={name}>
        <code>{text}</code>
      </pre>
      <Button className="button-small" onClick={() => void copy()} aria-label={`Copy ${name}`}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
