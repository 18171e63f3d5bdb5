// One click stops every change of ours; another lets them go on. What is frozen is said wherever it matters.
import type { Schemas } from "../api/client";
import { http, unwrap } from "../api/client";
import { Badge, Button } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { useWish } from "./useOrder";

type Freeze = Schemas["FreezeView"];

interface Props {
  /** What the switch is for, as the API takes it; nothing: everything. */
  scope: { workload_id?: number; cluster_id?: string };
  /** How it is called: "web", "this cluster". */
  name: string;
  freezes: Freeze[];
  mayChange: boolean;
}

export function FreezeSwitch({ scope, name, freezes, mayChange }: Props) {
  const tell = useToasts();
  const thaw = useWish((id: string) => unwrap(http.DELETE("/api/v1/freezes/{freeze_id}", { params: { path: { freeze_id: id } } })));
  const freeze = useWish(async () => {
    const made = await unwrap(http.POST("/api/v1/freezes", { body: { ...scope, reason: "one click" } }));
    tell({ tone: "warn", text: `${name} is frozen: nothing is changed.`, act: { name: "Undo", run: () => thaw.mutate(made.id) } });
  });
  const own = freezes.find((item) => isOwn(item, scope));
  return (
    <span className="freeze">
      {own ? (
        <Button className="button-small" disabled={!own.may_lift || thaw.isPending} onClick={() => thaw.mutate(own.id)}>
          Lift the freeze
        </Button>
      ) : (
        mayChange && (
          <Button
            className="button-small"
            disabled={freeze.isPending}
            onClick={() => freeze.mutate(undefined)}
            title={`Change nothing of ${name} until the freeze is lifted`}
          >
            Freeze {name}
          </Button>
        )
      )}
      <FailureLine error={freeze.error ?? thaw.error} />
    </span>
  );
}

function isOwn(freeze: Freeze, scope: Props["scope"]): boolean {
  if (scope.workload_id !== undefined) return freeze.scope === "workload";
  return scope.cluster_id !== undefined ? freeze.scope === "cluster" : freeze.scope === "everything";
}

export function FrozenBanner({ freezes }: { freezes: Freeze[] }) {
  if (freezes.length === 0) return null;
  return (
    <div className="banners">
      {freezes.map((freeze) => (
        <section key={freeze.id} className="banner" role="status">
          <h2>
            <span aria-hidden="true">▲</span> Frozen: nothing is changed in {scopeName(freeze)}.
          </h2>
          <p>
            {freeze.reason ? `Why: ${freeze.reason}. ` : ""}
            {freeze.may_lift ? "Lift the freeze to go on." : "An operator or an administrator of the team can lift it."}
          </p>
        </section>
      ))}
    </div>
  );
}

export function scopeName(freeze: Freeze): string {
  if (freeze.scope === "everything") return "any cluster";
  if (freeze.scope === "cluster") return freeze.cluster_name ?? "this cluster";
  return freeze.scope === "namespace" ? `namespace ${freeze.namespace}` : `${freeze.namespace}/${freeze.name}`;
}

export function FrozenBadge({ freezes }: { freezes: Freeze[] }) {
  return freezes.length > 0 ? <Badge tone="warn">frozen</Badge> : null;
}
