// Whatever a record holds, told plainly: a service may record more than this page knows of.
import "./facts.css";

import { significant } from "../format";

export function Facts({ value, none }: { value: unknown; none: string }) {
  if (value == null || (Array.isArray(value) && value.length === 0)) return <p className="muted">{none}</p>;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) return <>{value.map(plain).join(", ")}</>;
    return (
      <ul className="facts-list">
        {value.map((item, index) => (
          <li key={index}>
            <Facts value={item} none="–" />
          </li>
        ))}
      </ul>
    );
  }
  if (typeof value === "object") {
    return (
      <dl className="facts">
        {Object.entries(value).map(([key, item]) => (
          <div key={key}>
            <dt>{key.replaceAll("_", " ")}</dt>
            <dd>{typeof item === "object" && item !== null ? <Facts value={item} none="–" /> : plain(item)}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return <>{plain(value)}</>;
}

function plain(value: unknown): string {
  if (typeof value === "number") return significant(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null || value === undefined || value === "") return "–";
  // Names of guards and the like, as words.
  return typeof value === "string" && /^[a-z]+(_[a-z]+)+$/.test(value) ? value.replaceAll("_", " ") : String(value);
}
