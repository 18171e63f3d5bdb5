// Routes. Who is not logged in sees what this is, or the door; the address they wanted is kept.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";

import { sessionQuery } from "./api/queries";
import { LiveProvider } from "./live/live";
import { Dashboard } from "./pages/Dashboard";
import { Shell } from "./shell/Shell";
import { useTheme } from "./shell/theme";
import { ButtonLink } from "./ui/controls";
import { EmptyState, FailureState, PageSkeleton } from "./ui/states";

// Each page is a file of its own: a first visit loads the shell and what it shows.
const AddCluster = lazy(async () => ({ default: (await import("./pages/AddCluster")).AddCluster }));
const Approvals = lazy(async () => ({ default: (await import("./pages/Approvals")).Approvals }));
const Audit = lazy(async () => ({ default: (await import("./pages/Audit")).Audit }));
const Autoscaling = lazy(async () => ({ default: (await import("./pages/Autoscaling")).Autoscaling }));
const Chat = lazy(async () => ({ default: (await import("./pages/Chat")).Chat }));
const Clusters = lazy(async () => ({ default: (await import("./pages/Clusters")).Clusters }));
const ConnectionPage = lazy(async () => ({ default: (await import("./pages/Connection")).ConnectionPage }));
const Capacity = lazy(async () => ({ default: (await import("./pages/Capacity")).Capacity }));
const ClusterLayout = lazy(async () => ({ default: (await import("./pages/ClusterLayout")).ClusterLayout }));
const ClusterOverview = lazy(async () => ({ default: (await import("./pages/ClusterOverview")).ClusterOverview }));
const Decisions = lazy(async () => ({ default: (await import("./pages/Decisions")).Decisions }));
const Door = lazy(async () => ({ default: (await import("./pages/Door")).Door }));
const Events = lazy(async () => ({ default: (await import("./pages/Events")).Events }));
const Incidents = lazy(async () => ({ default: (await import("./pages/Incidents")).Incidents }));
const Jobs = lazy(async () => ({ default: (await import("./pages/Jobs")).Jobs }));
const ForgotPassword = lazy(async () => ({ default: (await import("./pages/ResetPassword")).ForgotPassword }));
const Landing = lazy(async () => ({ default: (await import("./pages/Landing")).Landing }));
const Nodes = lazy(async () => ({ default: (await import("./pages/Nodes")).Nodes }));
const People = lazy(async () => ({ default: (await import("./pages/People")).People }));
const ProfilePage = lazy(async () => ({ default: (await import("./pages/ProfilePage")).ProfilePage }));
const Recommendations = lazy(async () => ({ default: (await import("./pages/Recommendations")).Recommendations }));
const Manifests = lazy(async () => ({ default: (await import("./pages/Manifests")).Manifests }));
const Models = lazy(async () => ({ default: (await import("./pages/Models")).Models }));
const ResetPassword = lazy(async () => ({ default: (await import("./pages/ResetPassword")).ResetPassword }));
const System = lazy(async () => ({ default: (await import("./pages/System")).System }));
const TeamPage = lazy(async () => ({ default: (await import("./pages/Teams")).TeamPage }));
const Teams = lazy(async () => ({ default: (await import("./pages/Teams")).Teams }));
const Tokens = lazy(async () => ({ default: (await import("./pages/Tokens")).Tokens }));
const WorthDoing = lazy(async () => ({ default: (await import("./pages/WorthDoing")).WorthDoing }));
const WorkloadPage = lazy(async () => ({ default: (await import("./pages/WorkloadPage")).WorkloadPage }));
const Workloads = lazy(async () => ({ default: (await import("./pages/Workloads")).Workloads }));

export function App() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  useTheme();
  if (session.isPending) return <Whole><PageSkeleton /></Whole>;
  if (session.isError) {
    return <Whole><FailureState isPage error={session.error} retry={() => void session.refetch()} /></Whole>;
  }
  // Whoever is logged in here: the link says whose password it sets.
  if (location.pathname === "/reset") {
    return <Suspense fallback={<Whole><PageSkeleton /></Whole>}><ResetPassword /></Suspense>;
  }
  if (!session.data) {
    return (
      <Suspense fallback={<Whole><PageSkeleton /></Whole>}>
        <Routes>
          <Route index element={<Landing />} />
          <Route path="/login" element={<Door kind="login" />} />
          <Route path="/register" element={<Door kind="register" />} />
          <Route path="/join" element={<Door kind="join" />} />
          <Route path="/forgot" element={<ForgotPassword />} />
          <Route path="*" element={<Navigate to="/login" replace state={{ wanted: location.pathname + location.search }} />} />
        </Routes>
      </Suspense>
    );
  }
  if (session.data.needs_second_factor) {
    return (
      <Suspense fallback={<Whole><PageSkeleton /></Whole>}>
        <Whole><ProfilePage session={session.data} /></Whole>
      </Suspense>
    );
  }
  const wanted = (location.state as { wanted?: string } | null)?.wanted ?? "/";
  return (
    <LiveProvider>
      <Routes>
        <Route element={<Shell session={session.data} />}>
          <Route index element={<Dashboard />} />
          <Route path="/approvals" element={<Approvals />} />
          <Route path="/audit" element={<Audit session={session.data} />} />
          <Route path="/jobs" element={<Jobs />} />
          <Route path="/models" element={<Models />} />
          <Route path="/system" element={<System />} />
          <Route path="/teams" element={<Teams />} />
          <Route path="/teams/:teamId" element={<TeamPage />} />
          <Route path="/tokens" element={<Tokens />} />
          <Route path="/clusters" element={<Clusters />} />
          <Route path="/clusters/new" element={<AddCluster session={session.data} />} />
          <Route path="/clusters/:clusterId" element={<ClusterLayout />}>
            <Route index element={<ClusterOverview />} />
            <Route path="workloads" element={<Workloads />} />
            <Route path="autoscaling" element={<Autoscaling />} />
            <Route path="nodes" element={<Nodes />} />
            <Route path="recommendations" element={<WorthDoing />} />
            <Route path="sizes" element={<Recommendations />} />
            <Route path="capacity" element={<Capacity />} />
            <Route path="events" element={<Events />} />
            <Route path="decisions" element={<Decisions />} />
            <Route path="incidents" element={<Incidents />} />
            <Route path="chat" element={<Chat />} />
            <Route path="chat/:conversationId" element={<Chat />} />
            <Route path="manifests" element={<Manifests />} />
            <Route path="connection" element={<ConnectionPage />} />
          </Route>
          <Route path="/clusters/:clusterId/workloads/:workloadId" element={<WorkloadPage />} />
          <Route path="/profile" element={<ProfilePage session={session.data} />} />
          <Route path="/people" element={<People session={session.data} />} />
          <Route path="/join" element={<Navigate to="/" replace />} />
          <Route path="/login" element={<Navigate to={wanted} replace />} />
          <Route path="/register" element={<Navigate to={wanted} replace />} />
          <Route
            path="*"
            element={
              <EmptyState isPage title="There is no such page" next={<ButtonLink to="/">Go to the dashboard</ButtonLink>}>
                The address may be old or mistyped.
              </EmptyState>
            }
          />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** A window without the shell. */
function Whole({ children }: { children: React.ReactNode }) {
  return <main className="whole">{children}</main>;
}
