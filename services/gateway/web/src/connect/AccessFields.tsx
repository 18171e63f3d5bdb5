// The ways to connect a cluster, and the fields of the chosen one. Used to add a cluster and to replace its credential.
import "./connect.css";

import { useQuery } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";
import { TextArea, TextField } from "../ui/controls";
import { FailureLine, sentence, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { BastionFields } from "./BastionFields";
import { AccountCommands } from "./Commands";
import { NO_BASTION, offerKey, type AccessDraft, type Way } from "./draft";
import { Kubeconfig, type Contexts } from "./Kubeconfig";

interface Props {
  draft: AccessDraft;
  edit: (change: Partial<AccessDraft>) => void;
  contexts: Contexts;
  isAdmin: boolean;
  wrong: (field: string) => string | undefined;
}

const WAYS: { value: Way; name: string; says: string }[] = [
  { value: "kubeconfig", name: "Kubeconfig", says: "The file that kubectl uses." },
  { value: "api", name: "Address and token", says: "A service account's token, typed in." },
  { value: "offered", name: "Held by this installation", says: "The cluster AI4K8s runs in, or a file of the operator's." },
];

export function AccessFields({ draft, edit, contexts, isAdmin, wrong }: Props) {
  const ways = WAYS.filter((way) => way.value !== "offered" || isAdmin);
  return (
    <>
      <fieldset className="ways">
        <legend className="visually-hidden">Way to connect</legend>
        {ways.map((way) => (
          <label key={way.value} className="way" data-checked={draft.way === way.value || undefined}>
            <input type="radio" name="way" checked={draft.way === way.value} onChange={() => edit({ way: way.value })} />
            <span className="choice-name">{way.name}</span>
            <span className="muted">{way.says}</span>
          </label>
        ))}
      </fieldset>
      {draft.way === "kubeconfig" && <Kubeconfig draft={draft} edit={edit} contexts={contexts} />}
      {draft.way === "api" && <ApiFields draft={draft} edit={edit} wrong={wrong} />}
      {draft.way === "offered" && <Offers draft={draft} edit={edit} />}
      <label className="check-line">
        <input
          type="checkbox"
          checked={draft.bastion !== null}
          onChange={(event) => edit({ bastion: event.target.checked ? NO_BASTION : null })}
        />
        <span>
          Reach it through an SSH bastion <span className="muted">when this server does not see the cluster directly</span>
        </span>
      </label>
      {draft.bastion && (
        <BastionFields
          bastion={draft.bastion}
          edit={(change) => edit({ bastion: { ...(draft.bastion ?? NO_BASTION), ...change } })}
        />
      )}
    </>
  );
}

function ApiFields({ draft, edit, wrong }: Pick<Props, "draft" | "edit" | "wrong">) {
  return (
    <>
      <TextField
        label="Address of the API server"
        type="url"
        required
        placeholder="https://203.0.113.10:6443"
        hint="kubectl cluster-info prints it as the control plane's."
        value={draft.server}
        error={wrong("api.server")}
        onChange={(event) => edit({ server: event.target.value })}
      />
      <TextArea
        label="Token"
        className="short"
        required
        spellCheck={false}
        autoComplete="off"
        hint="Of a service account. It is sealed on arrival: this server cannot read it back, and never shows it."
        value={draft.token}
        error={wrong("api.token")}
        onChange={(event) => edit({ token: event.target.value })}
      />
      <TextArea
        label="CA certificate (optional)"
        className="short"
        spellCheck={false}
        placeholder="-----BEGIN CERTIFICATE-----"
        hint="Clusters usually have one of their own. Without it the server's certificate must be one that is trusted anyway."
        value={draft.caPem}
        error={wrong("api.ca_pem")}
        onChange={(event) => edit({ caPem: event.target.value })}
      />
      <details className="account-help">
        <summary>Where do these come from? Make a service account</summary>
        <AccountCommands pasteWhere="It prints a kubeconfig: choose 'Kubeconfig' above and paste it there; or take address, token and CA from it." />
      </details>
    </>
  );
}

function Offers({ draft, edit }: Pick<Props, "draft" | "edit">) {
  const offers = useQuery({ queryKey: ["offers"], queryFn: () => unwrap(http.GET("/api/v1/clusters/offers")), refetchInterval: 10_000 });
  if (offers.isPending) return <Skeleton height={80} label="Loading what is offered" />;
  if (offers.isError) return <FailureLine error={offers.error} />;
  const { items, looked_at: lookedAt } = offers.data;
  if (!lookedAt) return <p className="muted">The collector has not looked yet; it does twice a minute.</p>;
  return (
    <fieldset className="choices">
      <legend>
        Seen by the collector <Time at={lookedAt} relative />
      </legend>
      {items.map((offer) => (
        <OfferChoice key={offerKey(offer)} offer={offer} isChosen={draft.offer === offerKey(offer)} choose={() => edit({ offer: offerKey(offer) })} />
      ))}
      {!items.some((offer) => offer.file) && (
        <p className="muted">
          No kubeconfigs of the operator's: AI4K8S_KUBECONFIG_DIRECTORY (in the chart: kubeconfigs.existingSecret) names a directory of them.
        </p>
      )}
    </fieldset>
  );
}

function OfferChoice({ offer, isChosen, choose }: { offer: Schemas["OfferView"]; isChosen: boolean; choose: () => void }) {
  return (
    <label className="choice" data-checked={isChosen || undefined}>
      <input type="radio" name="offer" checked={isChosen} disabled={offer.problem !== ""} onChange={choose} />
      <span className="choice-name">{offer.file ? `${offer.file}${offer.context ? `, context ${offer.context}` : ""}` : "The cluster AI4K8s runs in"}</span>
      <span className="muted breakable">{offer.problem ? `Not available: ${sentence(offer.problem)}` : offer.server}</span>
    </label>
  );
}
