"""What a core and a GiB cost, and what workloads cost by that."""
