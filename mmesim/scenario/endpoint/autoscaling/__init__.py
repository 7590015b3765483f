"""How the number of hosts follows the traffic or the clock: scaling policies and scheduled actions."""
