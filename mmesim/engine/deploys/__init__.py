"""Updates of the endpoint: when each begins, and what it does to the hosts and to the traffic."""
