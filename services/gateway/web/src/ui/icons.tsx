// The page's few pictures, drawn on one 16-pixel grid with one stroke. They never stand alone: a word or label is beside them.
const PATHS = {
  dashboard: "M2 2.5h5v6H2zM9 2.5h5v3.5H9zM9 8.5h5v5H9zM2 11h5v2.5H2z",
  overview: "M8 1.8 14 5v6l-6 3.2L2 11V5zM2 5l6 3.2L14 5M8 8.2v6",
  workloads: "M2.5 4h11M2.5 8h11M2.5 12h7",
  nodes: "M2.5 2.5h11v4.2h-11zM2.5 9.3h11v4.2h-11zM5 4.6h.01M5 11.4h.01",
  autoscaling: "M8 13.5v-11M4.8 5.2 8 2l3.2 3.2M4.8 10.8 8 14l3.2-3.2M2 8h2M12 8h2",
  sizes: "M2.5 13.5h11M4 13.5V9M8 13.5V2.5M12 13.5V6M2.5 5h3M10.5 3h3",
  capacity: "M2.5 13.5h11v-11M2.5 10 6 7.5 8.5 9l5-5.5M2.5 4.2h5",
  decisions: "M2 12.5 6 8l3 2.5L14 4M10 4h4v4",
  incidents: "M8 2.2 14.4 13.4H1.6zM8 6.4v3.4M8 11.6h.01",
  connection: "M5.5 2v3M10.5 2v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2.5",
  chat: "M2.5 3h11v7.5h-6L4.5 13v-2.5h-2zM5 5.8h6M5 8h3.5",
  clusters: "M5 2.5 7.5 4v3L5 8.5 2.5 7V4zM11 2.5 13.5 4v3L11 8.5 8.5 7V4zM8 8.2 10.5 9.7v3L8 14.2 5.5 12.7v-3z",
  approvals: "M2.5 2.5h11v11h-11zM5 8.2 7.2 10.4 11.2 5.8",
  audit: "M3.5 1.8h6.2l2.8 2.8v9.6h-9zM5.6 6.2h2.6M5.6 8.8h4.8M5.6 11.4h4.8",
  manifests: "M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3M5.8 8h4.4M5.8 11h4.4",
  jobs: "M8 2a6 6 0 1 1-6 6M8 4.6V8l2.4 1.6",
  system: "M2 8h2.6L6.4 3l3 10L11.2 8H14",
  models: "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  search: "M7 2.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2M10.4 10.4 14 14",
  bell: "M3.2 11.4h9.6c-1-1-1.4-2-1.4-4.4 0-2.4-1.4-4-3.4-4S4.6 4.6 4.6 7c0 2.4-.4 3.4-1.4 4.4zM6.8 13.6h2.4",
  user: "M8 2.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M2.8 13.8c.6-3 2.6-4.2 5.2-4.2s4.6 1.2 5.2 4.2",
  token: "M5.5 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8.5 8h5.5M12 8v2.5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  theme: "M13.4 9.8A5.8 5.8 0 0 1 6.2 2.6 5.8 5.8 0 1 0 13.4 9.8z",
  keyboard: "M1.8 4h12.4v8H1.8zM4.4 6.6h.01M8 6.6h.01M11.6 6.6h.01M5.2 9.6h5.6",
  leave: "M6.5 2.5h-4v11h4M6 8h8M11 5l3 3-3 3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
