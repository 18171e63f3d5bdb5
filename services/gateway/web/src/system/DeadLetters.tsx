// Messages that failed on every attempt. Nothing is lost: they stay in the store until somebody decides.
import type { System } from "../api/client";
import { Time } from "../ui/Time";

type Letter = System["dead_letters"][number];

export function DeadLetters({ letters }: { letters: Letter[] }) {
  if (letters.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="dead-title">
      <div className="panel-head">
        <h2 id="dead-title">Given up on</h2>
        <span className="muted">messages that failed on every attempt</span>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Error</th>
            <th scope="col">Queue</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col" className="number">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter, index) => (
            <tr key={index}>
              <th scope="row">{letter.contract}</th>
              <td className="breakable">{letter.error}</td>
              <td data-label="Queue">{letter.queue}</td>
              <td className="number" data-label="Attempts">
                {letter.attempts}
              </td>
              <td className="number" data-label="When">
                <Time at={letter.died_at} relative />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
