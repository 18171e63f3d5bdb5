// Routes. Who is not logged in sees the door; the address they wanted is kept.
import { useQuery } from "@tanstack/react-query";
import { Navigate, Route, Routes, useLocation } from "react-router";

import { clustersQuery, sessionQuery } from "./api/queries";
import { LiveProvider } from "./live/live";
import { AddCluster } from "./pages/AddCluster";
import { Door } from "./pages/Door";
import { WorkloadPage } from "./pages/WorkloadPage";
import { Workloads } from "./pages/Workloads";
import { Shell } from "./shell/Shell";
import { EmptyState, FailureState, PageSkeleton } from "./ui/states";
import { ButtonLink } from "./ui/controls";

export function App() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  if (session.isPending) return <PageSkeleton />;
  if (session.isError) return <FailureState error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) {
    return (
      <Routes>
        <Route path="/login" element={<Door kind="login" />} />
        <Route path="/register" element={<Door kind="register" />} />
        <Route path="*" element={<Navigate to="/login" replace state={{ wanted: location.pathname + location.search }} />} />
      </Routes>
    );
  }
  const wanted = (location.state as { wanted?: string } | null)?.wanted ?? "/";
  return (
    <LiveProvider>
      <Routes>
        <Route element={<Shell session={session.data} />}>
          <Route index element={<Home />} />
          <Route path="/clusters/new" element={<AddCluster />} />
          <Route path="/clusters/:clusterId" element={<Workloads />} />
          <Route path="/clusters/:clusterId/workloads/:workloadId" element={<WorkloadPage />} />
          <Route path="/login" element={<Navigate to={wanted} replace />} />
          <Route path="/register" element={<Navigate to={wanted} replace />} />
          <Route
            path="*"
            element={
              <EmptyState title="There is no such page" next={<ButtonLink to="/">Go to your clusters</ButtonLink>}>
                The address may be old or mistyped.
              </EmptyState>
            }
          />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** Straight to the first cluster: with one, a list of clusters says nothing. */
function Home() {
  const clusters = useQuery(clustersQuery);
  if (clusters.isPending) return <PageSkeleton />;
  if (clusters.isError) return <FailureState error={clusters.error} retry={() => void clusters.refetch()} />;
  const first = clusters.data.items[0];
  if (first) return <Navigate to={`/clusters/${first.id}`} replace />;
  return (
    <EmptyState title="No clusters yet" next={<ButtonLink to="/clusters/new">Add a cluster</ButtonLink>}>
      Add one with its kubeconfig. AI4K8s starts by only observing: nothing is scaled until you say so, workload by workload.
    </EmptyState>
  );
}
