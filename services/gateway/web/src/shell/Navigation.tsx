// Where one can go: at the side of wide windows, as a rail in narrower ones, at the bottom of a telephone.
import { useQuery } from "@tanstack/react-query";
import { NavLink } from "react-router";

import { sessionQuery } from "../api/queries";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/Popover";
import { CLUSTER, inCluster, installationFor, type Place } from "./places";

const useInstallation = (): readonly Place[] => installationFor(useQuery(sessionQuery).data?.user.role === "admin");

export function SideBar({ clusterId }: { clusterId: string | null }) {
  const [dashboard, clusters, ...others] = useInstallation();
  return (
    <nav className="side" aria-label="Pages">
      {dashboard && <SideLink place={dashboard} />}
      {clusters && <SideLink place={clusters} exact />}
      {clusterId && (
        <>
          <h2 className="side-part">Cluster</h2>
          {CLUSTER.map((place) => (
            <SideLink key={place.name} place={inCluster(place, clusterId)} exact={place.path === ""} />
          ))}
        </>
      )}
      <h2 className="side-part">Installation</h2>
      {others.map((place) => (
        <SideLink key={place.name} place={place} />
      ))}
    </nav>
  );
}

function SideLink({ place, exact = place.path === "/" }: { place: Place; exact?: boolean }) {
  return (
    <NavLink to={place.path} end={exact} className="side-link" title={`${place.name} (g ${place.letter})`}>
      <Icon name={place.icon} />
      <span className="side-name">{place.name}</span>
    </NavLink>
  );
}

/** As many as thumbs tell apart; the rest is one touch further. */
const BOTTOM = new Set(["Dashboard", "Overview", "Workloads", "Decisions"]);

export function BottomBar({ clusterId }: { clusterId: string | null }) {
  const installation = useInstallation();
  const places = [...installation.slice(0, 1), ...(clusterId ? CLUSTER.map((place) => inCluster(place, clusterId)) : []), ...installation.slice(1)];
  const isNear = (place: Place) => BOTTOM.has(place.name) || !clusterId;
  const further = places.filter((place) => !isNear(place));
  return (
    <nav className="bottom" aria-label="Pages, in short">
      {places.filter(isNear).map((place) => (
        <NavLink key={place.name} to={place.path} end={place.name === "Overview" || place.path === "/" || place.path === "/clusters"} className="bottom-link">
          <Icon name={place.icon} size={18} />
          {place.name}
        </NavLink>
      ))}
      {further.length > 0 && (
        <Popover
          label="More pages"
          className="bottom-link"
          width={200}
          face={
            <>
              <Icon name="more" size={18} />
              More
            </>
          }
        >
          {(close) => (
            <div className="menu">
              {further.map((place) => (
                <NavLink key={place.name} to={place.path} className="menu-item" onClick={close}>
                  <Icon name={place.icon} />
                  {place.name}
                </NavLink>
              ))}
            </div>
          )}
        </Popover>
      )}
    </nav>
  );
}
