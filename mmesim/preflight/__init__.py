"""What a scenario alone lets one know, before anything is simulated: findings, and the working set."""
