// What somebody has given so far of a way to connect a cluster, and what is sent of it. Pure, so that it can be tested.
import type { Schemas } from "../api/client";

export type Way = "kubeconfig" | "api" | "offered";
export type NewAccess = Schemas["NewAccess"];
export type Context = Schemas["ContextChoice"];

export interface BastionDraft {
  host: string;
  port: string;
  user: string;
  privateKey: string;
  passphrase: string;
  hostKey: string;
  fingerprint: string;
  confirmed: boolean;
}

export interface AccessDraft {
  way: Way;
  kubeconfig: string;
  context: string | null;
  server: string;
  caPem: string;
  token: string;
  tlsServerName: string;
  /** "file\ncontext", or "\n" for the cluster that AI4K8s runs in. */
  offer: string | null;
  bastion: BastionDraft | null;
}

export const NO_BASTION: BastionDraft = {
  host: "",
  port: "22",
  user: "",
  privateKey: "",
  passphrase: "",
  hostKey: "",
  fingerprint: "",
  confirmed: false,
};

export const EMPTY: AccessDraft = {
  way: "kubeconfig",
  kubeconfig: "",
  context: null,
  server: "",
  caPem: "",
  token: "",
  tlsServerName: "",
  offer: null,
  bastion: null,
};

export const offerKey = (offer: { file: string; context: string }): string => `${offer.file}\n${offer.context}`;

/** What is sent. Fields of other ways that were filled in before are left out. */
export function accessOf(draft: AccessDraft): NewAccess {
  const { bastion } = draft;
  const [file = "", context = ""] = draft.offer?.split("\n") ?? [];
  return {
    kubeconfig: draft.way === "kubeconfig" ? draft.kubeconfig : null,
    context: draft.way === "kubeconfig" ? draft.context : null,
    api:
      draft.way === "api"
        ? { server: draft.server, ca_pem: draft.caPem, token: draft.token, username: "", tls_server_name: draft.tlsServerName }
        : null,
    mounted: draft.way === "offered" && file ? { file, context } : null,
    in_cluster: draft.way === "offered" && draft.offer !== null && !file,
    bastion: bastion && {
      host: bastion.host.trim(),
      port: Number(bastion.port),
      user: bastion.user.trim(),
      private_key: bastion.privateKey,
      passphrase: bastion.passphrase || null,
      host_key: bastion.hostKey,
    },
  };
}

/** What is still missing, in the words of the form; nothing when it can be sent. */
export function missingFrom(draft: AccessDraft, chosen: Context | undefined): string {
  if (draft.way === "kubeconfig") {
    if (!draft.kubeconfig.trim()) return "Give a kubeconfig.";
    if (!chosen) return "Choose a context.";
    if (chosen.problem) return "This context cannot be used as it is.";
  }
  if (draft.way === "api" && (!draft.server.trim() || !draft.token.trim())) return "Give the address and the token.";
  if (draft.way === "offered" && draft.offer === null) return "Choose a cluster.";
  const { bastion } = draft;
  if (bastion && (!bastion.host.trim() || !bastion.user.trim() || !bastion.privateKey.trim())) return "Fill in the bastion.";
  if (bastion && !bastion.confirmed) return "Confirm the bastion's host key.";
  return "";
}

/** A name that may be stored, from a context's: "arn:aws:eks:…:cluster/Prod EU" becomes "prod-eu". */
export function nameFrom(context: string): string {
  const last = context.split(/[/@:]/).filter(Boolean).at(-1) ?? "";
  return last
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 63);
}

/** "env=prod, team=web" as it is typed, both ways. */
export function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(/[,\n]/).map((part) => part.trim()).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => {
    const [key = "", ...rest] = pair.split("=");
    return [key.trim(), rest.join("=").trim()];
  }));
}

export const labelText = (labels: Record<string, string>): string =>
  Object.entries(labels).map(([key, value]) => (value ? `${key}=${value}` : key)).join(", ");

export const namesOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
