// Every page of the shell: where it is, what it is called, and the letter that leads to it. Navigation, palette, keyboard
// and the list of shortcuts all read from here.
import type { IconName } from "../ui/icons";

export interface Place {
  path: string;
  name: string;
  letter: string;
  icon: IconName;
  /** For others there is nothing to do there. */
  administrators?: true;
}

export const INSTALLATION: readonly Place[] = [
  { path: "/", name: "Dashboard", letter: "d", icon: "dashboard" },
  { path: "/clusters", name: "Clusters", letter: "c", icon: "clusters" },
  { path: "/approvals", name: "Approvals", letter: "y", icon: "approvals" },
  { path: "/jobs", name: "Jobs", letter: "j", icon: "jobs" },
  { path: "/models", name: "Models", letter: "l", icon: "models" },
  { path: "/teams", name: "Teams", letter: "m", icon: "user" },
  { path: "/tokens", name: "Tokens", letter: "k", icon: "token" },
  { path: "/audit", name: "Audit", letter: "u", icon: "audit" },
  { path: "/people", name: "People", letter: "p", icon: "user", administrators: true },
  { path: "/system", name: "System", letter: "s", icon: "system" },
];

export const installationFor = (isAdministrator: boolean): readonly Place[] =>
  INSTALLATION.filter((place) => isAdministrator || !place.administrators);

/** Of one cluster: the path is below /clusters/ID. */
export const CLUSTER: readonly Place[] = [
  { path: "", name: "Overview", letter: "o", icon: "overview" },
  { path: "/recommendations", name: "Worth doing", letter: "b", icon: "check" },
  { path: "/workloads", name: "Workloads", letter: "w", icon: "workloads" },
  { path: "/autoscaling", name: "Autoscaling", letter: "a", icon: "autoscaling" },
  { path: "/nodes", name: "Nodes", letter: "n", icon: "nodes" },
  { path: "/sizes", name: "Right size", letter: "r", icon: "sizes" },
  { path: "/capacity", name: "Capacity", letter: "c", icon: "capacity" },
  { path: "/events", name: "Events", letter: "v", icon: "bell" },
  { path: "/incidents", name: "Incidents", letter: "i", icon: "incidents" },
  { path: "/chat", name: "Chat", letter: "h", icon: "chat" },
  { path: "/manifests", name: "Manifests", letter: "m", icon: "manifests" },
  { path: "/decisions", name: "Decisions", letter: "e", icon: "decisions" },
  { path: "/connection", name: "Connection", letter: "t", icon: "connection" },
];

export const inCluster = (place: Place, clusterId: string): Place => ({
  ...place,
  path: `/clusters/${clusterId}${place.path}`,
});
