// Language models: who is asked for what, how they are, what they took. The keys are with the services that ask.
import { useQuery } from "@tanstack/react-query";

import { modelsQuery } from "../api/queries";
import { Spending } from "../models/Spending";
import { UsePanel } from "../models/UsePanel";
import { sentenceOf } from "../models/words";
import { FailureLine, FailureState, NotAvailable, RowsSkeleton } from "../ui/states";

export function Models() {
  const models = useQuery(modelsQuery);
  if (models.isPending) return <RowsSkeleton rows={8} label="Loading models" />;
  if (models.isError && !models.data) return <FailureState isPage error={models.error} retry={() => void models.refetch()} />;
  const { data } = models;
  const isConfigured = data.uses.some((use) => use.chain.some((provider) => provider.configured));
  return (
    <>
      <h1>Models</h1>
      <p className="sentence">{sentenceOf(data)}</p>
      <FailureLine error={models.error} />
      {!data.shared_state_known && <p className="muted">Redis does not answer, so what is known of providers cannot be shown.</p>}
      {!isConfigured && (
        <NotAvailable title="Try it with a small model on this machine" command="ai4k8s up --with-local-llm">
          It needs no account, and nothing leaves the machine. Better ones are a setting away: the address of any OpenAI-compatible
          server in GPT_OSS_API_BASE, or a key in GROQ_API_KEY or ANTHROPIC_API_KEY.
        </NotAvailable>
      )}
      {data.uses.map((use) => (
        <UsePanel key={use.use} use={use} mayTest={data.may_test} />
      ))}
      {(isConfigured || data.days.length > 0) && <Spending models={data} />}
    </>
  );
}
