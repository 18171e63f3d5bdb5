// Right-sizing on a workload's page.
import { useQuery } from "@tanstack/react-query";

import { sizesQuery } from "../api/queries";
import { FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { ContainerSizes } from "./ContainerSizes";

export function SizePanel({ workloadId }: { workloadId: number }) {
  const sizes = useQuery(sizesQuery(workloadId));
  return (
    <section className="panel" aria-labelledby="sizes-title">
      <div className="panel-head">
        <h2 id="sizes-title">Right size</h2>
        {sizes.data?.made_at && (
          <span className="muted">
            worked out <Time at={sizes.data.made_at} relative />
          </span>
        )}
      </div>
      <div className="panel-body">
        {sizes.isPending ? (
          <Skeleton height={120} label="Loading sizes" />
        ) : sizes.isError && !sizes.data ? (
          <FailureState error={sizes.error} retry={() => void sizes.refetch()} />
        ) : (
          <ContainerSizes sizes={sizes.data} />
        )}
      </div>
    </section>
  );
}
