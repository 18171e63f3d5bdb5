// What opens below a button: the browser's own popover, which closes on Escape and outside clicks and needs no focus trap.
import "./popover.css";

import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface Props {
  label: string;
  /** Inside the button. */
  face: ReactNode;
  className?: string;
  /** Given whether it is open, so that nothing is asked for in vain; `close` for whatever in it leads away. */
  children: (close: () => void) => ReactNode;
  onOpen?: () => void;
  width?: number;
}

const MARGIN = 8;

export function Popover({ label, face, className = "bar-button", children, onOpen, width = 360 }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    const element = panel.current;
    if (!element) return undefined;
    const place = () => {
      if (!button.current) return;
      const face = button.current.getBoundingClientRect();
      const wide = Math.min(width, window.innerWidth - 2 * MARGIN);
      const left = Math.min(Math.max(MARGIN, face.right - wide), window.innerWidth - wide - MARGIN);
      const isLow = face.top > window.innerHeight / 2;
      Object.assign(element.style, {
        width: `${wide}px`,
        left: `${left}px`,
        top: isLow ? "auto" : `${face.bottom + 6}px`,
        bottom: isLow ? `${window.innerHeight - face.top + 6}px` : "auto",
      });
    };
    const toggled = (event: Event) => setOpen((event as ToggleEvent).newState === "open");
    element.addEventListener("beforetoggle", place);
    element.addEventListener("toggle", toggled);
    window.addEventListener("resize", place);
    return () => {
      element.removeEventListener("beforetoggle", place);
      element.removeEventListener("toggle", toggled);
      window.removeEventListener("resize", place);
    };
  }, [width]);

  useEffect(() => {
    if (isOpen) onOpen?.();
    // Only when it opens: what it does then must not depend on who renders it anew.
  }, [isOpen]);

  return (
    <>
      <button
        type="button"
        ref={button}
        className={className}
        popoverTarget={id}
        aria-label={label}
        aria-expanded={isOpen}
        title={label}
      >
        {face}
      </button>
      <div id={id} ref={panel} popover="auto" className="popover" role="dialog" aria-label={label}>
        {isOpen && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}
