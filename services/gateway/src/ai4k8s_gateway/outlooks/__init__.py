"""What is foreseen beside the CPU of workloads."""
