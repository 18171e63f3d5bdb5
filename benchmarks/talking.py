"""How long the chat takes without a model, from POST to the stored answer, for many people at once.

    python -m benchmarks.talking --url http://127.0.0.1:5003 --username admin --password ... --users 100 --json out.json

The load is open: each person asks at moments drawn beforehand (a Poisson process with `--pause` seconds between two
questions on the average) and does not wait for the answer, so that a slow chat is not asked less. 100 people with a
pause of 30 s are 3.3 questions a second; nobody makes 100 people press the button in one instant, and with one worker
the last of those would wait for 99 others whatever an answer costs. What counts is asked_at to answered_at in the
store, which is what a page that hears events sees. Questions without an answer at the end are counted, and fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

QUESTIONS = (
    "Show me all unhealthy pods",
    "List all deployments",
    "kubectl get pods -n shop",
    "Which pods use the most memory?",
    "kubectl rollout status deployment/web -n shop",
    "What do you recommend?",
    "Is anything unusual?",
    "Why was web scaled?",
)
ANSWER_WITHIN_SECONDS = 120.0
Exchange = dict[str, Any]


async def log_in(url: str, username: str, password: str) -> tuple[dict[str, str], str]:
    """Return cookies and the CSRF token of one session, shared by all: what is measured is the chat."""
    async with httpx.AsyncClient(base_url=url) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": username, "password": password})
        answer.raise_for_status()
        return dict(http.cookies), answer.json()["csrf_token"]


def moments(rng: random.Random, seconds: float, pause: float) -> list[float]:
    """When one person asks: drawn beforehand, whatever becomes of the answers."""
    found, now = [], rng.expovariate(1 / pause)
    while now < seconds:
        found.append(now)
        now += rng.expovariate(1 / pause)
    return found


async def person(http: httpx.AsyncClient, cluster: str, arguments: argparse.Namespace, seed: int) -> list[Exchange]:
    """Ask at the drawn moments; return the exchanges."""
    rng = random.Random(seed)
    begun = (await http.post(f"/api/v1/clusters/{cluster}/conversations", json={})).json()
    base = f"/api/v1/clusters/{cluster}/conversations/{begun['id']}"
    # Everybody's conversation is there before anybody asks.
    started = time.monotonic() + arguments.settle
    for moment_of_asking in moments(rng, arguments.seconds, arguments.pause):
        await asyncio.sleep(max(0.0, started + moment_of_asking - time.monotonic()))
        answer = await http.post(f"{base}/messages", json={"text": rng.choice(QUESTIONS)})
        answer.raise_for_status()
    await asyncio.sleep(max(0.0, started + arguments.seconds + arguments.settle - time.monotonic()))
    for _ in range(int(ANSWER_WITHIN_SECONDS)):
        exchanges: list[Exchange] = (await http.get(base)).json()["exchanges"]
        if all(one["answer"] for one in exchanges):
            break
        await asyncio.sleep(1.0)
    await http.delete(base)
    return exchanges


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Let everybody ask, and sum up."""
    cookies, csrf = await log_in(arguments.url, arguments.username, arguments.password)
    limits = httpx.Limits(max_connections=200)
    headers = {"X-CSRF-Token": csrf}
    async with httpx.AsyncClient(
        base_url=arguments.url, cookies=cookies, headers=headers, timeout=60, limits=limits
    ) as http:
        cluster = (await http.get("/api/v1/clusters")).json()["items"][0]["id"]
        people = [person(http, cluster, arguments, seed) for seed in range(arguments.users)]
        exchanges = [one for talk in await asyncio.gather(*people) for one in talk]
    return summary(exchanges, arguments)


def summary(exchanges: list[Exchange], arguments: argparse.Namespace) -> dict[str, Any]:
    """Quantiles of the whole way and of the work alone."""
    answered = [one for one in exchanges if one["answer"]]
    whole = sorted((moment(one["answer"]["answered_at"]) - moment(one["asked_at"])).total_seconds() for one in answered)
    work = sorted(one["answer"]["seconds"] for one in answered)
    cuts = {name: statistics.quantiles(values, n=100) for name, values in (("whole", whole), ("work", work))}
    return {
        "users": arguments.users,
        "pause_seconds": arguments.pause,
        "questions_a_second": round(len(exchanges) / arguments.seconds, 2),
        "questions": len(exchanges),
        "answered": len(answered),
        "succeeded": sum(one["answer"]["success"] for one in answered),
        **{f"{name}_p50_ms": round(cut[49] * 1000, 1) for name, cut in cuts.items()},
        **{f"{name}_p95_ms": round(cut[94] * 1000, 1) for name, cut in cuts.items()},
    }


def moment(text: str) -> datetime:
    """Read a time of the API."""
    return datetime.fromisoformat(text)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:5003")
    parser.add_argument("--username", default="admin")
    parser.add_argument("--password", required=True)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long people ask")
    parser.add_argument("--pause", type=float, default=30.0, help="mean seconds between two questions of a person")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds before the first and after the last")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = asyncio.run(measure(arguments))
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
