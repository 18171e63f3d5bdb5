"""What Kubernetes promises its clients, as cases for any cluster."""
