import "./controls.css";

import type { ButtonHTMLAttributes, InputHTMLAttributes, ReactNode, TextareaHTMLAttributes } from "react";
import { useId } from "react";
import { Link, type LinkProps } from "react-router";

type Weight = "primary" | "plain";

export function Button({
  weight = "plain",
  className = "",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { weight?: Weight }) {
  return <button type="button" {...rest} className={`button button-${weight} ${className}`} />;
}

export function ButtonLink({ weight = "primary", ...rest }: LinkProps & { weight?: Weight }) {
  return <Link {...rest} className={`button button-${weight}`} />;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  unit?: string;
}

export function TextField({
  label,
  hint,
  error,
  unit,
  ...rest
}: FieldProps & Omit<InputHTMLAttributes<HTMLInputElement>, "id">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input id={id} aria-describedby={`${id}-hint`} aria-invalid={error ? true : undefined} {...rest} />
        {unit && <span className="field-unit">{unit}</span>}
      </div>
      <FieldNote id={id} hint={hint} error={error} />
    </div>
  );
}

export function TextArea({
  label,
  hint,
  error,
  ...rest
}: FieldProps & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} aria-describedby={`${id}-hint`} aria-invalid={error ? true : undefined} {...rest} />
      <FieldNote id={id} hint={hint} error={error} />
    </div>
  );
}

function FieldNote({ id, hint, error }: { id: string; hint: ReactNode; error: string | undefined }) {
  return (
    <div id={`${id}-hint`} className={error ? "field-error" : "field-hint"}>
      {error ? `✕ ${error}` : hint}
    </div>
  );
}

interface Choice<T extends string> {
  value: T;
  label: string;
}

/** One of a few, all in sight. */
export function Segmented<T extends string>({
  legend,
  choices,
  value,
  onChange,
  disabled = false,
}: {
  legend: string;
  choices: readonly Choice<T>[];
  value: T | null;
  onChange: (value: T) => void;
  disabled?: boolean;
}) {
  const name = useId();
  return (
    <fieldset className="segmented" disabled={disabled}>
      <legend className="visually-hidden">{legend}</legend>
      {choices.map((choice) => (
        <label key={choice.value} data-checked={choice.value === value || undefined}>
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  );
}

export type Tone = "good" | "warn" | "bad" | "info" | "forecast" | "neutral";

const SHAPES: Record<Tone, string> = { good: "●", warn: "▲", bad: "■", info: "◆", forecast: "◇", neutral: "○" };

/** A tone's shape alone, beside words that say the same. */
export function Shape({ tone }: { tone: Tone }) {
  return (
    <span className={`shape shape-${tone}`} aria-hidden="true">
      {SHAPES[tone]}
    </span>
  );
}

/** A word with a shape: never colour alone. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`badge tone-${tone}`}>
      <span aria-hidden="true">{SHAPES[tone]}</span> {children}
    </span>
  );
}
