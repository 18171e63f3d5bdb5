// What stays in sight on every page: where you are, where you can go, whether the picture is live, what runs, who you are.
import "./shell.css";

import { Suspense, useCallback, useMemo, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";

import type { Session } from "../api/client";
import { useClusterRoom } from "../live/live";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { PageSkeleton } from "../ui/states";
import { Toasts } from "../ui/toasts";
import { useLogOut } from "./account";
import { useCurrentCluster } from "./currentCluster";
import { useShortcuts, type Shortcut } from "./keys";
import { BottomBar, SideBar } from "./Navigation";
import { Announcer } from "./Announcer";
import { CommandPalette, type Command } from "./palette/CommandPalette";
import { CLUSTER, inCluster, INSTALLATION } from "./places";
import { Shortcuts } from "./Shortcuts";
import { setTheme, THEMES, useTheme } from "./theme";
import { TopBar } from "./TopBar";

/** A page hears of this many clusters at once; of others it learns by asking. */
const MOST_ROOMS = 30;

export function Shell({ session }: { session: Session }) {
  return (
    <Toasts>
      <Shortcuts>
        <Frame session={session} />
      </Shortcuts>
    </Toasts>
  );
}

function Frame({ session }: { session: Session }) {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const current = useCurrentCluster();
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  useTheme();
  usePlaceShortcuts(current.id, openPalette);
  const actions = useActions();
  const { pathname } = useLocation();
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <TopBar session={session} current={current} onSearch={openPalette} />
      <div className="frame">
        <SideBar clusterId={current.id} />
        <main id="main" className="page" tabIndex={-1}>
          <ErrorBoundary key={pathname}>
            <Suspense fallback={<PageSkeleton />}>
              <Outlet />
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      <BottomBar clusterId={current.id} />
      <Announcer />
      {current.all.slice(0, MOST_ROOMS).map((cluster) => (
        <ClusterRoom key={cluster.id} clusterId={cluster.id} />
      ))}
      {isPaletteOpen && <CommandPalette clusterId={current.id} actions={actions} onClose={() => setPaletteOpen(false)} />}
    </>
  );
}

function ClusterRoom({ clusterId }: { clusterId: string }) {
  useClusterRoom(clusterId);
  return null;
}

function usePlaceShortcuts(clusterId: string | null, openPalette: () => void): void {
  const navigate = useNavigate();
  const places = [...INSTALLATION, ...(clusterId ? CLUSTER.map((place) => inCluster(place, clusterId)) : [])];
  const shortcuts: Shortcut[] = [
    { keys: "Ctrl+k", name: "Search or command", group: "Everywhere", run: openPalette },
    { keys: "/", name: "Filter this list, or search", group: "Everywhere", run: () => focusFilter() || openPalette() },
    ...places.map((place) => ({
      keys: `g ${place.letter}`,
      name: place.name,
      group: "Go to",
      run: () => void navigate(place.path),
    })),
  ];
  useShortcuts(shortcuts);
}

function focusFilter(): boolean {
  const filter = document.querySelector<HTMLInputElement>("main input[type=search]");
  filter?.focus();
  return filter !== null;
}

function useActions(): Command[] {
  const navigate = useNavigate();
  const logOut = useLogOut();
  return useMemo(
    () => [
      {
        id: "add-cluster",
        name: "Add a cluster",
        hint: "do",
        icon: "plus" as const,
        run: () => void navigate("/clusters/new"),
      },
      ...THEMES.map(({ value, label }) => ({
        id: `theme-${value}`,
        name: `Theme: ${label.toLowerCase()}`,
        hint: "do",
        icon: "theme" as const,
        run: () => setTheme(value),
      })),
      { id: "log-out", name: "Log out", hint: "do", icon: "leave" as const, run: logOut },
    ],
    [navigate, logOut],
  );
}
