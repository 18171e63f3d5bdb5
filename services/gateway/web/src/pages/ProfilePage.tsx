// Oneself: who one is, how one gets in, and where one is logged in.
import "../profile/profile.css";

import { useQuery } from "@tanstack/react-query";

import type { Session } from "../api/client";
import { waysQuery } from "../door/queries";
import { PasswordPanel } from "../profile/PasswordPanel";
import { profileQuery } from "../profile/queries";
import { SecondFactorPanel } from "../profile/SecondFactorPanel";
import { SessionsPanel } from "../profile/SessionsPanel";
import { SingleSignOnPanel } from "../profile/SingleSignOnPanel";
import { FailureState, RowsSkeleton } from "../ui/states";

export function ProfilePage({ session }: { session: Session }) {
  const profile = useQuery(profileQuery);
  const ways = useQuery(waysQuery).data;
  if (!profile.data) {
    return profile.isError ? <FailureState isPage error={profile.error} retry={() => void profile.refetch()} /> : <RowsSkeleton rows={8} label="Loading your profile" />;
  }
  const { data } = profile;
  return (
    <>
      <div className="page-head">
        <h1>Profile and security</h1>
        <span className="muted">
          {data.username} · {data.role} · {data.email ?? "no email address"}
        </span>
      </div>
      {session.needs_second_factor && (
        <p className="sentence">People of your role need a second factor here. Set one up to go on.</p>
      )}
      <SecondFactorPanel profile={data} isRequired={session.needs_second_factor} />
      <PasswordPanel profile={data} />
      {ways?.single_sign_on && <SingleSignOnPanel profile={data} label={ways.single_sign_on.label} />}
      <SessionsPanel />
    </>
  );
}
