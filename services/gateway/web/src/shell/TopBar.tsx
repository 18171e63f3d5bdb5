// The bar: brand, cluster, search, whether the picture is live, jobs, notifications, you.
import { Link, useNavigate } from "react-router";

import type { Session } from "../api/client";
import { useLive, type LiveState } from "../live/live";
import { Badge, Segmented, type Tone } from "../ui/controls";
import { Icon } from "../ui/icons";
import { Keys } from "../ui/Keys";
import { Popover } from "../ui/Popover";
import { useLogOut } from "./account";
import { NEW, type CurrentCluster } from "./currentCluster";
import { JobTray } from "./JobTray";
import { Notifications } from "./Notifications";
import { setTheme, THEMES, useTheme } from "./theme";

interface Props {
  session: Session;
  current: CurrentCluster;
  onSearch: () => void;
}

export function TopBar({ session, current, onSearch }: Props) {
  return (
    <header className="bar">
      <Link to="/" className="brand" aria-label="AI4K8s, dashboard">
        <span className="brand-mark" aria-hidden="true" />
        <span className="brand-name">AI4K8s</span>
      </Link>
      <ClusterSwitcher current={current} />
      <button type="button" className="bar-search" onClick={onSearch} title="Search or command (Ctrl K)">
        <Icon name="search" />
        <span>Search or command</span>
        <span className="bar-search-keys" aria-hidden="true">
          <Keys keys="Ctrl K" />
        </span>
      </button>
      <div className="bar-end">
        <Connection />
        <JobTray />
        <Notifications />
        <UserMenu session={session} />
      </div>
    </header>
  );
}

function ClusterSwitcher({ current }: { current: CurrentCluster }) {
  const navigate = useNavigate();
  if (current.isLoaded && current.all.length === 0) return null;
  return (
    <label className="pick">
      <span className="visually-hidden">Cluster</span>
      <select value={current.id ?? ""} onChange={(event) => void navigate(`/clusters/${event.target.value}`)}>
        {!current.id && <option value="">Choose a cluster</option>}
        {current.all.map((cluster) => (
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

const CONNECTION: Record<LiveState, [tone: Tone, word: string, meaning: string]> = {
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

function UserMenu({ session }: { session: Session }) {
  const theme = useTheme();
  const logOut = useLogOut();
  return (
    <Popover
      label="Account and theme"
      width={280}
      face={
        <span className="avatar" aria-hidden="true">
          {session.user.username.charAt(0).toUpperCase()}
        </span>
      }
    >
      {(close) => (
        <>
          <div className="menu-part">
            <p className="account">
              <strong>{session.user.username}</strong> <span className="muted">{session.user.role}</span>
            </p>
            <Segmented legend="Theme" choices={THEMES} value={theme} onChange={setTheme} />
          </div>
          <div className="menu">
            <Link to="/profile" className="menu-item" onClick={close}>
              <Icon name="user" /> Profile and security
            </Link>
            <button type="button" className="menu-item" onClick={logOut}>
              <Icon name="leave" /> Log out
            </button>
          </div>
        </>
      )}
    </Popover>
  );
}
