// The last resort: a page that broke says so, and the shell around it stays usable.
import { Component, type ErrorInfo, type ReactNode } from "react";

import { FailureState } from "./states";

interface State {
  error: Error | null;
}

export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    return <FailureState isPage error={this.state.error} retry={() => location.reload()} />;
  }
}
