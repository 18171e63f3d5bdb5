// Some acts ask for the password once more, where the installation wants it so: asked in place, then tried again.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ApiError, http, unwrap } from "../api/client";
import { takeSession } from "../profile/queries";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";

export const asksForPassword = (error: Error | null): boolean => error instanceof ApiError && error.code === "step_up_required";

export function StepUp({ onDone }: { onDone: () => void }) {
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const prove = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/me/step-up", { body: { password, ...(code ? { code } : {}) } })),
    onSuccess: (session) => {
      takeSession(queries, session);
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    prove.mutate();
  };
  const needsCode = code !== "" || (prove.error instanceof ApiError && ["second_step_required", "wrong_code"].includes(prove.error.code));
  return (
    <form className="people-form" onSubmit={submit} aria-label="Your password once more">
      <TextField label="This asks for your password once more" type="password" autoComplete="current-password" autoFocus required value={password} onChange={(event) => setPassword(event.target.value)} />
      {needsCode && <TextField label="Code of your app" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.target.value)} />}
      <FailureLine error={prove.error} />
      <div className="form-acts">
        <Button type="submit" weight="primary" disabled={prove.isPending}>Go on</Button>
      </div>
    </form>
  );
}
