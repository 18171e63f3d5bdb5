// For those who are not logged in: what this is, how it works, and the way in.
import "./landing.css";

import { Link } from "react-router";

import { ButtonLink } from "../ui/controls";
import { Schematic } from "./Schematic";

const STEPS = [
  {
    title: "Foresees",
    text: "Learns how much CPU each workload needs and says six hours ahead what it will need, with 50, 80 and 95 % intervals. With too little history it says so instead.",
  },
  {
    title: "Scales before",
    text: "Adds pods early enough to be ready when demand arrives, within your bounds, and never fewer than the HPA's formula asks for now. Only where you switch it on.",
  },
  {
    title: "Says why",
    text: "Every decision is kept with its forecast, what else was weighed and what held it back, and judged in hindsight: in time, too much, or late.",
  },
];

export function Landing() {
  return (
    <div className="landing">
      <header className="landing-bar">
        <span className="brand">
          <span className="brand-mark" aria-hidden="true" /> AI4K8s
        </span>
        <nav aria-label="Account">
          <Link to="/login">Log in</Link>
          <ButtonLink to="/register">Register</ButtonLink>
        </nav>
      </header>
      <main className="landing-main">
        <section className="hero">
          <div className="hero-words">
            <h1>Knows what your clusters are about to need, and scales before demand arrives.</h1>
            <p>
              AI4K8s watches Kubernetes, forecasts each workload, and adds pods in time to be ready. It starts by only observing: nothing
              is scaled until you say so, workload by workload.
            </p>
            <div className="hero-acts">
              <ButtonLink to="/register">Start observing</ButtonLink>
              <ButtonLink to="/login" weight="plain">
                Log in
              </ButtonLink>
            </div>
          </div>
          <Schematic />
        </section>
        <section className="steps" aria-label="What it does">
          {STEPS.map((step) => (
            <article key={step.title}>
              <h2>{step.title}</h2>
              <p>{step.text}</p>
            </article>
          ))}
        </section>
        <section className="landing-safe">
          <h2>Safe by construction</h2>
          <p>
            Cluster credentials are sealed on arrival and never shown again. Stale or broken metrics stop scaling and say so. A language
            model may comment; it never stands between an application and its capacity.
          </p>
        </section>
      </main>
    </div>
  );
}
