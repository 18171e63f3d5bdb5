// Invite somebody, and what invitations are open.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { http, unwrap } from "../api/client";
import { Button, Segmented, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { Time } from "../ui/Time";
import { LinkShown } from "./LinkShown";
import { invitationsQuery, ROLES, type Role } from "./queries";
import { asksForPassword, StepUp } from "./StepUp";

const CHOICES = ROLES.map((role) => ({ value: role, label: role }));

export function InvitePanel() {
  const queries = useQueryClient();
  const invitations = useQuery(invitationsQuery);
  const [role, setRole] = useState<Role>("viewer");
  const [email, setEmail] = useState("");
  const refresh = () => queries.invalidateQueries({ queryKey: invitationsQuery.queryKey });
  const invite = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/people/invitations", { body: { role, ...(email ? { email } : {}) } })),
    onSuccess: () => {
      setEmail("");
      void refresh();
    },
  });
  const takeBack = useMutation({
    mutationFn: (id: string) => unwrap(http.DELETE("/api/v1/people/invitations/{invitation_id}", { params: { path: { invitation_id: id } } })),
    onSuccess: () => void refresh(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate();
  };
  const items = invitations.data?.items ?? [];
  return (
    <section className="panel" aria-labelledby="invite-title">
      <div className="panel-head">
        <h2 id="invite-title">Invite</h2>
        <span className="muted">{items.length === 0 ? "no invitation is open" : `${items.length} open`}</span>
      </div>
      <div className="panel-body people-invite">
        <form className="people-form" onSubmit={submit}>
          <Segmented legend="Role" choices={CHOICES} value={role} onChange={setRole} />
          <TextField label="Email (optional)" type="email" hint="Then the link serves for this address alone." value={email} onChange={(event) => setEmail(event.target.value)} />
          {!asksForPassword(invite.error) && <FailureLine error={invite.error} />}
          <div className="form-acts">
            <Button type="submit" disabled={invite.isPending}>Make a link</Button>
          </div>
        </form>
        {asksForPassword(invite.error) && <StepUp onDone={() => invite.mutate()} />}
        {invite.data && <LinkShown path={invite.data.path} expiresAt={invite.data.expires_at} what="Give this link to one person." />}
      </div>
      <FailureLine error={invitations.error ?? takeBack.error} />
      {items.length > 0 && (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col">Role</th>
              <th scope="col">Made by</th>
              <th scope="col">Until</th>
              <th scope="col"><span className="visually-hidden">Act</span></th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.id}>
                <th scope="row">{item.email ?? "whoever has the link"}</th>
                <td data-label="Role">{item.role}</td>
                <td data-label="Made by">{item.created_by}</td>
                <td data-label="Until"><Time at={item.expires_at} /></td>
                <td><Button disabled={takeBack.isPending} onClick={() => takeBack.mutate(item.id)}>Take back</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
