// A question and its answer: words first, then the tool calls they rest on.
import { Button } from "../ui/controls";
import { Time } from "../ui/Time";
import { useHeard, type Step } from "./heard";
import type { Exchange } from "./queries";
import { StepCard } from "./StepCard";

const NAMES: Record<string, string> = { rules: "rules, without a model", gpt_oss: "local model", groq: "Groq", anthropic: "Anthropic" };

export function ExchangeView({ exchange, onAsk }: { exchange: Exchange; onAsk: (text: string) => void }) {
  const heard = useHeard(exchange.id);
  const answer = exchange.answer;
  const steps = answer ? (answer.steps as unknown as Step[]) : heard.steps.filter(Boolean);
  return (
    <article className="exchange">
      <h2 className="question">{exchange.text}</h2>
      <div className="answer" aria-live="polite" aria-busy={answer === null}>
        {answer ? (
          <p className={answer.success ? "answer-text" : "answer-text answer-failed"}>{answer.text}</p>
        ) : (
          <p className="answer-text">{heard.words || <span className="muted">{steps.length > 0 ? "Looking …" : "Waiting for its turn …"}</span>}</p>
        )}
        {answer && answer.choices.length > 0 && (
          <div className="chat-choices">
            {answer.choices.map((choice) => (
              <Button key={choice} className="button-small" onClick={() => onAsk(choice)}>
                {choice}
              </Button>
            ))}
          </div>
        )}
        {steps.map((step, index) => (
          <StepCard key={index} step={step} isOpen={steps.length === 1} />
        ))}
        {answer && (
          <p className="answer-foot muted">
            {NAMES[answer.method] ?? answer.method}
            {answer.model ? ` (${answer.model})` : ""}, {answer.seconds.toFixed(2)} s, <Time at={answer.answered_at} relative />
          </p>
        )}
      </div>
    </article>
  );
}
