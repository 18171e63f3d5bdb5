// Everybody: role, how they get in, when they were last here, and what an administrator may do.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap } from "../api/client";
import { Badge, Button } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { Time } from "../ui/Time";
import { LinkShown } from "./LinkShown";
import { peopleQuery, ROLES, type Person, type Role } from "./queries";
import { asksForPassword, StepUp } from "./StepUp";

export function PeopleTable({ people, ownId }: { people: readonly Person[]; ownId: string }) {
  const [opened, setOpened] = useState<string | null>(null);
  return (
    <section className="panel" aria-labelledby="people-title">
      <div className="panel-head">
        <h2 id="people-title">Accounts</h2>
        <span className="muted">{people.length === 1 ? "one person" : `${people.length} people`}</span>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Gets in by</th>
            <th scope="col" className="number">Sessions</th>
            <th scope="col">Last log-in</th>
            <th scope="col"><span className="visually-hidden">Act</span></th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <PersonRow key={person.id} person={person} isOwn={person.id === ownId} isOpen={opened === person.id} onOpen={() => setOpened(opened === person.id ? null : person.id)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function PersonRow({ person, isOwn, isOpen, onOpen }: { person: Person; isOwn: boolean; isOpen: boolean; onOpen: () => void }) {
  return (
    <>
      <tr>
        <th scope="row">
          {person.username} {isOwn && <span className="quiet">you</span>} {person.email && <div className="quiet breakable">{person.email}</div>}
        </th>
        <td data-label="Role">{person.role} {person.disabled && <Badge tone="warn">disabled</Badge>}</td>
        <td data-label="Gets in by">{waysOf(person)}</td>
        <td className="number" data-label="Sessions">{person.sessions}</td>
        <td data-label="Last log-in">{person.last_login_at ? <Time at={person.last_login_at} relative /> : <span className="muted">never</span>}</td>
        <td><Button aria-expanded={isOpen} aria-label={`Change ${person.username}`} onClick={onOpen}>Change</Button></td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={6}><PersonActs person={person} isOwn={isOwn} /></td>
        </tr>
      )}
    </>
  );
}

function waysOf(person: Person): string {
  const ways = [person.has_password && (person.has_second_factor ? "password and second factor" : "password"), person.has_single_sign_on && "single sign-on"];
  return ways.filter(Boolean).join(", ") || "nothing yet";
}

type Act = { kind: "change"; role?: Role; disabled?: boolean } | { kind: "sign-out" | "second-factor" | "reset" };

function PersonActs({ person, isOwn }: { person: Person; isOwn: boolean }) {
  const queries = useQueryClient();
  const path = { params: { path: { user_id: person.id } } };
  const act = useMutation({
    mutationFn: async (wanted: Act) => {
      if (wanted.kind === "change") {
        const { kind: _, ...body } = wanted;
        await unwrap(http.PATCH("/api/v1/people/{user_id}", { ...path, body }));
      } else if (wanted.kind === "sign-out") await unwrap(http.POST("/api/v1/people/{user_id}/sign-out", path));
      else if (wanted.kind === "second-factor") await unwrap(http.DELETE("/api/v1/people/{user_id}/second-factor", path));
      else return unwrap(http.POST("/api/v1/people/{user_id}/reset-link", path));
      return null;
    },
    onSuccess: () => void queries.invalidateQueries({ queryKey: peopleQuery.queryKey }),
  });
  const run = (wanted: Act) => act.mutate(wanted);
  return (
    <div className="people-acts">
      <label className="people-role">
        Role
        <select value={person.role} disabled={act.isPending} onChange={(event) => run({ kind: "change", role: event.target.value as Role })}>
          {ROLES.map((role) => <option key={role}>{role}</option>)}
        </select>
      </label>
      <Button disabled={act.isPending || person.disabled} onClick={() => run({ kind: "reset" })}>Link for a new password</Button>
      {person.has_second_factor && <Button disabled={act.isPending} onClick={() => run({ kind: "second-factor" })}>Take the second factor away</Button>}
      {person.sessions > 0 && <Button disabled={act.isPending} onClick={() => run({ kind: "sign-out" })}>Sign out everywhere</Button>}
      {!isOwn && (
        <Button disabled={act.isPending} onClick={() => run({ kind: "change", disabled: !person.disabled })}>{person.disabled ? "Let in again" : "Disable"}</Button>
      )}
      {asksForPassword(act.error) ? <StepUp onDone={() => act.variables && act.mutate(act.variables)} /> : <FailureLine error={act.error} />}
      {act.data && <LinkShown path={act.data.path} expiresAt={act.data.expires_at} what={`Give this link to ${person.username}.`} />}
    </div>
  );
}
