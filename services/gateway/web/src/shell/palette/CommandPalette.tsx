// Ctrl-K: go to any page, cluster or workload, or do something, by a few letters. A combobox as ARIA describes it.
import "./palette.css";

import { useQueries, useQuery } from "@tanstack/react-query";
import { useId, useMemo, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";

import type { Workload } from "../../api/client";
import { clustersQuery, workloadsQuery } from "../../api/queries";
import { Dialog } from "../../ui/Dialog";
import { Icon, type IconName } from "../../ui/icons";
import { Keys } from "../../ui/Keys";
import { CLUSTER, inCluster, INSTALLATION } from "../places";
import { rank } from "./rank";

export interface Command {
  id: string;
  name: string;
  hint: string;
  icon: IconName;
  keys?: string;
  run: () => void;
}

const MOST_SHOWN = 12;
/** Workloads of more clusters than this are found through their cluster. */
const MOST_CLUSTERS = 8;

interface Props {
  clusterId: string | null;
  actions: Command[];
  onClose: () => void;
}

export function CommandPalette({ clusterId, actions, onClose }: Props) {
  const [typed, setTyped] = useState("");
  const [position, setPosition] = useState(0);
  const id = useId();
  const commands = useCommands(clusterId, actions);
  const shown = useMemo(
    () => rank(typed, commands, (command) => `${command.name} ${command.hint}`, MOST_SHOWN),
    [typed, commands],
  );
  const current = Math.min(position, shown.length - 1);

  const press = (event: KeyboardEvent, run: (command: Command | undefined) => void) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && shown.length > 0) {
      event.preventDefault();
      setPosition((current + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(shown[current]);
    }
  };

  return (
    <Dialog className="palette" label="Search or command" onClose={onClose}>
      {(close) => {
        const run = (command: Command | undefined) => {
          if (!command) return;
          close();
          command.run();
        };
        return (
          <div className="palette-inside">
            <div className="palette-input">
              <Icon name="search" />
              <input
                autoFocus
                role="combobox"
                aria-expanded="true"
                aria-controls={`${id}-list`}
                aria-activedescendant={shown[current] ? `${id}-${current}` : undefined}
                aria-label="Search or command"
                autoComplete="off"
                spellCheck={false}
                placeholder="A workload, a cluster, a page, or what to do"
                value={typed}
                onChange={(event) => {
                  setTyped(event.target.value);
                  setPosition(0);
                }}
                onKeyDown={(event) => press(event, run)}
              />
              <Keys keys="Esc" />
            </div>
            <ul className="palette-list" id={`${id}-list`} role="listbox" aria-label="Commands">
              {shown.map((command, index) => (
                <li
                  key={command.id}
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === current}
                  ref={(element) => {
                    if (index === current) element?.scrollIntoView({ block: "nearest" });
                  }}
                  onPointerMove={() => setPosition(index)}
                  onClick={() => run(command)}
                >
                  <Icon name={command.icon} />
                  <span className="palette-name">{command.name}</span>
                  <span className="palette-hint">{command.hint}</span>
                  {command.keys && <Keys keys={command.keys} />}
                </li>
              ))}
            </ul>
            {shown.length === 0 && (
              <p className="palette-empty" role="status">
                Nothing is called “{typed}”. Try a workload's name, a page, or “theme”.
              </p>
            )}
          </div>
        );
      }}
    </Dialog>
  );
}

function useCommands(clusterId: string | null, actions: Command[]): Command[] {
  const navigate = useNavigate();
  const clusters = useQuery(clustersQuery).data?.items;
  const near = useMemo(() => {
    const all = clusters ?? [];
    return [...all.filter((item) => item.id === clusterId), ...all.filter((item) => item.id !== clusterId)];
  }, [clusters, clusterId]);
  const workloads = useQueries({
    queries: near.slice(0, MOST_CLUSTERS).map((cluster) => workloadsQuery(cluster.id)),
    combine: allItems,
  });
  return useMemo(() => {
    const go = (path: string) => () => void navigate(path);
    const pages = [...(clusterId ? CLUSTER.map((place) => inCluster(place, clusterId)) : []), ...INSTALLATION];
    return [
      ...pages.map((place) => ({
        id: place.path,
        name: place.name,
        hint: "page",
        icon: place.icon,
        keys: `g ${place.letter}`,
        run: go(place.path),
      })),
      ...actions,
      ...near.map((cluster) => ({
        id: cluster.id,
        name: cluster.name,
        hint: "cluster",
        icon: "overview" as const,
        run: go(`/clusters/${cluster.id}`),
      })),
      ...workloads.map((item) => ({
        id: `workload-${item.id}`,
        name: `${item.namespace} / ${item.name}`,
        hint: near.length > 1 ? `workload in ${item.cluster_name}` : "workload",
        icon: "workloads" as const,
        run: go(`/clusters/${item.cluster_id}/workloads/${item.id}`),
      })),
    ];
  }, [navigate, clusterId, actions, near, workloads]);
}

// A function of its own: with the same one at every render the result keeps its identity.
const allItems = (queries: { data?: { items: Workload[] } | undefined }[]): Workload[] =>
  queries.flatMap((query) => query.data?.items ?? []);
