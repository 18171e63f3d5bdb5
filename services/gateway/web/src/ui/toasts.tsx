// Short news that pass: what was done, with a way back where there is one. Read out by screen readers.
import "./toasts.css";

import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { Button, type Tone } from "./controls";

export interface Toast {
  tone: Tone;
  text: string;
  act?: { name: string; run: () => void };
}

type Tell = (toast: Toast) => void;

const ToastContext = createContext<Tell>(() => undefined);
export const useToasts = (): Tell => use(ToastContext);

const STAYS_MS = 6_000;
const STAYS_WITH_ACT_MS = 15_000;
const MOST = 3;

export function Toasts({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<(Toast & { id: number })[]>([]);
  const next = useRef(0);
  const tell = useCallback<Tell>((toast) => {
    next.current += 1;
    const id = next.current;
    setShown((before) => [...before, { ...toast, id }].slice(-MOST));
  }, []);
  const drop = useCallback((id: number) => setShown((before) => before.filter((item) => item.id !== id)), []);
  return (
    <ToastContext value={tell}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((toast) => (
          <ToastLine key={toast.id} toast={toast} id={toast.id} drop={drop} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastLine({ toast, id, drop }: { toast: Toast; id: number; drop: (id: number) => void }) {
  const [isHeld, hold] = useState(false);
  const stays = toast.act ? STAYS_WITH_ACT_MS : STAYS_MS;
  const go = useMemo(() => () => drop(id), [drop, id]);
  useEffect(() => {
    if (isHeld) return undefined;
    const timer = setTimeout(go, stays);
    return () => clearTimeout(timer);
  }, [isHeld, go, stays]);
  return (
    <div
      className={`toast toast-${toast.tone}`}
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <span>{toast.text}</span>
      {toast.act && (
        <Button
          onClick={() => {
            toast.act?.run();
            go();
          }}
        >
          {toast.act.name}
        </Button>
      )}
      <Button onClick={go} aria-label="Dismiss">
        ✕
      </Button>
    </div>
  );
}
