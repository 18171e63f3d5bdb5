// Says once, in passing, what ended while the page was open. The bell keeps it.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";

import { jobsQuery } from "../api/queries";
import { useToasts } from "../ui/toasts";
import { newsOf } from "./news";

export function Announcer() {
  const jobs = useQuery(jobsQuery).data?.items;
  const running = useRef(new Set<string>());
  const tell = useToasts();
  const navigate = useNavigate();
  useEffect(() => {
    if (!jobs) return;
    for (const item of newsOf([], jobs)) {
      // Only what was seen running: the results of earlier visits are no news.
      if (!running.current.delete(item.id)) continue;
      tell({ tone: item.tone, text: `${item.text}: ${item.detail}`, act: { name: "Show", run: () => void navigate(item.path) } });
    }
    for (const job of jobs) if (job.status === "processing") running.current.add(job.job_id);
  }, [jobs, tell, navigate]);
  return null;
}
