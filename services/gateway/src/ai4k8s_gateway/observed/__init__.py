"""What a cluster is made of beside its workloads' demand: pods, rates, deploys, events, quotas, what is missing."""
