// Who is in a team, as what, and where the role is another one. Programs are members too, and act by tokens alone.
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { TokensOfAccount } from "../tokens/TokenPanels";
import { Badge, Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { Time } from "../ui/Time";
import { RoleSelect } from "./RoleSelect";
import { MEANING, useTeamChange, type Role } from "./queries";

type Detail = Schemas["TeamDetail"];
type Member = Schemas["Member"];

export function Members({ detail }: { detail: Detail }) {
  const people = detail.members.filter((member) => !member.is_service_account);
  const programs = detail.members.filter((member) => member.is_service_account);
  return (
    <>
      <section className="panel" aria-labelledby="members-title">
        <div className="panel-head">
          <h2 id="members-title">Members</h2>
          <span className="muted">A role holds in all clusters of the team. {detail.team.may_manage ? "" : "Its administrators change this."}</span>
        </div>
        <MemberTable detail={detail} members={people} />
        {detail.team.may_manage && <AddMember teamId={detail.team.id} />}
      </section>
      <section className="panel" aria-labelledby="programs-title">
        <div className="panel-head">
          <h2 id="programs-title">Service accounts</h2>
          <span className="muted">Programs that act for the team, each with a role and tokens of its own.</span>
        </div>
        {programs.length > 0 ? <MemberTable detail={detail} members={programs} /> : <p className="panel-empty">There is none. A pipeline that scales or reads should have one instead of somebody's own token.</p>}
        {detail.team.may_manage && <AddAccount teamId={detail.team.id} />}
      </section>
    </>
  );
}

function MemberTable({ detail, members }: { detail: Detail; members: Member[] }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Role</th>
          <th scope="col">Another role in</th>
          <th scope="col" className="number">
            Since
          </th>
          <th scope="col">
            <span className="visually-hidden">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {members.map((member) => (
          <MemberRow key={member.user_id} detail={detail} member={member} />
        ))}
      </tbody>
    </table>
  );
}

function MemberRow({ detail, member }: { detail: Detail; member: Member }) {
  const [isOpen, setOpen] = useState(false);
  const mayManage = detail.team.may_manage;
  const path = { team_id: detail.team.id, user_id: member.user_id };
  const set = useTeamChange((role: Role) => unwrap(http.PUT("/api/v1/teams/{team_id}/members/{user_id}", { params: { path }, body: { role } })));
  const remove = useTeamChange(() => unwrap(http.DELETE("/api/v1/teams/{team_id}/members/{user_id}", { params: { path } })));
  return (
    <>
      <tr>
        <th scope="row">
          {member.username} {member.disabled && <Badge tone="warn">disabled</Badge>}
        </th>
        <td data-label="Role">
          {mayManage ? (
            <RoleSelect label={`Role of ${member.username}`} value={member.role} disabled={set.isPending} onChange={(role) => role && set.mutate(role)} />
          ) : (
            <span title={MEANING[member.role]}>{member.role}</span>
          )}
        </td>
        <td data-label="Another role in">{member.places.length === 0 ? <span className="quiet">nowhere</span> : member.places.map((place) => `${place.cluster_name}${place.namespace ? `/${place.namespace}` : ""}: ${place.role}`).join(", ")}</td>
        <td className="number" data-label="Since">
          <Time at={member.since} relative />
        </td>
        <td>
          {mayManage && (
            <span className="team-acts">
              <Button className="button-small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
                {isOpen ? "Close" : "More"}
              </Button>
            </span>
          )}
          <FailureLine error={set.error} />
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={5}>
            <div className="team-more">
              {detail.clusters.length > 0 && <PlaceForm detail={detail} member={member} />}
              {member.is_service_account && <TokensOfAccount teamId={detail.team.id} accountId={member.user_id} />}
              <div className="team-acts">
                <Button className="button-small" disabled={remove.isPending} onClick={() => remove.mutate(undefined)}>
                  {member.is_service_account ? "Remove for good" : "Remove from the team"}
                </Button>
                <span className="muted">
                  {member.is_service_account ? "Its tokens end at once." : "They stop seeing the team's clusters within seconds."}
                </span>
              </div>
              <FailureLine error={remove.error} />
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

function PlaceForm({ detail, member }: { detail: Detail; member: Member }) {
  const [cluster, setCluster] = useState(detail.clusters[0]?.id ?? "");
  const [namespace, setNamespace] = useState("");
  const [role, setRole] = useState<Role | "">("");
  const path = { team_id: detail.team.id, user_id: member.user_id };
  const set = useTeamChange(() =>
    unwrap(http.PUT("/api/v1/teams/{team_id}/members/{user_id}/places", { params: { path }, body: { cluster_id: cluster, namespace: namespace.trim() || null, role: role || null } })),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(undefined);
  };
  return (
    <form className="team-form" onSubmit={submit}>
      <div className="field">
        <span>In the cluster</span>
        <select aria-label="Cluster" value={cluster} onChange={(event) => setCluster(event.target.value)}>
          {detail.clusters.map((item) => (
            <option key={item.id} value={item.id}>
              {item.name}
            </option>
          ))}
        </select>
      </div>
      <TextField label="Namespace" placeholder="all of it" maxLength={63} value={namespace} onChange={(event) => setNamespace(event.target.value)} />
      <div className="field">
        <span>{member.username} is</span>
        <RoleSelect label="Role there" none={`${member.role}, as in the team`} value={role} onChange={setRole} />
      </div>
      <Button type="submit" disabled={set.isPending || !cluster}>
        Set
      </Button>
      <FailureLine error={set.error} />
    </form>
  );
}

function AddMember({ teamId }: { teamId: string }) {
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const add = useTeamChange(
    () => unwrap(http.POST("/api/v1/teams/{team_id}/members", { params: { path: { team_id: teamId } }, body: { username: username.trim(), role } })),
    () => setUsername(""),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  return (
    <form className="panel-body team-form" onSubmit={submit}>
      <TextField label="Ask somebody in" placeholder="their username" required value={username} onChange={(event) => setUsername(event.target.value)} />
      <div className="field">
        <span>as</span>
        <RoleSelect label="Role of the new member" value={role} onChange={(next) => next && setRole(next)} />
      </div>
      <Button type="submit" weight="primary" disabled={add.isPending || !username.trim()}>
        Add
      </Button>
      <span className="muted">{MEANING[role]}</span>
      <FailureLine error={add.error} />
    </form>
  );
}

function AddAccount({ teamId }: { teamId: string }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const add = useTeamChange(
    () => unwrap(http.POST("/api/v1/teams/{team_id}/service-accounts", { params: { path: { team_id: teamId } }, body: { name: name.trim(), role } })),
    () => setName(""),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  return (
    <form className="panel-body team-form" onSubmit={submit}>
      <TextField label="New service account" placeholder="deploy-bot" required maxLength={40} value={name} onChange={(event) => setName(event.target.value)} />
      <div className="field">
        <span>as</span>
        <RoleSelect label="Role of the service account" value={role} onChange={(next) => next && setRole(next)} />
      </div>
      <Button type="submit" disabled={add.isPending || !name.trim()}>
        Make
      </Button>
      <FailureLine error={add.error} />
    </form>
  );
}
