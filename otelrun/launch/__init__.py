"""From a command to a running program: find it, build its environment, become it. Never imports OpenTelemetry."""
