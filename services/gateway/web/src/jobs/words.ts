// How jobs are called.
const NAMES: Record<string, string> = {
  "collector.check_connection": "Connection check",
  "collector.read_host_key": "Bastion's host key",
  "advisor.check_models": "Test of the advisor's models",
  "chat.check_models": "Test of the chat's models",
  "rag.check_models": "Test of the models for manifests",
  "collector.backfill": "Reading the past",
  "chat.prepare_plan": "Plan",
  "chat.apply_plan": "Approved change",
  "chat.undo_plan": "Way back",
};

export function jobName(kind: string): string {
  const plain = kind.replace(/\.v\d+$/, "");
  const known = NAMES[plain];
  if (known) return known;
  const words = (plain.split(".").at(-1) ?? plain).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
