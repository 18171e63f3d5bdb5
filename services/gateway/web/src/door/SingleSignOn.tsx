// The way in by a provider: the page only asks where to go.
import { useMutation } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";
import { Button } from "../ui/controls";
import { FailureLine } from "../ui/states";

export function SingleSignOnButton({ label, returnTo, invitation }: { label: string; returnTo: string; invitation?: string }) {
  const go = useMutation({
    mutationFn: () =>
      unwrap(
        http.POST("/api/v1/auth/sso/start", {
          body: { return_to: returnTo, ...(invitation ? { invitation_token: invitation } : {}) },
        }),
      ),
    onSuccess: ({ address }) => window.location.assign(address),
  });
  return (
    <>
      <Button onClick={() => go.mutate()} disabled={go.isPending || go.isSuccess}>
        {go.isPending || go.isSuccess ? "One moment …" : `Continue with ${label}`}
      </Button>
      <FailureLine error={go.error} />
    </>
  );
}
