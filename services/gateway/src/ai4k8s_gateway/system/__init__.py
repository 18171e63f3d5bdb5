"""The installation itself: processes, queues, dead letters, cycles."""
