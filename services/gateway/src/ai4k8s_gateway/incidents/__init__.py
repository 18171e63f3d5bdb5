"""Anomalies, incidents and clusters' health, as the forecaster sees them; acknowledging and muting, our wish."""
