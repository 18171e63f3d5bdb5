export function JobActs(_: { job: unknown }) {
  return null;
}
