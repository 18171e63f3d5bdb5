"""What every request passes before and after a route: limits, guards, headers, telemetry, problem details."""
