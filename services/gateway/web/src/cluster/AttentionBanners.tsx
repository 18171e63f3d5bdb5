// What must be known before the picture is trusted: since when, why, what to do, and that nothing is scaled meanwhile.
import "./attention.css";

import type { Schemas } from "../api/client";
import { Time } from "../ui/Time";

const CALM = new Set(["waiting", "paused", "not_started"]);

export function AttentionBanners({ attention }: { attention: Schemas["Attention"][] }) {
  if (attention.length === 0) return null;
  return (
    <div className="banners">
      {attention.map((item) => (
        <section key={item.kind} className={`banner ${CALM.has(item.kind) ? "banner-calm" : ""}`} role="status">
          <h2>
            <span aria-hidden="true">▲</span> {item.title}
            {item.since && (
              <>
                {" "}
                since <Time at={item.since} /> (<Time at={item.since} relative />)
              </>
            )}
            .{item.scaling_held && " Nothing is scaled meanwhile."}
          </h2>
          <p>
            {item.reason && <>Why: {item.reason}. </>}
            {item.action}
          </p>
        </section>
      ))}
    </div>
  );
}
