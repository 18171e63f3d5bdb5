// Where one is logged in: device, address, when; any of them can be ended.
import { useQuery } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";
import { Badge, Button } from "../ui/controls";
import { FailureLine, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { deviceOf, ownSessionsQuery, useChange } from "./queries";

export function SessionsPanel() {
  const sessions = useQuery(ownSessionsQuery);
  const end = useChange((id: string) => unwrap(http.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id: id } } })));
  const endOthers = useChange(() => unwrap(http.DELETE("/api/v1/me/sessions")));
  if (!sessions.data) return sessions.isError ? <FailureLine error={sessions.error} /> : <RowsSkeleton rows={3} label="Loading your sessions" />;
  const { items } = sessions.data;
  return (
    <section className="panel" aria-labelledby="sessions-title">
      <div className="panel-head">
        <h2 id="sessions-title">Sessions</h2>
        <span className="muted">{items.length === 1 ? "you are logged in here alone" : `you are logged in ${items.length} times`}</span>
        {items.length > 1 && (
          <span className="panel-more">
            <Button disabled={endOthers.isPending} onClick={() => endOthers.mutate(undefined)}>End all others</Button>
          </span>
        )}
      </div>
      <FailureLine error={sessions.error ?? end.error ?? endOthers.error} />
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Address</th>
            <th scope="col">Begun</th>
            <th scope="col">Last used</th>
            <th scope="col"><span className="visually-hidden">Act</span></th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.id}>
              <th scope="row" title={item.user_agent}>
                {deviceOf(item.user_agent)} {item.method === "single_sign_on" && <span className="quiet">by single sign-on</span>}
              </th>
              <td data-label="Address">{item.client || "not known"}</td>
              <td data-label="Begun"><Time at={item.created_at} /></td>
              <td data-label="Last used"><Time at={item.last_seen_at} relative /></td>
              <td>
                {item.is_this ? (
                  <Badge tone="good">this one</Badge>
                ) : (
                  <Button disabled={end.isPending} aria-label={`End the session on ${deviceOf(item.user_agent)}`} onClick={() => end.mutate(item.id)}>End</Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
