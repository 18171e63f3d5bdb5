// Messages that failed on every attempt. They stay in the store until an administrator sends them again or forgets them.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type DeadLetter } from "../api/client";
import { deadLettersQuery, sessionQuery } from "../api/queries";
import { Button } from "../ui/controls";
import { FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";

export function DeadLetters({ count }: { count: number }) {
  const isAdmin = useQuery(sessionQuery).data?.user.role === "admin";
  return (
    <section className="panel" aria-labelledby="dead-title">
      <div className="panel-head">
        <h2 id="dead-title">Given up on</h2>
        <span className="muted">{count === 1 ? "a message" : `${count} messages`} that failed on every attempt</span>
      </div>
      {isAdmin ? (
        <Letters />
      ) : (
        <p className="panel-empty">
          They may hold other people's requests, so only administrators may look into them, send them again or discard them. Ask one.
        </p>
      )}
    </section>
  );
}

function Letters() {
  const letters = useQuery(deadLettersQuery);
  if (letters.isPending) return <Skeleton height={80} label="Loading messages that were given up on" />;
  if (letters.isError && !letters.data) return <FailureState error={letters.error} retry={() => void letters.refetch()} />;
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">Message</th>
          <th scope="col">Error</th>
          <th scope="col" className="number">
            Attempts
          </th>
          <th scope="col" className="number">
            When
          </th>
          <th scope="col">
            <span className="visually-hidden">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.data.items.map((letter) => (
          <tr key={`${letter.service} ${letter.id}`}>
            <th scope="row">
              {letter.contract} <span className="muted">in {letter.queue}</span>
            </th>
            <td className="breakable">{letter.error}</td>
            <td className="number" data-label="Attempts">
              {letter.attempts}
            </td>
            <td className="number" data-label="When">
              <Time at={letter.died_at} relative />
            </td>
            <td>
              <LetterActs letter={letter} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const VERDICTS = { retry: "sent again", discard: "discarded" } as const;

function LetterActs({ letter }: { letter: DeadLetter }) {
  const [isSure, setSure] = useState(false);
  const queries = useQueryClient();
  const params = { path: { service_name: letter.service, dead_letter_id: letter.id } };
  const decide = useMutation({
    mutationFn: (verdict: keyof typeof VERDICTS) =>
      verdict === "retry"
        ? unwrap(http.POST("/api/v1/system/dead-letters/{service_name}/{dead_letter_id}/retry", { params }))
        : unwrap(http.POST("/api/v1/system/dead-letters/{service_name}/{dead_letter_id}/discard", { params })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["system"] }),
  });
  if (letter.verdict) return <span className="muted">Is being {VERDICTS[letter.verdict]} …</span>;
  return (
    <span className="letter-acts">
      <FailureLine error={decide.error} />
      {isSure ? (
        <>
          <span>Its request is lost then.</span>
          <Button className="button-small" disabled={decide.isPending} onClick={() => decide.mutate("discard")}>
            Discard for good
          </Button>
          <Button className="button-small" onClick={() => setSure(false)}>
            Keep
          </Button>
        </>
      ) : (
        <>
          <Button className="button-small" disabled={decide.isPending} onClick={() => decide.mutate("retry")}>
            Send again
          </Button>
          <Button className="button-small" disabled={decide.isPending} onClick={() => setSure(true)}>
            Discard
          </Button>
        </>
      )}
    </span>
  );
}
