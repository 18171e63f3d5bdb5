// People with an account here, for administrators.
import "../people/people.css";

import { useQuery } from "@tanstack/react-query";

import type { Session } from "../api/client";
import { InvitePanel } from "../people/InvitePanel";
import { PeopleTable } from "../people/PeopleTable";
import { peopleQuery } from "../people/queries";
import { FailureState, NotPermitted, RowsSkeleton } from "../ui/states";

export function People({ session }: { session: Session }) {
  if (session.user.role !== "admin") {
    return <NotPermitted isPage title="People">Only administrators look after accounts. Ask one of them.</NotPermitted>;
  }
  return <Everybody ownId={session.user.id} />;
}

function Everybody({ ownId }: { ownId: string }) {
  const people = useQuery(peopleQuery);
  if (!people.data) {
    return people.isError ? <FailureState isPage error={people.error} retry={() => void people.refetch()} /> : <RowsSkeleton rows={8} label="Loading people" />;
  }
  const { items } = people.data;
  const without = items.filter((item) => item.role === "admin" && !item.disabled && item.has_password && !item.has_second_factor).length;
  return (
    <>
      <div className="page-head">
        <h1>People</h1>
      </div>
      <p className="sentence">
        {items.length === 1 ? "One account" : `${items.length} accounts`}, {items.filter((item) => item.sessions > 0).length} logged in.
        {without > 0 && ` ${without === 1 ? "One administrator has" : `${without} administrators have`} no second factor.`}
      </p>
      <PeopleTable people={items} ownId={ownId} />
      <InvitePanel />
    </>
  );
}
