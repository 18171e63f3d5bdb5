// Recommended sizes with one click: how it happens is said before, and the way back stands in the toast's decision.
import { http, unwrap, type Schemas } from "../api/client";
import { useOrder } from "../autoscaling/useOrder";
import { Button } from "../ui/controls";
import { FailureLine, OnlyLooking } from "../ui/states";

type Wish = Schemas["ApplySizes"];
type Resource = Wish["resources"][number];

export function ApplySizes({ sizes }: { sizes: Schemas["WorkloadSizes"] }) {
  const how = sizes.apply;
  const order = useOrder((body: Wish) =>
    unwrap(http.POST("/api/v1/workloads/{workload_id}/recommendations/apply", { params: { path: { workload_id: sizes.workload_id } }, body })),
  );
  if (!how) return null;
  // The CPU of pods that an HPA measures against stays as it is.
  const resources: Resource[] = how.conflict ? ["memory"] : ["cpu", "memory"];
  const button = (rolls: boolean, label: string, weight: "primary" | "plain" = "plain") => (
    <Button weight={weight} disabled={!how.may_apply || order.isPending} onClick={() => order.mutate({ resources, rolls })}>
      {order.isPending && order.variables.rolls === rolls ? "On its way …" : label}
    </Button>
  );
  const what = how.conflict ? "memory" : "sizes";
  return (
    <div className="size-apply">
      <p>{how.text}</p>
      {how.conflict && <p className="muted">{how.conflict}</p>}
      <div className="size-patch-head">
        {how.in_place && button(false, `Apply ${what} in place`, "primary")}
        {button(true, `Apply ${what} and roll the pods`)}
      </div>
      {!how.may_apply && <OnlyLooking act="apply them" />}
      <FailureLine error={order.error} />
      <p className="muted">It becomes a decision of this workload; opening it offers the way back.</p>
    </div>
  );
}
