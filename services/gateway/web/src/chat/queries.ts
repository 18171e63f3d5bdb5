// What the chat asks for.
import { queryOptions } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";

export type Conversation = Schemas["ConversationDetail"];
export type Exchange = Schemas["ExchangeView"];
export type Suggestion = Schemas["TextSuggestion"];

const WAITING_MS = 2_000;

export const conversationsQuery = (clusterId: string, search: string) =>
  queryOptions({
    queryKey: ["conversations", clusterId, search],
    queryFn: () =>
      unwrap(
        http.GET("/api/v1/clusters/{cluster_id}/conversations", {
          params: { path: { cluster_id: clusterId }, query: search ? { search } : {} },
        }),
      ),
    staleTime: 10_000,
  });

export const conversationQuery = (clusterId: string, conversationId: string) =>
  queryOptions({
    queryKey: ["conversation", clusterId, conversationId],
    queryFn: () =>
      unwrap(
        http.GET("/api/v1/clusters/{cluster_id}/conversations/{conversation_id}", {
          params: { path: { cluster_id: clusterId, conversation_id: conversationId } },
        }),
      ),
    // Events tell of an answer; this is the net below them.
    refetchInterval: (query) => (query.state.data?.exchanges.some((one) => one.answer === null) ? WAITING_MS : false),
  });

export const suggestionsQuery = (clusterId: string, text: string) =>
  queryOptions({
    queryKey: ["suggestions", clusterId, text],
    queryFn: () =>
      unwrap(http.GET("/api/v1/clusters/{cluster_id}/suggestions", { params: { path: { cluster_id: clusterId }, query: { text } } })),
    staleTime: 30_000,
  });
