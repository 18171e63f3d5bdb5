// One workload's containers: the sentence, the numbers behind it, why something is held back, and the patch.
import "./sizing.css";

import type { Schemas } from "../api/client";
import { bytes } from "../format";
import { Badge } from "../ui/controls";
import { Time } from "../ui/Time";
import { SizePatch } from "./SizePatch";
import { cpu, FINDINGS, savedAndTaken } from "./words";

type Container = Schemas["ContainerSize"];
type Size = Schemas["ResourceSize"];

export function ContainerSizes({ sizes }: { sizes: Schemas["WorkloadSizes"] }) {
  const [saved, taken] = savedAndTaken(sizes.saving);
  return (
    <div className="sizes">
      {sizes.status !== "ready" && <p className="muted">{sizes.detail}</p>}
      {sizes.containers.map((container) => (
        <OneContainer key={container.container} container={container} />
      ))}
      {sizes.status === "ready" && (saved || taken) && (
        <p>
          {saved && (
            <>
              Saves <strong>{saved}</strong>
            </>
          )}
          {saved && taken && ", "}
          {taken && (
            <>
              {saved ? "takes" : "Takes"} <strong>{taken}</strong> more
            </>
          )}{" "}
          over {sizes.replicas} {sizes.replicas === 1 ? "pod" : "pods"}.
        </p>
      )}
      <SizePatch sizes={sizes} />
    </div>
  );
}

function OneContainer({ container }: { container: Container }) {
  return (
    <section aria-label={`Container ${container.container}`} className="size">
      <h3>
        {container.container} <Findings findings={container.findings} />
      </h3>
      <p>{container.sentence}</p>
      {container.status === "ready" && (
        <table className="rows size-table">
          <thead>
            <tr>
              <th scope="col">Resource</th>
              <th scope="col" className="number">Typical</th>
              <th scope="col" className="number">Busy</th>
              <th scope="col" className="number">Request</th>
              <th scope="col" className="number">Would fit</th>
              <th scope="col" className="number">Between</th>
              <th scope="col" className="number">Limit</th>
            </tr>
          </thead>
          <tbody>
            <Line name="CPU" size={container.cpu} words={cpu} />
            <Line name="Memory" size={container.memory} words={bytes} />
          </tbody>
        </table>
      )}
      {container.reasons.length > 0 && (
        <ul className="size-reasons">
          {container.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <p className="muted">
        {container.readings.toLocaleString("en")} readings over {Math.round(container.history_days * 10) / 10} days
        {container.per_pod ? "" : ", means over the pods: they were not watched one by one yet"}
        {container.killed_at && (
          <>
            , last killed for memory <Time at={container.killed_at} relative />
          </>
        )}
        .
      </p>
    </section>
  );
}

export function Findings({ findings }: { findings: Container["findings"] }) {
  return (
    <>
      {findings.map((finding) => {
        const [tone, word] = FINDINGS[finding];
        return (
          <Badge key={finding} tone={tone}>
            {word}
          </Badge>
        );
      })}
    </>
  );
}

function Line({ name, size, words }: { name: string; size: Size; words: (value: number) => string }) {
  const say = (value: number | null) => (value === null ? "–" : words(value));
  const changes = size.target !== null && size.target !== size.request;
  const limitChanges = size.limit_target !== null && size.limit_target !== size.limit;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="number" data-label="Typical">{say(size.typical)}</td>
      <td className="number" data-label="Busy">{say(size.busy)}</td>
      <td className="number" data-label="Request">{size.request === null ? "not set" : words(size.request)}</td>
      <td className="number" data-label="Would fit">{changes ? <strong>{say(size.target)}</strong> : "stays"}</td>
      <td className="number" data-label="Between">{`${say(size.lower)} and ${say(size.upper)}`}</td>
      <td className="number" data-label="Limit">
        {size.limit === null ? "none" : words(size.limit)}
        {limitChanges && (
          <>
            {" → "}
            <strong>{say(size.limit_target)}</strong>
          </>
        )}
      </td>
    </tr>
  );
}
