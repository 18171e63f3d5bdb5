// What stays in sight on every page: where you are, whether the picture is live, and who you are.
import "./shell.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useMatch, useNavigate } from "react-router";

import { http, unwrap, type Session } from "../api/client";
import { clustersQuery, sessionQuery } from "../api/queries";
import { useLive, type LiveState } from "../live/live";
import { Badge, Button } from "../ui/controls";
import { useTheme, type Theme } from "./theme";

export function Shell({ session }: { session: Session }) {
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="bar">
        <Link to="/" className="brand" aria-label="AI4K8s, home">
          AI4K8s
        </Link>
        <ClusterSwitcher />
        <div className="bar-end">
          <Connection />
          <ThemeChoice />
          <Account session={session} />
        </div>
      </header>
      <main id="main" className="page" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

const NEW = "new";

function ClusterSwitcher() {
  const clusters = useQuery(clustersQuery);
  const current = useMatch("/clusters/:clusterId/*")?.params.clusterId ?? "";
  const navigate = useNavigate();
  const items = clusters.data?.items ?? [];
  return (
    <label className="pick">
      <span className="visually-hidden">Cluster</span>
      <select value={current} onChange={(event) => void navigate(`/clusters/${event.target.value}`)}>
        {!items.some((cluster) => cluster.id === current) && current !== NEW && (
          <option value={current}>Choose a cluster</option>
        )}
        {items.map((cluster) => (
          <option key={cluster.id} value={cluster.id}>
            {cluster.name}
            {cluster.attention.length > 0 ? " ▲" : ""}
          </option>
        ))}
        <option value={NEW}>Add a cluster …</option>
      </select>
    </label>
  );
}

const CONNECTION: Record<LiveState, [tone: "good" | "warn" | "neutral", word: string, meaning: string]> = {
  live: ["good", "live", "Changes show at once."],
  connecting: ["neutral", "connecting", "Connecting for live changes."],
  offline: ["warn", "not live", "The live connection is broken. It is tried again; until then the page asks every 15 s."],
};

function Connection() {
  const { state } = useLive();
  const [tone, word, meaning] = CONNECTION[state];
  return (
    <span role="status" title={meaning}>
      <Badge tone={tone}>{word}</Badge>
    </span>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useTheme();
  return (
    <label className="pick">
      <span className="visually-hidden">Theme</span>
      <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function Account({ session }: { session: Session }) {
  const queries = useQueryClient();
  const logOut = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/auth/logout")),
    onSettled: () => {
      queries.setQueryData(sessionQuery.queryKey, null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
  return (
    <span className="account">
      <span className="account-name" title={`${session.user.username}, ${session.user.role}`}>
        {session.user.username}
      </span>
      <Button onClick={() => logOut.mutate()} disabled={logOut.isPending}>
        Log out
      </Button>
    </span>
  );
}
