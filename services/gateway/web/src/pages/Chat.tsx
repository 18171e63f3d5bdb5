// Conversations about a cluster: ask in English or type kubectl lines; answers rest on tool calls that are shown.
import "../chat/chat.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useNavigate, useParams } from "react-router";

import { http, unwrap } from "../api/client";
import { Composer } from "../chat/Composer";
import { ExchangeView } from "../chat/ExchangeView";
import { conversationQuery, suggestionsQuery } from "../chat/queries";
import { Sidebar } from "../chat/Sidebar";
import { Button } from "../ui/controls";
import { FailureLine, FailureState, Skeleton } from "../ui/states";
import { useCluster } from "./ClusterLayout";

export function Chat() {
  const cluster = useCluster();
  const { conversationId = null } = useParams();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const ask = useMutation({
    mutationFn: async (text: string) => {
      const id = conversationId ?? (await begin(cluster.id));
      await unwrap(
        http.POST("/api/v1/clusters/{cluster_id}/conversations/{conversation_id}/messages", {
          params: { path: { cluster_id: cluster.id, conversation_id: id } },
          body: { text },
        }),
      );
      return id;
    },
    onSuccess: async (id) => {
      if (id !== conversationId) await navigate(`/clusters/${cluster.id}/chat/${id}`);
      await Promise.all([["conversation"], ["conversations"], ["jobs"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
  });
  return (
    <div className="chat">
      <Sidebar clusterId={cluster.id} current={conversationId} />
      <section className="talk" aria-label="Conversation">
        {conversationId ? (
          <Exchanges clusterId={cluster.id} conversationId={conversationId} onAsk={(text) => ask.mutate(text)} />
        ) : (
          <Beginning clusterId={cluster.id} name={cluster.name} onAsk={(text) => ask.mutate(text)} />
        )}
        <FailureLine error={ask.error} />
        <Composer clusterId={cluster.id} isBusy={ask.isPending} onAsk={(text) => ask.mutate(text)} />
      </section>
    </div>
  );
}

async function begin(clusterId: string): Promise<string> {
  const begun = await unwrap(http.POST("/api/v1/clusters/{cluster_id}/conversations", { params: { path: { cluster_id: clusterId } }, body: {} }));
  return begun.id;
}

function Beginning({ clusterId, name, onAsk }: { clusterId: string; name: string; onAsk: (text: string) => void }) {
  const starters = useQuery(suggestionsQuery(clusterId, ""));
  return (
    <div className="talk">
      <p className="sentence">What do you want to know about {name}?</p>
      <p className="muted">
        Ask in English or type a kubectl line. Answers show the tool calls they rest on; a change becomes a plan that you approve first.
      </p>
      <div className="starters">
        {starters.data?.items.map((one) => (
          <Button key={one.text} onClick={() => onAsk(one.text)}>
            {one.label}
          </Button>
        ))}
      </div>
    </div>
  );
}

function Exchanges({ clusterId, conversationId, onAsk }: { clusterId: string; conversationId: string; onAsk: (text: string) => void }) {
  const talk = useQuery(conversationQuery(clusterId, conversationId));
  const end = useRef<HTMLDivElement>(null);
  const count = talk.data?.exchanges.length ?? 0;
  useEffect(() => {
    // Newer browsers return a promise here, which is no way to clean up.
    void end.current?.scrollIntoView({ block: "end" });
  }, [count]);
  if (talk.isError && !talk.data) return <FailureState error={talk.error} retry={() => void talk.refetch()} />;
  if (!talk.data) return <Skeleton height={320} label="Loading the conversation" />;
  return (
    <>
      {talk.data.exchanges.map((exchange) => (
        <ExchangeView key={exchange.id} exchange={exchange} onAsk={onAsk} />
      ))}
      <div ref={end} />
    </>
  );
}
