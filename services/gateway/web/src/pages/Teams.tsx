// Teams: whose clusters are whose, and who may do what in them.
import "../teams/teams.css";
import "../tokens/tokens.css";

import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { http, unwrap, type Schemas } from "../api/client";
import { sessionQuery } from "../api/queries";
import { Members } from "../teams/Members";
import { MEANING, teamQuery, teamsQuery, useTeamChange } from "../teams/queries";
import { Button, TextField } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, RowsSkeleton } from "../ui/states";

export function Teams() {
  const teams = useQuery(teamsQuery);
  const mayMake = useQuery(sessionQuery).data?.user.role !== "viewer";
  if (teams.isPending) return <RowsSkeleton rows={4} label="Loading teams" />;
  if (teams.isError && !teams.data) return <FailureState isPage error={teams.error} retry={() => void teams.refetch()} />;
  const { items } = teams.data;
  return (
    <>
      <h1>Teams</h1>
      <p className="sentence">
        {items.length === 1 ? "You work alone so far. Make a team to share clusters." : `You see ${items.length} teams. A cluster belongs to one; its members' roles say what they may do there.`}
      </p>
      <section className="panel" aria-label="Teams">
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Team</th>
              <th scope="col">You are</th>
              <th scope="col" className="number">
                Members
              </th>
              <th scope="col" className="number">
                Clusters
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((team) => (
              <tr key={team.id}>
                <th scope="row">
                  <Link to={`/teams/${team.id}`}>{team.name}</Link> {team.personal && <span className="quiet">somebody's own</span>}
                </th>
                <td data-label="You are" title={MEANING[team.role]}>
                  {team.role}
                </td>
                <td className="number" data-label="Members">
                  {team.members}
                </td>
                <td className="number" data-label="Clusters">
                  {team.clusters}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {mayMake ? <MakeTeam /> : <p className="panel-empty">You are a viewer of this installation, so you can be in teams and not make one.</p>}
      </section>
    </>
  );
}

function MakeTeam() {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const make = useTeamChange(async () => {
    const made = await unwrap(http.POST("/api/v1/teams", { body: { name: name.trim() } }));
    void navigate(`/teams/${made.team.id}`);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(undefined);
  };
  return (
    <form className="panel-body team-form" onSubmit={submit}>
      <TextField label="New team" required minLength={2} maxLength={60} placeholder="payments" value={name} onChange={(event) => setName(event.target.value)} />
      <Button type="submit" weight="primary" disabled={make.isPending || name.trim().length < 2}>
        Make it
      </Button>
      <FailureLine error={make.error} />
    </form>
  );
}

export function TeamPage() {
  const { teamId = "" } = useParams();
  const detail = useQuery(teamQuery(teamId));
  if (detail.isPending) return <RowsSkeleton rows={6} label="Loading the team" />;
  if (detail.isError && !detail.data) return <FailureState isPage error={detail.error} retry={() => void detail.refetch()} />;
  const { team, clusters } = detail.data;
  return (
    <>
      <h1>{team.name}</h1>
      <p className="sentence">
        You are {team.role} here: {MEANING[team.role]}.
      </p>
      <Members detail={detail.data} />
      <section className="panel" aria-labelledby="clusters-title">
        <div className="panel-head">
          <h2 id="clusters-title">Clusters</h2>
        </div>
        {clusters.length === 0 ? (
          <EmptyState title="None yet">Add one and choose this team, or give it one from a cluster's connection page.</EmptyState>
        ) : (
          <table className="rows">
            <tbody>
              {clusters.map((cluster) => (
                <tr key={cluster.id}>
                  <th scope="row">
                    <Link to={`/clusters/${cluster.id}`}>{cluster.name}</Link>
                  </th>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {!team.personal && <Leaving team={team} />}
    </>
  );
}

function Leaving({ team }: { team: Schemas["TeamView"] }) {
  const navigate = useNavigate();
  const path = { team_id: team.id };
  const back = () => void navigate("/teams");
  const leave = useTeamChange(() => unwrap(http.DELETE("/api/v1/teams/{team_id}/membership", { params: { path } })), back);
  const remove = useTeamChange(() => unwrap(http.DELETE("/api/v1/teams/{team_id}", { params: { path } })), back);
  return (
    <div className="team-acts">
      <Button onClick={() => leave.mutate(undefined)} disabled={leave.isPending}>
        Leave this team
      </Button>
      {team.may_manage && (
        <Button onClick={() => remove.mutate(undefined)} disabled={remove.isPending || team.clusters > 0}>
          Remove the team
        </Button>
      )}
      {team.may_manage && team.clusters > 0 && <span className="muted">It has clusters: give them to another team first.</span>}
      <FailureLine error={leave.error ?? remove.error} />
    </div>
  );
}
