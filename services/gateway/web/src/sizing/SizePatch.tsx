// The patch: as a command to run and as YAML to paste, each with one button that copies it.
import { useState } from "react";

import type { Schemas } from "../api/client";
import { Button, Segmented } from "../ui/controls";
import { useToasts } from "../ui/toasts";
import { ApplySizes } from "./ApplySizes";

const FORMS = [
  { value: "command", label: "kubectl" },
  { value: "yaml", label: "YAML" },
] as const;

export function SizePatch({ sizes }: { sizes: Schemas["WorkloadSizes"] }) {
  const [form, setForm] = useState<"command" | "yaml">("command");
  const tell = useToasts();
  if (!sizes.patch) return sizes.patch_detail ? <p className="muted">{sizes.patch_detail}</p> : null;
  const { command, yaml, hpa_command: hpa } = sizes.patch;
  const text = form === "yaml" ? yaml : hpa ? `${command}\n${hpa}` : command;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => tell({ tone: "good", text: "Copied. Applying it restarts the pods one by one." }),
      () => tell({ tone: "bad", text: "The browser does not let this page copy. Select the text instead." }),
    );
  return (
    <div className="size-patch">
      <ApplySizes sizes={sizes} />
      <div className="size-patch-head">
        <Segmented legend="Form of the patch" choices={FORMS} value={form} onChange={setForm} />
        <Button onClick={() => void copy()}>Copy</Button>
      </div>
      <pre className="command" tabIndex={0} aria-label="Patch">
        <code>{text}</code>
      </pre>
      {hpa && <p className="muted">Run both: the HPA measures against the request, so its target moves with it.</p>}
      <p className="muted">By hand: this restarts the pods as a roll-out does. To undo: kubectl rollout undo.</p>
    </div>
  );
}
