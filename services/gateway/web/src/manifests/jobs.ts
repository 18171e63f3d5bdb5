// Ask rag for something and wait for its answer.
import { http, unwrap, type Schemas } from "../api/client";

type JobView = Schemas["JobView"];

const ASK_AGAIN_MS = 250;
const SLOWER_MS = 1_000;
const PATIENCE_MS = 180_000;

export async function answerOf<T>(begin: Promise<JobView>): Promise<T> {
  let job = await begin;
  const began = Date.now();
  while (job.status === "processing") {
    const waited = Date.now() - began;
    if (waited > PATIENCE_MS) throw new Error("Nobody took it up: is the rag service running? See the system page.");
    await new Promise((done) => setTimeout(done, waited > 5_000 ? SLOWER_MS : ASK_AGAIN_MS));
    job = await unwrap(http.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.job_id } } }));
  }
  if (job.status === "failed") throw new Error(job.error ?? job.message);
  return job.result as T;
}
