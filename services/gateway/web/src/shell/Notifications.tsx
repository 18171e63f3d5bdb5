// The bell: what needs you first, then what happened; what is new since you last looked is counted.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { decisionsQuery, jobsQuery, overviewQuery } from "../api/queries";
import { NeedList } from "../needs/NeedList";
import { readStored, writeStored } from "../storage";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/Popover";
import { Shape } from "../ui/controls";
import { Time } from "../ui/Time";
import { newsOf, type News } from "./news";

const SEEN_KEY = "ai4k8s.seen";
const SHOWN = 12;

export function Notifications() {
  const needs = useQuery(overviewQuery()).data?.needs ?? [];
  const decisions = useQuery(decisionsQuery(null, SHOWN)).data?.items ?? [];
  const jobs = useQuery(jobsQuery).data?.items ?? [];
  const [seenAt, setSeenAt] = useState(() => Number(readStored(SEEN_KEY) ?? Date.now()));
  const news = newsOf(decisions, jobs).slice(0, SHOWN);
  const fresh = news.filter((item) => Date.parse(item.at) > seenAt).length;
  const seen = () => {
    const newest = Math.max(Date.now(), ...news.map((item) => Date.parse(item.at)));
    writeStored(SEEN_KEY, String(newest));
    setSeenAt(newest);
  };
  const urgent = needs.filter((need) => need.urgent).length;
  return (
    <Popover
      label={`Notifications: ${needs.length} need you, ${fresh} new`}
      width={440}
      onOpen={seen}
      face={
        <>
          <Icon name="bell" />
          {needs.length > 0 && <span className={`count ${urgent > 0 ? "count-bad" : "count-warn"}`}>{needs.length}</span>}
          {needs.length === 0 && fresh > 0 && <span className="count count-quiet">{fresh}</span>}
        </>
      }
    >
      {(close) => (
        <>
          <div className="popover-head">
            <h2>Needs you</h2>
          </div>
          {needs.length === 0 ? (
            <p className="popover-empty">Nothing. You will see it here first.</p>
          ) : (
            <NeedList needs={needs.slice(0, SHOWN)} onFollow={close} />
          )}
          <div className="popover-head news-head">
            <h2>What happened</h2>
          </div>
          {news.length === 0 ? (
            <p className="popover-empty">Nothing yet: no workload was scaled and no job ended.</p>
          ) : (
            <ul className="news">
              {news.map((item) => (
                <NewsLine key={item.id} item={item} onFollow={close} />
              ))}
            </ul>
          )}
        </>
      )}
    </Popover>
  );
}

function NewsLine({ item, onFollow }: { item: News; onFollow: () => void }) {
  return (
    <li>
      <Link to={item.path} onClick={onFollow}>
        <Shape tone={item.tone} />
        <span className="news-text">{item.text}</span>
        <span className="news-at">
          <Time at={item.at} relative />
        </span>
        <span className="news-detail">{item.detail}</span>
      </Link>
    </li>
  );
}
