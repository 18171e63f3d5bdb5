// What an answer says besides the manifests: questions first, then what was assumed, and what it rests on.
import { useState } from "react";

import { Badge, Button, TextField } from "../ui/controls";
import type { Written } from "./types";

export function Said({ written, onAnswer }: { written: Written; onAnswer: (words: string) => void }) {
  const [answers, setAnswers] = useState<Record<string, string>>({});
  const { questions, defaults, changes, notes, entries, refused, source } = written;
  return (
    <div className="manifest-said" aria-live="polite">
      {refused && <p role="alert">Refused: {refused}</p>}
      {questions.length > 0 && (
        <form
          className="manifest-ask"
          onSubmit={(event) => {
            event.preventDefault();
            onAnswer(questions.map((each) => phrase(each.field, answers[each.field] ?? "")).filter(Boolean).join(", "));
          }}
        >
          {questions.map((each) => (
            <TextField
              key={each.field + each.text}
              label={each.text}
              value={answers[each.field] ?? ""}
              onChange={(event) => setAnswers({ ...answers, [each.field]: event.target.value })}
            />
          ))}
          <div className="manifest-acts">
            <Button type="submit" weight="primary" disabled={!Object.values(answers).some((each) => each.trim())}>
              Answer and write
            </Button>
          </div>
        </form>
      )}
      {changes.length > 0 && <List title="Changed" items={changes} />}
      {defaults.length > 0 && <List title="Assumed, since nothing was said" items={defaults} />}
      {notes.length > 0 && <List title="How it was written" items={notes} />}
      {entries.length > 0 && (
        <details>
          <summary>
            Written by {source === "model" ? "a model, held to the check" : "rules"}; {entries.length} entries fit the request
          </summary>
          <ul>
            {entries.map((each) => (
              <li key={each.key}>
                {each.title} <span className="muted">{each.source}</span> {each.own && <Badge tone="info">your own</Badge>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function List({ title, items }: { title: string; items: string[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {items.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </section>
  );
}

/** An answer as words that a request may end with. */
export function phrase(field: string, answer: string): string {
  const words = answer.trim();
  if (!words) return "";
  const leads: Record<string, string> = { image: "image", name: "named", port: "port", host: "for host", service: "to service", class: "class", gateway: "through gateway", workload: "for deployment", schedule: "schedule" };
  return leads[field] ? `${leads[field]} ${words}` : words;
}
