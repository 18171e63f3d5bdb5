// What programs show instead of a session.
import "../tokens/tokens.css";

import { OwnTokens } from "../tokens/TokenPanels";

export function Tokens() {
  return (
    <>
      <h1>API tokens</h1>
      <p className="sentence">
        A program sends one as <code>Authorization: Bearer …</code> and may what its scopes name. For what runs without you, give a team's service account one instead.
      </p>
      <section className="panel" aria-label="Your tokens">
        <div className="panel-head">
          <h2>Your tokens</h2>
        </div>
        <OwnTokens />
      </section>
    </>
  );
}
