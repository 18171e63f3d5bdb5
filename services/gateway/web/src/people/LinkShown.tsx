// A link that was made just now: shown this once, to be given to one person.
import { Button } from "../ui/controls";
import { Time } from "../ui/Time";

export function LinkShown({ path, expiresAt, what }: { path: string; expiresAt: string; what: string }) {
  const address = `${window.location.origin}${path}`;
  return (
    <div className="people-link" role="status">
      <p>
        <strong>{what}</strong> It serves once, until <Time at={expiresAt} />, and is not shown again.
      </p>
      <pre className="command">
        <code>{address}</code>
      </pre>
      <Button onClick={() => void navigator.clipboard.writeText(address)}>Copy the link</Button>
    </div>
  );
}
