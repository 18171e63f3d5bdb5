// A native modal dialog: the browser keeps the focus inside, makes the rest inert, and closes it on Escape.
import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  className: string;
  labelledBy?: string;
  label?: string;
  onClose: () => void;
  children: (close: () => void) => ReactNode;
}

export function Dialog({ className, label, labelledBy, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      className={className}
      aria-label={label}
      aria-labelledby={labelledBy}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {children(close)}
    </dialog>
  );
}
